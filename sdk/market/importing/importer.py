"""Files → bundle: read all, refuse with one list if anything is impossible, write, and keep what is doubtful.

The trading calendar of the bundle is the union of the days of the daily bars and of the index bars, from the
first to the last daily bar; index bars outside that span are left out and counted. Securities are those with
bars or with a membership, and the indices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from sdk.errors import MarketError
from sdk.market.bundle import Bundle
from sdk.market.importing import checks, units
from sdk.market.importing.actions import corporate_actions
from sdk.market.importing.minutes import minute_months
from sdk.market.importing.problems import Doubt, Problem, refuse
from sdk.market.importing.reading import Sheet, read_sheet, some
from sdk.market.importing.remarks import daily_doubts, member_doubts, securities_doubts, sheet_doubts
from sdk.market.importing.securities import listed_securities
from sdk.market.importing.tables import read_tables
from sdk.market.manifest import sha256_of
from sdk.market.writer import refuse_foreign, write_bundle

VOLUME_UNITS = ("shares", "lots", "shares-times-factor")
MONEY_UNITS = {"yuan": 1.0, "thousand": 1000.0}


@dataclass(frozen=True)
class ImportRequest:
    """The input files and how they are to be understood; only ``daily`` is required."""

    daily: Path
    index: Path | None = None
    members: Path | None = None
    valuation: Path | None = None
    securities: Path | None = None
    events: Path | None = None
    index_code: str = "000300.XSHG"
    volume_unit: str = "shares"
    money_unit: str = "yuan"
    minutes: Path | None = None
    tables: tuple[tuple[str, Path], ...] = ()

    def __post_init__(self) -> None:
        if self.volume_unit not in VOLUME_UNITS or self.money_unit not in MONEY_UNITS:
            choices = f"{', '.join(VOLUME_UNITS)}; {', '.join(MONEY_UNITS)}"
            raise MarketError(f"unit {self.volume_unit!r} or {self.money_unit!r} is unknown; choose of {choices}")

    @property
    def files(self) -> dict[str, Path]:
        """The given files by kind."""
        kinds = ("daily", "index", "members", "valuation", "securities", "events")
        given = {kind: getattr(self, kind) for kind in kinds if getattr(self, kind) is not None}
        return {**given, **dict(self.tables)}


def import_market(request: ImportRequest, out: str | Path) -> Bundle:
    """Import the files of ``request`` into a new bundle at ``out``.

    MarketError lists everything impossible, file by file; then nothing has been written.
    """
    refuse_foreign(Path(out).absolute())
    sheets, tables = _read(request), read_tables(request.tables)
    sheets["daily"] = _in_our_units(sheets["daily"], request)
    refuse(_problems(sheets))
    doubts = [doubt for kind, sheet in sheets.items() for doubt in sheet_doubts(kind, sheet)]
    frames = {kind: _plain(sheet.frame) for kind, sheet in sheets.items()}
    daily = frames["daily"].sort_values(["code", "date"], ignore_index=True)
    doubts += daily_doubts(daily, request.volume_unit)
    actions, more = corporate_actions(daily, frames.get("events"))
    calendar, index_daily, calendar_doubts = _calendar(daily, frames.get("index"))
    members = _members(frames.get("members"), request.index_code)
    securities = listed_securities(daily, frames.get("securities"), index_daily, members)
    doubts += [
        *more,
        *calendar_doubts,
        *member_doubts(daily, members, calendar),
        *securities_doubts(daily, securities),
    ]
    valuation, valuation_doubts = _within(frames.get("valuation"), daily, calendar)
    about = {
        "source": {
            "kind": "import",
            "files": {kind: {"name": path.name, "sha256": sha256_of(path)} for kind, path in request.files.items()},
            "index_code": request.index_code,
            "volume_unit": request.volume_unit,
            "money_unit": request.money_unit,
        },
        "report": [doubt.entry() for doubt in (*doubts, *valuation_doubts)],
    }
    return write_bundle(
        out,
        calendar=calendar,
        securities=securities,
        daily=_flags(daily),
        index_daily=index_daily,
        index_members=members,
        valuation=valuation,
        corporate_actions=actions,
        minutes=_minutes(request, daily),
        tables=tables,
        about=about,
    )


def _minutes(request: ImportRequest, daily: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]] | None:
    if request.minutes is None:
        return None
    codes = frozenset(daily["code"].cat.categories)
    return minute_months(request.minutes, codes, request.volume_unit, MONEY_UNITS[request.money_unit])


def _read(request: ImportRequest) -> dict[str, Sheet]:
    bars = {kind: path for kind, path in request.files.items() if kind not in dict(request.tables)}
    found = {kind: read_sheet(path, kind) for kind, path in bars.items()}
    refuse(chain.from_iterable(result for result in found.values() if isinstance(result, list)))
    return {kind: result for kind, result in found.items() if isinstance(result, Sheet)}


def _in_our_units(sheet: Sheet, request: ImportRequest) -> Sheet:
    """Return the daily bars with volume in shares and money in CNY, as the request says they are to be read."""
    frame = sheet.frame
    if request.volume_unit == "lots":
        frame = frame.assign(volume=frame["volume"] * 100)
    if request.volume_unit == "shares-times-factor":
        frame = frame.assign(volume=np.rint(frame["volume"] / frame["factor"]))
    if "money" in frame and request.money_unit != "yuan":
        frame = frame.assign(money=frame["money"] * MONEY_UNITS[request.money_unit])
    return replace(sheet, frame=frame)


def _problems(sheets: dict[str, Sheet]) -> list[Problem]:
    daily = sheets["daily"]
    found = [*checks.check_bars(daily, checks.BAR_RULES), *units.check_traded_units(daily)]
    if "index" in sheets:
        found += checks.check_bars(sheets["index"], checks.INDEX_RULES, index=True)
    if "valuation" in sheets:
        found += checks.check_bars(sheets["valuation"], ())
        found += units.check_valuation_units(sheets["valuation"], daily.frame)
    for kind, check in (
        ("members", checks.check_members),
        ("securities", checks.check_securities),
        ("events", checks.check_events),
    ):
        if kind in sheets:
            found += check(sheets[kind])
    return found


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with codes as a category in ascending order, so that sorting is cheap."""
    codes = frame["code"].cat.remove_unused_categories()
    return frame.assign(code=codes.cat.reorder_categories(sorted(codes.cat.categories), ordered=True))


def _flags(daily: pd.DataFrame) -> pd.DataFrame:
    """Turn the words about where money and ST flags come from into flags."""
    extra = {}
    if "money_source" in daily:
        extra["money_estimated"] = daily["money_source"].astype(str).str.startswith("est")
    if "st_source" in daily:
        extra["st_inferred"] = daily["st_source"].astype(str) == "inferred"
    return daily.assign(**extra, code=daily["code"].astype(str))


def _calendar(daily: pd.DataFrame, index: pd.DataFrame | None) -> tuple[np.ndarray, pd.DataFrame | None, list[Doubt]]:
    own = np.unique(daily["date"].to_numpy())
    if index is None:
        return own.astype("datetime64[D]"), None, []
    inside = (index["date"] >= own[0]) & (index["date"] <= own[-1])
    kept = index[inside]
    others = np.unique(kept["date"].to_numpy())
    found = []
    if not inside.all():
        words = "index bars outside the span of the daily bars, left out"
        found.append(Doubt("index_bars_left_out", int((~inside).sum()), words, known_good=True))
    for name, days, words in (
        ("days_without_index", np.setdiff1d(own, others), "days with stock bars but without any index bar"),
        ("days_without_stocks", np.setdiff1d(others, own), "days with index bars but without any stock bar"),
    ):
        if len(days):
            found.append(Doubt(name, len(days), words, some(days.astype("datetime64[D]"))))
    calendar = np.union1d(own, others).astype("datetime64[D]")
    return calendar, kept.assign(code=kept["code"].astype(str)), found


def _members(frame: pd.DataFrame | None, index_code: str) -> pd.DataFrame | None:
    if frame is None:
        return None
    code = frame["index_code"].astype(str) if "index_code" in frame else index_code
    return frame.assign(index_code=code, code=frame["code"].astype(str))


def _within(
    frame: pd.DataFrame | None, daily: pd.DataFrame, calendar: np.ndarray
) -> tuple[pd.DataFrame | None, list[Doubt]]:
    """Keep the valuation of codes and days that have bars."""
    if frame is None:
        return None, []
    known = frame["code"].isin(daily["code"].cat.categories) & frame["date"].isin(pd.to_datetime(calendar))
    left = int((~known).sum())
    words = "valuation rows of codes or days without bars, left out"
    kept = frame[known]
    doubts = [Doubt("valuation_left_out", left, words, known_good=True)] if left else []
    return kept.assign(code=kept["code"].astype(str)), doubts
