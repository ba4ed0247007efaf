"""Industries, concepts and index weights as they were on a date (default: today).

An industry is known by its own code ('801120', 'C15'); ``kind`` is the classification ('sw_l1', 'zjw' …). A bundle
has those that it was given (``industries.parquet``, ``concepts.parquet``, ``index_weights.parquet``); without
weights the members' circulating values of the last finished day stand in (rule ``index_weights_without_table``).
Source: JOINQUANT.md §6.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from sdk.emulator.api.prices import PriceReader, code_list
from sdk.emulator.api.securities import Securities
from sdk.emulator.api.visible import Guard
from sdk.emulator.unsupported import unsupported
from sdk.errors import MarketError, StrategyError, nearest

# What the platform's industry and concept codes look like: a bundle may lack a code that the platform has.
INDUSTRY = re.compile(r"[A-T]\d\d|80\d{4}|85\d{4}|HY\d{3}|HY\d{6}")
OFFICIAL = re.compile(rf"{INDUSTRY.pattern}|SC\d{{4}}|GN\d{{3}}")
_MAIN_KINDS = ("zjw", "sw_l1", "jq_l1")


class Groups:
    """The calls of one run about who belongs to what."""

    def __init__(self, reader: PriceReader, guard: Guard, securities: Securities, rules: Mapping[str, str]) -> None:
        self._reader, self._guard, self._securities = reader, guard, securities
        self._by_value = rules["index_weights_without_table"] == "circulating_value"
        self._spans: dict[str, Spans] = {}

    # ------------------------------------------------------------------------------------------- industries
    def get_industries(self, name: str = "zjw", date: Any = None) -> Any:
        """Industries of one classification: index code, columns name and start_date."""
        spans = self._table("industries", "get_industries")
        return spans.list_of("industry", spans.pick("kind", name, "get_industries", "classification"))

    def get_industry_stocks(self, industry_code: str, date: Any = None) -> list[str]:
        """Stocks of an industry on a date, ascending."""
        call = "get_industry_stocks"
        spans = self._table("industries", call)
        rows = spans.pick("industry_code", industry_code, call, "industry")
        return spans.codes_on(rows, self._day(call, date))

    def get_industry(self, security: Any, date: Any = None, df: bool = False) -> Any:
        """code -> classification -> {industry_code, industry_name}."""
        call = "get_industry"
        codes, _ = code_list(security, self._reader.bars, call)
        spans = self._table("industries", call)
        found: dict[str, dict[str, dict[str, str]]] = {code: {} for code in codes}
        inside = spans.inside(self._day(call, date)) & np.isin(spans.columns["code"], codes)
        for row in np.flatnonzero(inside).tolist():
            names = {name: spans.columns[name][row] for name in ("industry_code", "industry_name")}
            found[spans.columns["code"][row]][spans.columns["kind"][row]] = names
        if not df:
            return found
        import pandas as pd

        rows = [
            {"code": code, "type": kind, **names} for code, kinds in found.items() for kind, names in kinds.items()
        ]
        return pd.DataFrame(rows, columns=["code", "type", "industry_code", "industry_name"])

    def industry_code(self, code: str) -> str:
        """Code of a security's industry today: the first classification of ``_MAIN_KINDS``; '' without one."""
        if not self._reader.bars.bundle.has_table("industries"):
            return ""
        spans = self._table("industries", "industry_code")
        rows = np.flatnonzero(spans.inside(self._day("industry_code", None)) & (spans.columns["code"] == code))
        by_kind = {spans.columns["kind"][row]: str(spans.columns["industry_code"][row]) for row in rows.tolist()}
        return next((by_kind[kind] for kind in (*_MAIN_KINDS, *by_kind) if kind in by_kind), "")

    def membership(self, industry_code: str, codes: list[str], days: np.ndarray, call: str) -> np.ndarray:
        """Return 1 where a code stands in the industry on a day, else 0: codes × days (datetime64[D])."""
        spans, order = self._table("industries", call), {code: row for row, code in enumerate(codes)}
        found = np.zeros((len(codes), len(days)), dtype=np.int64)
        for row in spans.pick("industry_code", industry_code, call, "industry").tolist():
            place = order.get(spans.columns["code"][row])
            if place is not None:
                since, until = spans.columns["in_date"][row], spans.columns["out_date"][row]
                found[place, (since <= days) & (np.isnat(until) | (days <= until))] = 1
        return found

    # --------------------------------------------------------------------------------------------- concepts
    def get_concepts(self) -> Any:
        """All concepts: index code, columns name and start_date."""
        spans = self._table("concepts", "get_concepts")
        started = spans.columns["start_date"] <= np.datetime64(self._reader.clock.date)
        return spans.list_of("concept", np.flatnonzero(started))

    def get_concept_stocks(self, concept_code: str, date: Any = None) -> list[str]:
        """Stocks of a concept on a date, ascending."""
        call = "get_concept_stocks"
        spans = self._table("concepts", call)
        rows = spans.pick("concept_code", concept_code, call, "concept")
        return spans.codes_on(rows, self._day(call, date))

    def get_concept(self, security: Any, date: Any = None) -> dict[str, dict[str, list[dict[str, str]]]]:
        """code -> {'jq_concept': [{concept_code, concept_name}, …]}."""
        call = "get_concept"
        codes, _ = code_list(security, self._reader.bars, call)
        spans = self._table("concepts", call)
        found: dict[str, dict[str, list[dict[str, str]]]] = {code: {"jq_concept": []} for code in codes}
        inside = spans.inside(self._day(call, date)) & np.isin(spans.columns["code"], codes)
        for row in np.flatnonzero(inside).tolist():
            names = {name: spans.columns[name][row] for name in ("concept_code", "concept_name")}
            found[spans.columns["code"][row]]["jq_concept"].append(names)
        return found

    # -------------------------------------------------------------------------------------------- index weights
    def get_index_weights(self, index_id: str, date: Any = None) -> Any:
        """Weights in percent of the last published day up to ``date``: index code; date, weight, display_name."""
        import pandas as pd

        call = "get_index_weights"
        day, bars = self._day(call, date), self._reader.bars
        if bars.bundle.has_table("index_weights"):
            frame = bars.bundle.table("index_weights")
            rows = frame[frame["index_code"] == index_id]
            if rows.empty:
                known = sorted(set(frame["index_code"]))
                raise StrategyError(f"{call}: no weights of {index_id!r}{nearest(index_id, known)}")
            rows = rows[rows["date"].to_numpy().astype("datetime64[D]") <= self._published(day)]
            rows = rows[rows["date"] == rows["date"].max()].sort_values("code")
            codes, weights = rows["code"].tolist(), rows["weight"].to_numpy()
            dates = rows["date"].dt.date.tolist()
        else:
            codes, weights, dates = self._weights_by_value(index_id, day, call)
        names = [bars.instrument(code).name for code in codes]
        columns = {"date": dates, "weight": weights, "display_name": names}
        return pd.DataFrame(columns, index=pd.Index(codes, dtype=object, name="code"))

    def _weights_by_value(self, index_id: str, day: np.datetime64, call: str) -> tuple[list[str], Any, list[Any]]:
        bars = self._reader.bars
        field = next((name for name in ("circulating_market_cap", "market_cap") if bars.has(name)), None)
        if field is None or not self._by_value:
            raise unsupported(call, "this bundle has no index_weights.parquet; import one, or use get_index_stocks")
        codes = self._securities.get_index_stocks(index_id, day)
        last = min(bars.day_index(day), self._reader.clock.last_finished_day)
        value = bars.block(field, codes, last, last + 1)[:, 0]
        kept = np.flatnonzero(~np.isnan(value))
        weights = np.round(value[kept] / value[kept].sum() * 100, 3)
        return [codes[row] for row in kept], weights, [bars.days[last].item()] * len(kept)

    # ------------------------------------------------------------------------------------------------- common
    def _day(self, call: str, date: Any) -> np.datetime64:
        return np.datetime64(self._guard.date(call, date))

    def _published(self, day: np.datetime64) -> np.datetime64:
        """Weights of a day are made of its closes: those of today are known after the close."""
        bars = self._reader.bars
        last = self._reader.clock.last_finished_day
        return min(day, bars.days[last]) if last >= 0 else bars.days[0] - 1

    def _table(self, name: str, call: str) -> Spans:
        if name not in self._spans:
            try:
                self._spans[name] = Spans(self._reader.bars.bundle.table(name))
            except MarketError as error:
                raise unsupported(call, f"this bundle has no {name}.parquet; use get_index_stocks") from error
        return self._spans[name]


class Spans:
    """Rows of membership with their first and last day."""

    def __init__(self, frame: Any) -> None:
        dates = ("start_date", "in_date", "out_date")
        self.columns: dict[str, np.ndarray] = {
            name: frame[name].to_numpy().astype("datetime64[D]") if name in dates else frame[name].to_numpy(object)
            for name in frame
        }

    def inside(self, day: np.datetime64) -> np.ndarray:
        """Return which rows hold on ``day``."""
        out = self.columns["out_date"]
        return (self.columns["in_date"] <= day) & (np.isnat(out) | (day <= out))

    def pick(self, column: str, value: str, call: str, what: str) -> np.ndarray:
        """Return the rows of one value; none for a code like the platform's, else StrategyError names the nearest."""
        rows = np.flatnonzero(self.columns[column] == value)
        if not len(rows) and not (isinstance(value, str) and OFFICIAL.fullmatch(value)):
            known = sorted(set(self.columns[column]))
            raise StrategyError(f"{call}: no {what} {value!r}{nearest(str(value), known)}; known: {' '.join(known)}")
        return rows

    def codes_on(self, rows: np.ndarray, day: np.datetime64) -> list[str]:
        """Return the codes among ``rows`` on ``day``, ascending."""
        kept = rows[self.inside(day)[rows]]
        return sorted(set(self.columns["code"][kept].tolist()))

    def list_of(self, what: str, rows: Iterable[int]) -> Any:
        """Return the groups of ``rows`` once each: index code, columns name and start_date."""
        import pandas as pd

        code, name, start = (self.columns[one] for one in (f"{what}_code", f"{what}_name", "start_date"))
        found = {code[row]: (name[row], start[row].item()) for row in rows}
        names = sorted(found)
        columns = {"name": [found[one][0] for one in names], "start_date": [found[one][1] for one in names]}
        return pd.DataFrame(columns, index=pd.Index(names, dtype=object))
