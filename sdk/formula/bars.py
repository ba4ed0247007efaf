"""From a market bundle to the kernel's inputs: arrays (stocks, days) named as the kernel names them.

``benchmark`` is the close of the benchmark index, (1, days). NaN where there is no bar. Prices as traded and the
cumulative factor; nothing is adjusted here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from sdk.errors import MarketError
from sdk.market.bundle import Bundle
from sdk.market.calendar import Day

DEFAULT_BENCHMARK = "000300.XSHG"


def bars_between(
    bundle: Bundle,
    codes: Sequence[str],
    names: Iterable[str],
    start: Day | None = None,
    end: Day | None = None,
    benchmark: str = DEFAULT_BENCHMARK,
) -> dict[str, np.ndarray]:
    """Return the inputs ``names`` over the trading days from ``start`` to ``end`` (both included, None = all).

    Codes without bars in the bundle get rows of NaN. Raises MarketError for an input the bundle does not have.
    """
    names = list(names)
    fields = [name for name in names if name != "benchmark"]
    missing = [name for name in fields if not bundle.has(name)]
    if missing:
        raise MarketError(
            f"{bundle.path}: the bundle has no {missing[0]!r}, which the formula needs; "
            "import it (--valuation for circulating_market_cap) or choose another formula"
        )
    bars: dict[str, np.ndarray] = {}
    if fields:
        listed = [code for code in codes if code in _codes(bundle)]
        panel = bundle.panel(listed, start, end, fields)
        rows = [codes.index(code) for code in panel.codes]
        for name in fields:
            array = np.full((len(codes), len(panel.days)), np.nan)
            array[rows] = panel[name]
            bars[name] = array
    if "benchmark" in names:
        bars["benchmark"] = bundle.index_panel([benchmark], start, end, ["close"])["close"]
    return bars


def bars_until(
    bundle: Bundle,
    codes: Sequence[str],
    names: Iterable[str],
    last_day: Day,
    days: int,
    benchmark: str = DEFAULT_BENCHMARK,
) -> dict[str, np.ndarray]:
    """Return the inputs over the ``days`` trading days that end at ``last_day``."""
    last = int(np.searchsorted(bundle.days, np.datetime64(str(last_day), "D")))
    if last >= len(bundle.days) or str(bundle.days[last]) != str(last_day)[:10]:
        raise MarketError(
            f"{last_day} is not a trading day of {bundle.path} ({bundle.days[0]} ... {bundle.days[-1]})"
        )
    if last + 1 < days:
        raise MarketError(f"{days} trading days are needed up to {last_day}; the bundle has {last + 1}")
    return bars_between(bundle, codes, names, bundle.days[last + 1 - days], bundle.days[last], benchmark)


def _codes(bundle: Bundle) -> set[str]:
    traded = bundle.securities[bundle.securities["type"] != "index"]
    return set(traded.index)
