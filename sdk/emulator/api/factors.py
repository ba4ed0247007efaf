"""get_factor_values, get_all_factors: factors that follow from bars, valuation and statements.

A value of a day uses nothing later than that day's close; it can be asked for after the close. Bars are adjusted
for ex-dates. A factor of the platform that is not in the tables below is refused by name: write it with get_price
and get_fundamentals. An industry's code ('801120', 'HY007', 'C15') is a factor too: 1 for its members of the day,
0 for all others. Style factors (size, beta, momentum, book_to_price_ratio) are standardised over all stocks of
the bundle that day; the platform's neutralisation is not published (rule ``style_factors``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sdk.emulator.api.factor_bars import BAR_FACTORS, STYLES, BarView
from sdk.emulator.api.factor_books import BOOK_FACTORS, BookView
from sdk.emulator.api.factor_lines import LINE_FACTORS
from sdk.emulator.api.factor_ratios import RATIO_FACTORS
from sdk.emulator.api.fundamentals import Fundamentals
from sdk.emulator.api.groups import INDUSTRY, Groups
from sdk.emulator.api.prices import PriceReader, code_list
from sdk.emulator.api.visible import Guard, as_datetime
from sdk.emulator.unsupported import unsupported
from sdk.errors import StrategyError, nearest

VALUES_A_CALL = 200_000
OF_BARS = BAR_FACTORS | LINE_FACTORS
OF_BOOKS = BOOK_FACTORS | RATIO_FACTORS


class Factors:
    """The calls of one run."""

    def __init__(
        self, reader: PriceReader, guard: Guard, fundamentals: Fundamentals, groups: Groups, rules: Mapping[str, str]
    ) -> None:
        self._reader, self._guard, self._fundamentals, self._groups = reader, guard, fundamentals, groups
        self._raw_styles = rules["style_factors"] == "raw"

    def get_factor_values(
        self, securities: Any, factors: Any, start_date: Any = None, end_date: Any = None, count: int | None = None
    ) -> dict[str, Any]:
        """factor -> DataFrame of days × codes."""
        import pandas as pd

        call = "get_factor_values"
        bars = self._reader.bars
        codes, _ = code_list([securities] if isinstance(securities, str) else securities, bars, call)
        names = [factors] if isinstance(factors, str) else list(factors)
        for name in names:
            self._refuse_unknown(name, call)
        first, stop = self._span(start_date, end_date, count, call)
        if len(codes) * len(names) * (stop - first) > VALUES_A_CALL:
            raise StrategyError(f"{call}: 一次最多返回 {VALUES_A_CALL} 个值; ask for fewer codes, factors or days")
        index = pd.DatetimeIndex(bars.days[first:stop].astype("datetime64[ns]"))
        found = {}
        for name in names:
            block = self._values(name, codes, first, stop)
            found[name] = pd.DataFrame(block.T, index=index, columns=codes, copy=False)
        return found

    def get_all_factors(self) -> Any:
        """The factors offered here: factor, factor_intro, category, category_intro."""
        import pandas as pd

        rows = [(name, one.words, one.category, one.category) for name, one in sorted(_all().items())]
        return pd.DataFrame(rows, columns=["factor", "factor_intro", "category", "category_intro"])

    def _values(self, name: str, codes: list[str], first: int, stop: int) -> np.ndarray:
        bars = self._reader.bars
        if name in OF_BOOKS:
            return OF_BOOKS[name].value(BookView(self._fundamentals.facts, bars, codes, first, stop))
        if INDUSTRY.fullmatch(name):
            return self._groups.membership(name, codes, bars.days[first:stop], f"get_factor_values({name!r})")
        factor = OF_BARS[name]
        for field in factor.fields:
            if not bars.has(field):
                raise unsupported(f"get_factor_values({name!r})", f"this bundle has no {field}; import valuation")
        if name not in STYLES or self._raw_styles:
            return factor.value(BarView(bars, codes, first, stop))
        everyone = [code for code, kind in zip(bars.listing.code, bars.listing.type, strict=True) if kind == "stock"]
        order = {code: row for row, code in enumerate(everyone)}
        scores = _standardised(factor.value(BarView(bars, everyone, first, stop)), bars, everyone, first, stop)
        return np.array([scores[order[code]] if code in order else np.full(stop - first, np.nan) for code in codes])

    def _span(self, start: Any, end: Any, count: int | None, call: str) -> tuple[int, int]:
        if count is not None and start is not None and end is None:
            start, end = None, start  # a day given by position, as published strategies do: the last one that counts
        if count is not None and start is not None:
            raise StrategyError(f"{call}: give either count or start_date, not both")
        days = self._reader.bars.days
        stop = self._guard.stop_day(call, end, ("close",))
        if count is not None:
            return max(stop - int(count), 0), stop
        begin = np.datetime64(as_datetime("2015-01-01" if start is None else start, call).date())
        return min(int(np.searchsorted(days, begin)), stop), stop

    def _refuse_unknown(self, name: str, call: str) -> None:
        offered = name in OF_BARS or name in OF_BOOKS or (isinstance(name, str) and INDUSTRY.fullmatch(name))
        if not offered:
            raise unsupported(
                f"{call}({name!r})",
                f"write it with get_price and get_fundamentals{nearest(str(name), _all())} "
                "(get_all_factors() lists what is offered)",
            )


def _all() -> dict[str, Any]:
    return {**OF_BARS, **OF_BOOKS}


def _standardised(raw: np.ndarray, bars: Any, codes: list[str], first: int, stop: int) -> np.ndarray:
    """Return (raw − mean weighted by market value) ÷ standard deviation, day by day."""
    value = bars.block("market_cap", codes, first, stop) if bars.has("market_cap") else np.ones_like(raw)
    weight = np.where(np.isnan(raw) | np.isnan(value), 0.0, value)
    total = weight.sum(axis=0)
    centre = np.where(total > 0, (weight * np.nan_to_num(raw)).sum(axis=0) / np.where(total > 0, total, 1), np.nan)
    counted = ~np.isnan(raw)
    size = np.maximum(counted.sum(axis=0), 1)
    mean = np.where(counted, raw, 0.0).sum(axis=0) / size
    spread = np.sqrt(np.where(counted, (raw - mean) ** 2, 0.0).sum(axis=0) / size)
    return (raw - centre) / np.where(spread > 0, spread, np.nan)
