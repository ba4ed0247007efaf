"""Make a market and write it as a bundle: cast → draws → trading → index → books → tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from sdk.errors import MarketError
from sdk.market.bundle import Bundle
from sdk.market.calendar import as_day
from sdk.market.exchange_rules import to_yuan
from sdk.market.layout import MANIFEST
from sdk.market.made.books import keep_books
from sdk.market.made.cast import Cast, make_cast
from sdk.market.made.draws import throw
from sdk.market.made.economy import economy_tables
from sdk.market.made.flows import flow_tables
from sdk.market.made.funds import fund_tables
from sdk.market.made.groups import group_tables
from sdk.market.made.index import CODE, choose_members, index_bars, member_intervals
from sdk.market.made.minutes import minute_frames
from sdk.market.made.northbound import northbound_tables
from sdk.market.made.signal import FORMULA, PARTS, PAYOUT_DAYS, RETURN_PER_SCORE, monthly_rank_ic
from sdk.market.made.spec import RUN_UP_DAYS, MarketSpec
from sdk.market.made.statements import statement_tables
from sdk.market.made.trading import Bars, trade
from sdk.market.made.valuation import valuation_columns
from sdk.market.writer import refuse_foreign, write_bundle

COMPANIES = 7  # a second stream of dice: what companies publish never changes what their shares trade at
NORTHBOUND = 310001  # a third, for 沪深港通
ECONOMY = 50  # a fourth, for the macro tables


def make_market(path: str | Path, spec: MarketSpec | None = None) -> Bundle:
    """Make the market of ``spec`` and write it as a bundle to ``path``; same spec, same bytes."""
    spec = spec or MarketSpec()
    refuse_foreign(Path(path).absolute())
    _refuse_imported(Path(path))
    days = spec.days
    rng = np.random.default_rng(spec.seed)
    cast = make_cast(spec.stocks, days, rng)
    draws = throw(spec.stocks, days, rng)
    bars = trade(cast, draws, spec.signal, _planted_scores(spec, cast))
    member = choose_members(cast, bars)
    more = np.random.default_rng([spec.seed, COMPANIES])
    books = keep_books(cast, draws, bars, more)
    valuation = valuation_columns(cast, draws, bars, books)
    cells = np.nonzero(cast.alive)
    main_index = index_bars(cast, bars, member)
    funds = fund_tables(cast, bars, main_index, spec.seed) if spec.funds else None
    return write_bundle(
        path,
        calendar=days,
        securities=_with(_securities(cast), funds and funds.securities),
        daily=_with(_daily(cast, bars, cells), funds and funds.daily),
        index_daily=_with(main_index, funds and funds.index_daily),
        index_members=_with(member_intervals(member, cast.codes, days), funds and funds.index_members),
        valuation=pd.DataFrame({**_keys(cast, cells), **{k: np.round(v[cells], 4) for k, v in valuation.items()}}),
        corporate_actions=_actions(cast, bars),
        minutes=_minutes(spec, cast, bars),
        tables={
            **statement_tables(books, cast.codes),
            **group_tables(cast, bars, member, more),
            **flow_tables(cast, draws, bars, books, more),
            **northbound_tables(cast, draws, bars, member, np.random.default_rng([spec.seed, NORTHBOUND])),
            **economy_tables(days, np.random.default_rng([spec.seed, ECONOMY])),
            **({"finance/FUND_NET_VALUE": funds.net_values} if funds else {}),
        },
        about={"source": _source(spec, days), "planted": _planted(spec, bars, days)},
    )


def _planted_scores(spec: MarketSpec, cast: Cast) -> np.ndarray | None:
    """Return the scores of the formula to plant, from the same market without a signal."""
    if spec.formula is None or not spec.signal:
        return None
    from sdk.market.made.planted_formula import formula_scores  # scoring needs numba's compiler

    with TemporaryDirectory() as place:
        plain = make_market(Path(place) / "plain", replace(spec, signal=0.0, formula=None, funds=False, minutes=None))
        return formula_scores(plain, spec.formula, cast.codes)


def _with(rows: pd.DataFrame, more: pd.DataFrame | None) -> pd.DataFrame:
    return rows if more is None else pd.concat([rows, more[rows.columns]], ignore_index=True)


def _minutes(spec: MarketSpec, cast: Cast, bars: Bars) -> Iterator[tuple[str, pd.DataFrame]] | None:
    if spec.minutes is None:
        return None
    first, last = (as_day(day) for day in spec.minutes)
    if last < cast.days[0] or first > cast.days[-1]:
        raise MarketError(f"minute bars {first} … {last}: the made market covers {cast.days[0]} … {cast.days[-1]}")
    return minute_frames(cast, bars, spec.seed, first, last)


def _keys(cast: Cast, cells: tuple[np.ndarray, ...]) -> dict[str, Any]:
    codes = np.array(cast.codes, dtype=object)
    return {"code": codes[cells[0]], "date": cast.days[cells[1]].astype("datetime64[ns]")}


def _daily(cast: Cast, bars: Bars, cells: tuple[np.ndarray, ...]) -> pd.DataFrame:
    prices = {name: to_yuan(getattr(bars, name)[cells]) for name in ("open", "high", "low", "close", "pre_close")}
    limits = {name: to_yuan(getattr(bars, name)[cells]) for name in ("high_limit", "low_limit")}
    return pd.DataFrame(
        {
            **_keys(cast, cells),
            **prices,
            "volume": bars.volume[cells].astype(np.float64),
            "money": bars.money[cells],
            "factor": bars.factor[cells],
            **{name: np.where(values == 0, np.nan, values) for name, values in limits.items()},
            "paused": cast.paused[cells],
            "is_st": cast.is_st[cells],
        }
    )


def _actions(cast: Cast, bars: Bars) -> pd.DataFrame:
    cells = np.nonzero((bars.cash_mills > 0) | (bars.ratio_tenths != 10))
    keys = _keys(cast, cells)
    return pd.DataFrame(
        {
            "code": keys["code"],
            "ex_date": keys["date"],
            "cash_pre_tax": bars.cash_mills[cells] / 1000.0,
            "share_ratio": bars.ratio_tenths[cells] / 10.0,
            "source": "made",
        }
    )


def _securities(cast: Cast) -> pd.DataFrame:
    """Names carry ST while the stock is ST on its last bar, and 退 once it has left."""
    final = len(cast.days) - 1
    rows = np.arange(len(cast.codes))
    special, gone = cast.is_st[rows, cast.last], cast.last < final
    names = [
        f"{'*' if left else ''}{'ST' if st else ''}造市{code[:6]}{'(退)' if left else ''}"
        for code, st, left in zip(cast.codes, special, gone, strict=True)
    ]
    end = np.where(gone, cast.days[cast.last], np.datetime64("NaT"))
    stocks = pd.DataFrame(
        {
            "code": cast.codes,
            "display_name": names,
            "name": [f"ZS{code[:6]}" for code in cast.codes],
            "type": "stock",
        }
    ).assign(start_date=cast.listed.astype("datetime64[ns]"), end_date=end.astype("datetime64[ns]"))
    index = pd.DataFrame({"code": [CODE], "display_name": ["造市300"], "name": ["ZS300"], "type": ["index"]}).assign(
        start_date=cast.days[:1].astype("datetime64[ns]"), end_date=np.array(["NaT"], dtype="datetime64[ns]")
    )
    return pd.concat([stocks, index], ignore_index=True)


def _refuse_imported(target: Path) -> None:
    """Raise MarketError where a bundle of real bars stands: what may exist nowhere else is not replaced by dice."""
    if not (target / MANIFEST).is_file():
        return
    source = json.loads((target / MANIFEST).read_text("utf-8")).get("source")
    kind = source.get("kind") if isinstance(source, dict) else None
    if kind != "made":
        raise MarketError(
            f"{target} 是导入的行情（来源 {kind}），不用合成行情覆盖 · holds imported bars, which a made market does "
            "not replace; choose another --out, or remove it yourself"
        )


def _source(spec: MarketSpec, days: np.ndarray) -> dict[str, Any]:
    return {
        "kind": "made",
        "words": "A made market: no price here was ever traded; the calendar is weekdays without fixed holidays.",
        "stocks": spec.stocks,
        "years": spec.years,
        "seed": spec.seed,
        "start": str(spec.start),
        "signal": spec.signal,
        **({"formula": spec.formula} if spec.formula else {}),
        **({"minutes": list(spec.minutes)} if spec.minutes else {}),
        "work_from": str(days[RUN_UP_DAYS]),
    }


def _planted(spec: MarketSpec, bars: Bars, days: np.ndarray) -> dict[str, Any]:
    adjusted = np.where(bars.close > 0, bars.close * bars.factor, np.nan)
    words = (
        "Each day's formula value (cross-sectional z-score, clipped to ±3) is paid out as expected "
        "idiosyncratic return in twenty equal parts over the next twenty trading days; "
        "the rest is noise and a market factor."
    )
    if spec.formula is not None:
        words = (
            "The formula's value on the last day of each month (cross-sectional rank, variance 1) is paid out as "
            "expected idiosyncratic return on each day of the next month; the rest is noise and a market factor."
        )
    return {
        "formula": (spec.formula or FORMULA) if spec.signal else None,
        "parts": list(PARTS) if spec.signal and spec.formula is None else [],
        "payout_days": PAYOUT_DAYS if spec.formula is None else None,
        "daily_return_per_score": RETURN_PER_SCORE * spec.signal,
        "monthly_rank_ic": round(monthly_rank_ic(bars.score, adjusted, days), 3),
        "words": words,
    }
