"""Values of stocks by name on days: prices, valuation, indices, industries, library factors – one look-up.

``calc_factors`` finds the dependencies of a factor here and ``neutralize`` its regressors. A name is tried in
this order: price field, index code, industry code, valuation field of the bundle, column of a statement or of
``indicator``, ``get_factor_values``. A column is that of the latest quarter that was public on the day; ``roa_1`` is
the quarter before it (documentation of jqfactor). The calls of the strategy's own namespace are used, so what they
know is what is known then; a name that nothing offers is an UnsupportedCall.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from sdk.emulator.api.factor_books import TABLES, BookView
from sdk.emulator.api.fundamentals import Fundamentals
from sdk.emulator.api.prices import FIELDS
from sdk.emulator.session import Session
from sdk.emulator.unsupported import Unbuilt, unsupported

INDUSTRY_KINDS = ("jq_l1", "jq_l2", "sw_l1", "sw_l2", "sw_l3", "zjw")
LOGARITHMS = {"ln_market_cap": "market_cap", "ln_circulating_market_cap": "circulating_market_cap"}
_INDEX = re.compile(r"\d{6}\.(XSHG|XSHE|CSI)")
_INDUSTRY = re.compile(r"HY\d{3}|80\d{4}|85\d{4}|[A-S]\d{2}")
_FLOW = re.compile(r"change_pct|net_(?:amount|pct)_(?:main|xl|l|m|s)")
_QUARTER = re.compile(r"(?P<column>.+?)(?:_(?P<back>\d))?")  # a column, and how many quarters before the latest


class Exposures:
    """The look-up of one run; ``names`` is the strategy's namespace."""

    def __init__(self, session: Session, names: Mapping[str, Any]) -> None:
        self._session, self._names, self._bars = session, names, session.bars

    def days(self, last: Any, count: int) -> np.ndarray:
        """Return the last ``count`` trading days up to ``last`` that are known now, as day positions."""
        stop = self._session.guard.stop_day("calc_factors", last, ["close"])
        return np.arange(max(stop - count, 0), stop)

    def table(self, name: str, codes: Sequence[str], first: int, stop: int, real_price: bool, call: str) -> Any:
        """Return days × codes of one name for the days ``first`` … ``stop`` − 1."""
        import pandas as pd

        index = pd.DatetimeIndex(self._bars.days[first:stop].astype("datetime64[ns]"))
        if name in LOGARITHMS:
            return np.log(self.table(LOGARITHMS[name], codes, first, stop, real_price, call))
        if name in FIELDS:
            blocks = self._session.reader.blocks(codes, [name], first, stop, "pre" if real_price else "post")
            return pd.DataFrame(blocks[name].T, index=index, columns=list(codes))
        if _INDEX.fullmatch(name):
            return self._flags(index, codes, lambda day: self._offered("get_index_stocks", name, call)(name, day))
        if _INDUSTRY.fullmatch(name):
            find = self._offered("get_industry_stocks", name, call)
            return self._flags(index, codes, lambda day: find(name, day))
        if self._bars.has(name):
            block = self._bars.block(name, codes, first, stop)
            return pd.DataFrame(block.T, index=index, columns=list(codes))
        if (found := self._column(name)) is not None:
            table, column, back = found
            block = BookView(self._facts, self._bars, list(codes), first, stop).quarter(column, table, back)
            return pd.DataFrame(block.T, index=index, columns=list(codes))
        if _FLOW.fullmatch(name):
            rows = self._offered("get_money_flow", name, call)(list(codes), index[0].date(), index[-1].date())
            return rows.pivot(index="date", columns="sec_code", values=name).reindex(index=index, columns=list(codes))
        return self._library(name, codes, index, call)

    def _column(self, name: str) -> tuple[str, str, int] | None:
        """Return (table, column, quarters back) of a figure of the statements; None for another name."""
        parts = _QUARTER.fullmatch(name)
        tries = [(name, 0)]
        if parts and parts["back"]:
            tries.append((parts["column"], int(parts["back"])))
        for column, back in tries:
            for table, stored in TABLES.items():
                if column in self._facts.columns(stored) and column not in ("id", "day", "code"):
                    return table, column, back
        return None

    @cached_property
    def _facts(self) -> Any:
        session = self._session
        return Fundamentals(session.reader, session.guard, session.rules).facts

    def industries(self, kind: str, codes: Sequence[str], date: dt.date, call: str) -> dict[str, str]:
        """Return code -> industry code of one classification; stocks without one are left out."""
        find = self._offered("get_industry", kind, call)
        found = {code: (kinds or {}).get(kind) for code, kinds in find(list(codes), date).items()}
        return {code: entry["industry_code"] for code, entry in found.items() if entry}

    def _flags(self, index: Any, codes: Sequence[str], members: Any) -> Any:
        import pandas as pd

        rows = []
        for day in index:
            inside = set(members(day.date()))
            rows.append([1.0 if code in inside else 0.0 for code in codes])
        return pd.DataFrame(rows, index=index, columns=list(codes))

    def _library(self, name: str, codes: Sequence[str], index: Any, call: str) -> Any:
        find = self._offered("get_factor_values", name, call)
        table = find(list(codes), [name], start_date=index[0].date(), end_date=index[-1].date())[name]
        return table.reindex(index=index, columns=list(codes))

    def _offered(self, function: str, name: str, call: str) -> Any:
        found = self._names.get(function)
        if found is None or isinstance(found, Unbuilt):
            known = "price fields, index codes, valuation fields of the bundle"
            raise unsupported(f"{call}: {name!r} (needs {function})", f"use {known}")
        return found
