"""Is a bundle sound? Each check looks at one thing and returns findings; nothing is changed.

Levels: ``note`` is worth knowing, ``doubt`` may bias results, ``defect`` contradicts the rules of the market.
A bundle without doubts and defects is sound. The doubts that an import wrote into the manifest count as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from sdk.errors import MarketError
from sdk.market.bundle import Bundle
from sdk.market.exchange_rules import limit_down, limit_percent, limit_up, to_fen
from sdk.market.layout import INDEX_DAILY
from sdk.market.optional_tables import table_names
from sdk.market.panel import Panel

SHOWN: Final = 3
HALF_TICK: Final = 0.005
JUMP: Final = 1e-4  # a factor that moves less than this did not move
MINUTE_VOLUME_SLACK: Final = 0.01
VWAP_SLACK: Final = 0.005  # money is published in rounded units: half a percent around [low, high]
LEVELS: Final = ("note", "doubt", "defect")


@dataclass(frozen=True)
class Finding:
    """One kind of oddity: how many cells, in words, with examples like ``600519.XSHG 2020-12-31``."""

    name: str
    level: str
    count: int
    words: str
    examples: tuple[str, ...] = ()


def inspect(bundle: Bundle) -> tuple[Finding, ...]:
    """Return the findings of all checks, and of the import that made the bundle."""
    panel = bundle.panel()
    imported = [
        Finding(entry["name"], entry["level"], entry["count"], entry["words"], tuple(entry["examples"]))
        for entry in bundle.manifest.get("report", ())
    ]
    return (*imported, *(finding for check in CHECKS for finding in check(bundle, panel)))


def is_sound(findings: tuple[Finding, ...]) -> bool:
    """True when there is nothing worse than a note."""
    return all(finding.level == "note" for finding in findings)


def missing_bars(bundle: Bundle, panel: Panel) -> Iterator[Finding]:
    """Holes: no bar on a trading day between listing and delisting (a halted stock has bars)."""
    present = ~np.isnan(panel["close"])
    dates = bundle.securities.reindex(panel.codes)
    listed = dates["start_date"].to_numpy()[:, np.newaxis]
    gone = dates["end_date"].to_numpy()[:, np.newaxis]
    days = panel.days[np.newaxis, :]
    # Sources differ on whether the delisting date is the last bar or the day after; both are taken as complete.
    due = (days >= listed) & (np.isnat(gone) | (days < gone))
    column = np.arange(len(panel.days))
    started = column >= np.argmax(present, axis=1)[:, np.newaxis]
    yield from _cells(
        "missing_bars", "doubt", "trading days without a bar while listed", panel, due & ~present & started
    )
    late = due & ~started
    if late.any():
        words = "codes whose first bar comes after their listing (within the calendar)"
        codes = [panel.codes[row] for row in np.flatnonzero(late.any(axis=1))]
        yield Finding("late_first_bar", "doubt", len(codes), words, tuple(codes[:SHOWN]))


def impossible_bars(bundle: Bundle, panel: Panel) -> Iterator[Finding]:
    """high < low, open or close outside [low, high], prices that are not above zero or not on the 0.01 grid."""
    low, high = panel["low"], panel["high"]
    bad = high < low - 1e-6
    for name in ("open", "close"):
        bad |= (panel[name] > high + 1e-6) | (panel[name] < low - 1e-6) | (panel[name] <= 0)
    yield from _cells("impossible_bars", "defect", "open or close outside [low, high], or not above 0", panel, bad)
    close = panel["close"] * 100
    # Funds trade in 0.001 CNY.
    stocks = np.array([code[0] not in "51" for code in panel.codes])[:, np.newaxis]
    yield from _cells(
        "off_grid", "doubt", "close off the 0.01 grid", panel, stocks & (np.abs(close - np.rint(close)) > 1e-4)
    )


def money_and_volume(bundle: Bundle, panel: Panel) -> Iterator[Finding]:
    """An average price outside the bar, a halted stock that trades, a trading stock without volume."""
    volume = panel["volume"]
    if bundle.has("money"):
        with np.errstate(divide="ignore", invalid="ignore"):
            average = panel["money"] / volume
        outside = (average > panel["high"] * (1 + VWAP_SLACK)) | (average < panel["low"] * (1 - VWAP_SLACK))
        words = "money ÷ volume outside [low, high] by more than 0.5 %"
        yield from _cells("average_outside_bar", "doubt", words, panel, outside & (volume > 0))
    if bundle.has("paused"):
        paused = panel["paused"] == 1
        yield from _cells("paused_but_traded", "defect", "paused, yet traded", panel, paused & (volume > 0))
        idle = (panel["paused"] == 0) & (volume == 0)
        yield from _cells("idle_not_paused", "doubt", "no volume, yet not marked paused", panel, idle)


def limits(bundle: Bundle, panel: Panel) -> Iterator[Finding]:
    """Trades beyond the limits, and limits that are not the exchange's from pre_close, board and ST flag."""
    if not bundle.has("high_limit") or not bundle.has("low_limit"):
        return
    upper, lower = panel["high_limit"], panel["low_limit"]
    beyond = (panel["high"] > upper + HALF_TICK) | (panel["low"] < lower - HALF_TICK)
    yield from _cells("beyond_limits", "defect", "traded beyond the daily limits", panel, beyond)
    if not (bundle.has("pre_close") and bundle.has("is_st") and bundle.has("paused")):
        return
    stocks = np.array([code[0] in "036" for code in panel.codes])[:, np.newaxis]
    ruled = stocks & ~np.isnan(upper) & ~np.isnan(lower) & (panel["paused"] == 0) & ~_first_bars(panel)
    percent = limit_percent(panel.codes, panel.days, panel["is_st"] == 1)
    before = to_fen(np.where(ruled, panel["pre_close"], 1.0))
    off = (to_fen(np.where(ruled, upper, 0)) != limit_up(before, percent)) & ruled
    off |= (to_fen(np.where(ruled, lower, 0)) != limit_down(before, percent)) & ruled
    yield from _cells("unusual_limits", "doubt", "limits that do not follow from pre_close, board and ST", panel, off)


def corporate_actions(bundle: Bundle, panel: Panel) -> Iterator[Finding]:
    """Factor jumps and corporate actions that do not belong together."""
    factor = panel["factor"]
    before = _previous(factor)
    ratio = factor / before
    jump = np.abs(ratio - 1) > JUMP
    listed = np.zeros_like(jump)
    actions = bundle.corporate_actions
    row_of = {code: row for row, code in enumerate(panel.codes)}
    column = np.searchsorted(panel.days, actions["ex_date"].to_numpy().astype("datetime64[D]"))
    for code, day in zip(actions["code"], column, strict=True):
        if code in row_of and day < len(panel.days):
            listed[row_of[code], day] = True
    yield from _cells(
        "factor_without_action", "doubt", "factor jumps without a corporate action", panel, jump & ~listed
    )
    still = listed & ~jump & ~np.isnan(before) & ~_small_action(bundle, panel, listed)
    yield from _cells("action_without_factor", "doubt", "corporate actions without a factor jump", panel, still)
    if bundle.has("pre_close"):
        price_ratio = _previous(panel["close"]) / panel["pre_close"]
        slack = HALF_TICK / panel["pre_close"] + 1e-4
        odd = np.abs(ratio / price_ratio - 1) > slack
        yield from _cells(
            "factor_not_price", "doubt", "factor moves that do not fit previous close ÷ pre_close", panel, odd
        )


def index_members(bundle: Bundle, panel: Panel) -> Iterator[Finding]:
    """Members of an index without any bar, or without one that day; index days without a value."""
    seen = set(panel.codes)
    silent = sorted(set(bundle.index_members["code"]) - seen)
    told = {entry["name"] for entry in bundle.manifest.get("report", ())}
    if silent and "members_without_bars" not in told:
        words = "index members without a single bar (survivorship): results on this index leave them out"
        yield Finding("members_without_bars", "doubt", len(silent), words, tuple(silent))
    for index_code in sorted(set(bundle.index_members["index_code"])):
        mask = bundle.members_mask(index_code, panel.codes, panel.days)
        words = f"days on which a member of {index_code} has no bar"
        yield from _cells("members_absent", "doubt", words, panel, mask & np.isnan(panel["close"]))
    if INDEX_DAILY in bundle.manifest["files"]:
        indices = bundle.index_panel(fields=["close"])
        yield from _cells(
            "index_days_missing", "note", "index days without a bar", indices, np.isnan(indices["close"])
        )


def minute_bars(bundle: Bundle, panel: Panel) -> Iterator[Finding]:
    """Days whose 240 minutes give another open, high, low or close than the day bar, or a volume 1 % off."""
    if bundle.minutes is None:
        return
    off = np.zeros(panel.shape, dtype=bool)
    row_of = {code: row for row, code in enumerate(panel.codes)}
    for month in bundle.minutes.months:
        days = slice(*bundle.minutes.span[month])
        for code in bundle.minutes.codes(month):
            found = bundle.minutes.read(code, month, ("open", "high", "low", "close", "volume"))
            if found is None or code not in row_of:
                continue
            whole = {
                "open": found["open"][:, 0],
                "high": found["high"].max(axis=1),
                "low": found["low"].min(axis=1),
                "close": found["close"][:, -1],
                "volume": found["volume"].sum(axis=1),
            }
            for name, values in whole.items():
                day = panel[name][row_of[code], days]
                slack = MINUTE_VOLUME_SLACK * day if name == "volume" else HALF_TICK
                off[row_of[code], days] |= np.abs(values - day) > slack
    yield from _cells("minute_bars", "doubt", "minute bars that do not add up to the day bar", panel, off)


def optional_tables(bundle: Bundle, panel: Panel) -> Iterator[Finding]:
    """Optional tables that cannot be believed, or speak of codes that the bundle does not know."""
    known = set(bundle.securities.index) | set(panel.codes)
    for name in table_names(bundle.manifest["files"]):
        try:
            frame = bundle.table(name)
        except MarketError as error:
            yield Finding("table_unreadable", "defect", 1, f"{name}: {error}")
            continue
        # tables of funds name them by number alone
        names = {code[:6] for code in known} if name.startswith("finance/FUND_") else known
        strange = sorted(set(frame["code"].dropna()) - names) if "code" in frame else []
        if strange:
            words = f"codes of {name} that securities does not have"
            yield Finding("table_of_strangers", "note", len(strange), words, tuple(strange[:SHOWN]))


Check = Callable[[Bundle, Panel], Iterator[Finding]]
CHECKS: Final[tuple[Check, ...]] = (
    missing_bars,
    impossible_bars,
    money_and_volume,
    limits,
    corporate_actions,
    index_members,
    minute_bars,
    optional_tables,
)


def _cells(name: str, level: str, words: str, panel: Panel, cells: np.ndarray) -> Iterator[Finding]:
    """Yield a finding for the true cells of (stocks, days), none if there are none."""
    count = int(cells.sum())
    if count:
        rows, columns = np.nonzero(cells)
        shown = zip(rows[:SHOWN], columns[:SHOWN], strict=True)
        yield Finding(name, level, count, words, tuple(f"{panel.codes[row]} {panel.days[day]}" for row, day in shown))


def _previous(values: np.ndarray) -> np.ndarray:
    """Return the last known value before each day, (stocks, days); NaN before the first."""
    known = ~np.isnan(values)
    place = np.where(known, np.arange(values.shape[1]), -1)
    last = np.maximum.accumulate(place, axis=1)
    filled = np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), axis=1), np.nan)
    return np.concatenate([np.full((len(values), 1), np.nan), filled[:, :-1]], axis=1)


def _first_bars(panel: Panel) -> np.ndarray:
    """Return the first bar of each stock that listed within the panel: other limits rule that day."""
    known = ~np.isnan(panel["close"])
    first = np.argmax(known, axis=1)
    return (np.arange(len(panel.days)) == first[:, np.newaxis]) & (first > 0)[:, np.newaxis]


def _small_action(bundle: Bundle, panel: Panel, listed: np.ndarray) -> np.ndarray:
    """Return the ex-dates on which cash is too small to move the price by a tick, so the factor stays."""
    if not bundle.has("pre_close"):
        return np.zeros_like(listed)
    return listed & (np.abs(_previous(panel["close"]) - panel["pre_close"]) < HALF_TICK)
