"""``neutralize`` of ``jqfactor``: what is left of a factor after industries and sizes are regressed out.

    residual = x − Z·b,  b by least squares; Z = one 0/1 column per industry of each classification in ``how``
                         and one column per factor in ``how``; ``add_constant=True`` adds a column of ones

Stocks with a NaN in x or Z are left out of the regression and stay NaN; when nothing of Z is known the data
come back as they were. ``date`` is the day of Z (default: the trading day before; for a DataFrame with dates
as its rows, each row's own day). ``fillna='sw_l1'`` fills a missing x by the mean of its industry first.
Source: API page 数据处理函数.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sdk.emulator.api.visible import as_datetime
from sdk.emulator.lib.exposures import INDUSTRY_KINDS, Exposures
from sdk.emulator.session import Session

DEFAULT_HOW = ("jq_l1", "market_cap")


def neutralizer(session: Session, exposures: Exposures) -> Callable[..., Any]:
    """Return ``neutralize`` of one run."""

    def neutralize(
        data: Any,
        how: Sequence[str] | str | None = None,
        date: Any = None,
        axis: int = 1,
        fillna: str | None = None,
        add_constant: bool = False,
    ) -> Any:
        """Residuals of a Series by code, or of each row (``axis=1``) or column of a DataFrame."""
        wanted = list(DEFAULT_HOW) if how is None else [how] if isinstance(how, str) else list(how)
        fixed = None if date is None else as_datetime(date, "neutralize").date()

        def row(values: Any, label: Any = None) -> Any:
            day = fixed or _day_of(label) or session.clock.previous_date
            return _residual(values.astype(float), wanted, day, fillna, add_constant, exposures)

        if data.ndim == 1:
            return row(data)
        if axis == 0:
            return data.apply(row, axis=0)
        import pandas as pd

        rows = [row(values, label) for label, values in data.iterrows()]
        return pd.DataFrame([each.to_numpy() for each in rows], index=data.index, columns=data.columns)

    return neutralize


def _residual(
    values: Any, how: Sequence[str], day: dt.date, fillna: str | None, add_constant: bool, exposures: Exposures
) -> Any:
    codes = [str(code) for code in values.index]
    if fillna is not None:
        groups = exposures.industries(fillna, codes, day, "neutralize(fillna)")
        label = values.index.map(lambda code: groups.get(str(code)))
        values = values.fillna(values.groupby(label).transform("mean"))
    columns = np.column_stack([block for name in how for block in _columns(name, codes, day, exposures)])
    if add_constant:
        columns = np.column_stack([columns, np.ones(len(codes))])
    x = np.where(np.isfinite(values.to_numpy()), values.to_numpy(), np.nan)
    use = ~np.isnan(x) & np.isfinite(columns).all(axis=1)
    if not use.any():
        return values
    weights = np.linalg.lstsq(columns[use], x[use], rcond=None)[0]
    left = np.full(len(codes), np.nan)
    left[use] = x[use] - columns[use] @ weights
    return type(values)(left, index=values.index, name=values.name)


def _columns(name: str, codes: list[str], day: dt.date, exposures: Exposures) -> list[np.ndarray]:
    if name not in INDUSTRY_KINDS:
        place = exposures.days(day, 1)
        first = int(place[0]) if len(place) else 0
        return [exposures.table(name, codes, first, first + 1, False, "neutralize").to_numpy()[0].astype(float)]
    groups = exposures.industries(name, codes, day, "neutralize")
    kinds = sorted(set(groups.values()))
    unknown = np.array([code not in groups for code in codes])
    flags = [np.array([float(groups.get(code) == kind) for code in codes]) for kind in kinds]
    return [np.where(unknown, np.nan, flag) for flag in flags] or [np.full(len(codes), np.nan)]


def _day_of(label: Any) -> dt.date | None:
    return label.date() if isinstance(label, dt.datetime) else label if isinstance(label, dt.date) else None
