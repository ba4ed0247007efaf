"""Exposures of the stocks on the signal days of a market, read from a bundle by jq_strategy/exposures.py.

Names: the styles size, value, momentum, volatility, liquidity and beta, and industry. Each is known at the close of
the signal day: windows of bars end there, valuation and industry are those of the day. Nothing later is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jq_strategy.exposures import INDUSTRY, INDUSTRY_KIND, STYLES, VALUATION_FIELDS, Style, style_exposure
from sdk.errors import ConfigError
from sdk.formula.bars import DEFAULT_BENCHMARK, bars_between
from sdk.market.bundle import Bundle
from sdk.scoring.neutral_choice import checked_names

_TABLE = {style.name: style for style in STYLES}


@dataclass(frozen=True)
class Exposures:
    """What the named exposures are: ``styles`` (F, stocks, R) in the order of ``names`` without industry, NaN = none.

    ``industries`` (stocks, R): the place of the stock's industry in ``industry_codes``, -1 = none; None when
    industry is not among the names.
    """

    names: tuple[str, ...]
    styles: np.ndarray
    industries: np.ndarray | None
    industry_codes: tuple[str, ...]

    @property
    def style_names(self) -> tuple[str, ...]:
        """The names of ``styles``."""
        return tuple(name for name in self.names if name != INDUSTRY)

    @property
    def known(self) -> np.ndarray:
        """Who has all exposures: bool (stocks, R)."""
        known = np.isfinite(self.styles).all(axis=0)
        return known if self.industries is None else known & (self.industries >= 0)


def read_exposures(
    bundle: Bundle,
    codes: Sequence[str],
    signal_days: Sequence[int] | np.ndarray,
    names: Sequence[str],
    benchmark: str = DEFAULT_BENCHMARK,
) -> Exposures:
    """Return the exposures of ``codes`` on ``signal_days`` (positions in the bundle's calendar).

    Raises ConfigError, naming the choice, for an exposure whose data the bundle does not have.
    """
    names = checked_names(names)
    days = np.asarray(signal_days, dtype=np.int64)
    styles = [_TABLE[name] for name in names if name != INDUSTRY]
    for style in styles:
        _require_inputs(bundle, style, benchmark)
    if INDUSTRY in names and not _has_industries(bundle):
        raise _lacking(bundle, INDUSTRY, f"industries.parquet with the kind {INDUSTRY_KIND}")
    values = np.full((len(styles), len(codes), len(days)), np.nan)
    if styles and len(days):
        first = max(int(days.min()) + 1 - max(style.days for style in styles), 0)
        inputs = sorted({name for style in styles for name in style.inputs})
        bars = bars_between(bundle, codes, inputs, bundle.days[first], bundle.days[days.max()], benchmark)
        for place, style in enumerate(styles):
            for column in np.flatnonzero(days + 1 >= style.days):
                stop = days[column] + 1 - first
                window = {name: bars[name][:, stop - style.days : stop] for name in style.inputs}
                with np.errstate(all="ignore"):
                    values[place, :, column] = style_exposure(style.function, style.inputs, style.days, window)[:, 0]
    industries, industry_codes = _industries(bundle, codes, bundle.days[days]) if INDUSTRY in names else (None, ())
    return Exposures(names, values, industries, industry_codes)


def require_everywhere(exposures: Exposures, members: np.ndarray, days: np.ndarray) -> None:
    """Raise ConfigError where on some day (``days``: dates (R,)) no member has one of the exposures."""
    tables = dict(zip(exposures.style_names, np.isfinite(exposures.styles), strict=True))
    if exposures.industries is not None:
        tables[INDUSTRY] = exposures.industries >= 0
    for name, known in tables.items():
        found = (known & members).any(axis=0)
        empty = np.flatnonzero(~found & members.any(axis=0))
        if len(empty):
            there = days[found]
            span = f"known {there[0]} ... {there[-1]}" if len(there) else "known on no signal day"
            raise ConfigError(
                f"setting neutralise: no member has {name!r} on {days[empty[0]]} ({len(empty)} of {len(days)} signal "
                f"days; {span}); choose another period or leave {name} out"
            )


def _require_inputs(bundle: Bundle, style: Style, benchmark: str) -> None:
    for name in style.inputs:
        if name == "benchmark":
            if benchmark not in set(bundle.securities.index[bundle.securities["type"] == "index"]):
                raise _lacking(bundle, style.name, f"daily bars of the index {benchmark}")
        elif not bundle.has(name):
            where = f"{name} (valuation.parquet)" if name in VALUATION_FIELDS else name
            raise _lacking(bundle, style.name, where)


def _has_industries(bundle: Bundle) -> bool:
    return bundle.has_table("industries") and INDUSTRY_KIND in set(bundle.table("industries")["kind"])


def _lacking(bundle: Bundle, name: str, what: str) -> ConfigError:
    offered = [
        style.name for style in STYLES if all(field == "benchmark" or bundle.has(field) for field in style.inputs)
    ]
    offered += [INDUSTRY] if _has_industries(bundle) else []
    return ConfigError(
        f"setting neutralise: {name!r} needs {what}, which {bundle.path} does not have; "
        f"it has the data for: {', '.join(offered)}"
    )


def _industries(bundle: Bundle, codes: Sequence[str], days: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the industry of each stock on each date as a place in the codes of the industries, -1 = none."""
    table = bundle.table("industries")
    table = table[table["kind"] == INDUSTRY_KIND]
    names = tuple(sorted(set(table["industry_code"])))
    place = {code: row for row, code in enumerate(codes)}
    found = np.full((len(codes), len(days)), -1, dtype=np.int64)
    first, last = (table[column].to_numpy().astype("datetime64[D]") for column in ("in_date", "out_date"))
    for row, (code, industry) in enumerate(zip(table["code"], table["industry_code"], strict=True)):
        if code in place:
            inside = (first[row] <= days) & (np.isnat(last[row]) | (days <= last[row]))
            found[place[code], inside] = names.index(industry)
    return found, names
