"""Small bundles for the emulator's tests: a few real codes, or a market written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sdk.market.bundle import Bundle
from sdk.market.session_minutes import LABELS
from sdk.market.writer import write_bundle
from tests.conftest import shared

NAMES = {"000300.XSHG": "沪深300", "000001.XSHE": "平安银行"}


def real_bundle(
    path: Path,
    codes: Sequence[str],
    indices: Sequence[str],
    start: str,
    end: str,
    factor: np.ndarray | None = None,
) -> Bundle:
    """A bundle of some real stocks and indices over [start, end], without corporate actions.

    ``factor`` replaces the vendor's adjustment factor of a single stock.
    """
    rows = pd.read_parquet(
        shared("market/csi300_union_2015_2026/daily.parquet"), filters=[("code", "in", list(codes) or [""])]
    )
    levels = pd.read_parquet(shared("market/index_daily/index_daily.parquet"))
    levels = levels[levels["code"].isin(indices)]
    rows = _cut(rows, start, end)
    if factor is not None:
        rows = rows.assign(factor=factor)
    return write_frames(path, rows, _cut(levels, start, end))


def small_cap_bundle(path: Path) -> Bundle:
    """The bars of platform run small_cap_2021; money is not there, halts are days without volume."""
    rows = pd.read_parquet(shared("market/small_cap_2021/daily.parquet"))
    rows = rows.assign(money=rows["volume"] * rows["close"], paused=rows["volume"] == 0, is_st=False)
    levels = pd.read_parquet(shared("market/index_daily/index_daily.parquet"))
    levels = levels[levels["code"] == "000300.XSHG"]
    return write_frames(path, rows, _cut(levels, "2020-12-01", str(rows["date"].max())[:10]))


def _cut(frame: pd.DataFrame, start: str, end: str) -> pd.DataFrame:
    dates = pd.to_datetime(frame["date"])
    keep = (dates >= start) & (dates <= end)
    return frame[keep].assign(date=dates[keep], code=frame["code"][keep].astype(str))


def write_frames(path: Path, rows: pd.DataFrame, levels: pd.DataFrame) -> Bundle:
    """A bundle of day bars and index levels (``date`` as datetime), all codes listed since 2000."""
    days = np.unique(
        np.concatenate([rows["date"].to_numpy("datetime64[D]"), levels["date"].to_numpy("datetime64[D]")])
    )
    kinds = {**dict.fromkeys(rows["code"].unique(), "stock"), **dict.fromkeys(levels["code"].unique(), "index")}
    return write_bundle(
        path,
        calendar=days,
        securities=securities_frame(
            {code: (NAMES.get(code, code), kind, "2000-01-01", None) for code, kind in kinds.items()}
        ),
        daily=rows,
        index_daily=levels,
        about={"source": "test"},
    )


def securities_frame(entries: Mapping[str, tuple[str, str, str, str | None]]) -> pd.DataFrame:
    """code -> (name, type, first day, last day or None)."""
    return pd.DataFrame(
        {
            "code": list(entries),
            "display_name": [entry[0] for entry in entries.values()],
            "name": [entry[0] for entry in entries.values()],
            "type": [entry[1] for entry in entries.values()],
            "start_date": pd.to_datetime([entry[2] for entry in entries.values()]),
            "end_date": pd.to_datetime([entry[3] for entry in entries.values()]),
        }
    )


def made_bundle(
    path: Path,
    bars: Mapping[str, Mapping[str, Sequence[float]]],
    start: str = "2024-01-02",
    actions: Sequence[tuple[str, str, float, float]] = (),
    kinds: Mapping[str, str] | None = None,
    delisted: Mapping[str, str] | None = None,
    minutes: Mapping[str, np.ndarray] | None = None,
    minute_volumes: Mapping[str, np.ndarray] | None = None,
    pool_index: str | None = None,
    **more: Any,
) -> Bundle:
    """A market by hand: code -> field -> values along business days from ``start``.

    ``open`` is needed; by default close = high = low = open, pre_close = the close before, volume 1e6, factor 1,
    no limits. NaN in ``open`` = no bar. ``actions``: (code, ex_date, cash before tax, shares after ÷ before).
    ``minutes``: code -> (days, 240) closes; NaN rows have none (``minute_rows``).
    ``pool_index`` = an index of which all codes are members from the first day on.
    ``more`` goes to ``write_bundle``: valuation, tables, index_members.
    """
    length = max(len(fields["open"]) for fields in bars.values())
    days = np.busday_offset(np.datetime64(start), np.arange(length), roll="forward")
    frames = [_bars_of(code, days, fields) for code, fields in bars.items()]
    entries = {
        code: (f"名{code[:6]}", (kinds or {}).get(code, "stock"), "2000-01-01", (delisted or {}).get(code))
        for code in bars
    }
    columns = ["code", "ex_date", "cash_pre_tax", "share_ratio"]
    events = pd.DataFrame(list(actions), columns=columns).assign(source="test")
    members = pd.DataFrame({"index_code": pool_index, "code": list(bars)})
    members = members.assign(in_date=pd.Timestamp(days[0]), out_date=pd.NaT)
    return write_bundle(
        path,
        calendar=days,
        securities=securities_frame(entries),
        daily=pd.concat(frames),
        corporate_actions=events.assign(ex_date=pd.to_datetime(events["ex_date"])) if len(events) else None,
        minutes=None if minutes is None else minute_rows(days, minutes, minute_volumes or {}),
        about={"source": "test"},
        **({"index_members": members} if pool_index else {}),
        **more,
    )


def minute_rows(
    days: np.ndarray, closes: Mapping[str, np.ndarray], volumes: Mapping[str, np.ndarray]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Months of minute bars from closes: a bar opens at the close before it and trades 1,000 shares (``volumes``)."""
    for month in np.unique(days.astype("datetime64[M]")):
        frames = []
        for code, values in closes.items():
            for day in np.flatnonzero((days.astype("datetime64[M]") == month) & ~np.isnan(values[:, 0])):
                close = values[day]
                start = np.r_[close[0], close[:-1]]
                prices = {"open": start, "close": close, "high": np.fmax(start, close), "low": np.fmin(start, close)}
                volume = volumes[code][day] if code in volumes else np.full(240, 1e3)
                rows = {"code": code, "date": days[day], "minute": LABELS, **prices, "volume": volume}
                frames.append(pd.DataFrame(rows).assign(money=close * volume))
        yield str(month).replace("-", ""), pd.concat(frames)


def _bars_of(code: str, days: np.ndarray, fields: Mapping[str, Any]) -> pd.DataFrame:
    opens = np.asarray(fields["open"], dtype=float)
    close = np.asarray(fields.get("close", opens), dtype=float)
    size = len(opens)
    values: dict[str, Any] = {
        "open": opens,
        "close": close,
        "high": np.maximum(opens, close),
        "low": np.minimum(opens, close),
        "pre_close": np.r_[opens[0], close[:-1]],
        "volume": np.full(size, 1e6),
        "factor": np.ones(size),
        "high_limit": np.full(size, np.nan),
        "low_limit": np.full(size, np.nan),
        "paused": np.zeros(size),
        "is_st": np.zeros(size),
        **{name: np.asarray(value, dtype=float) for name, value in fields.items()},
    }
    values["money"] = values["volume"] * values["close"]
    frame = pd.DataFrame({"code": code, "date": days[:size], **values})
    frame["paused"], frame["is_st"] = frame["paused"] == 1, frame["is_st"] == 1
    return frame[~np.isnan(opens)]
