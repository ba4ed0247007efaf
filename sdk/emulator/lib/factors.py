"""``Factor`` and ``calc_factors`` of ``jqfactor``: a strategy's own factors, day by day.

    class MA5(Factor):
        name = 'ma5'; max_window = 5; dependencies = ['close']
        def calc(self, data):
            return data['close'].mean()          # Series by code

    calc_factors(['600519.XSHG'], [MA5()], '2024-01-02', '2024-01-31')['ma5']   # days × codes

For each trading day from ``start_date`` to ``end_date`` that is known now, ``calc`` gets dependency -> DataFrame of
the ``max_window`` days up to and including that day × codes. Prices are post-adjusted, or with
``use_real_price=True`` adjusted to the current day. ``skip_paused=True`` blanks halted days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from sdk.emulator.api.prices import FIELDS
from sdk.emulator.api.visible import as_datetime
from sdk.emulator.lib.exposures import Exposures
from sdk.emulator.session import Session
from sdk.errors import StrategyError


class Factor:
    """Base of a strategy's factors."""

    name: str = ""
    max_window: int = 1
    dependencies: Any = ()

    def calc(self, data: Any) -> Any:
        """Return one value per code; ``data`` = dependency -> DataFrame (days × codes)."""
        raise NotImplementedError(f"{type(self).__name__} must define calc(self, data)")


def factor_calculator(session: Session, exposures: Exposures) -> Callable[..., Any]:
    """Return ``calc_factors`` of one run."""

    def calc_factors(
        securities: Any,
        factors: Any,
        start_date: Any = None,
        end_date: Any = None,
        use_real_price: bool = False,
        skip_paused: bool = False,
        **_: Any,
    ) -> dict[str, Any]:
        """Return factor name -> DataFrame (days × codes)."""
        codes = [securities] if isinstance(securities, str) else [session.bars.need(code) for code in securities]
        if not codes:
            raise StrategyError("calc_factors: securities is empty")
        days = _days(session, exposures, start_date, end_date)
        found = {}
        for factor in factors if isinstance(factors, Iterable) else [factors]:
            one = factor() if isinstance(factor, type) else factor
            _check(one)
            found[one.name] = _calculate(one, codes, days, exposures, use_real_price, skip_paused, session)
        return found

    return calc_factors


def _days(session: Session, exposures: Exposures, start: Any, end: Any) -> np.ndarray:
    all_days = session.bars.days
    last = session.clock.previous_date if end is None else end
    first = last if start is None else start
    from_day = int(np.searchsorted(all_days, np.datetime64(as_datetime(first, "calc_factors").date())))
    known = exposures.days(last, len(all_days))
    return known[known >= from_day]


def _check(factor: Any) -> None:
    kind = type(factor).__name__
    if not getattr(factor, "name", ""):
        raise StrategyError(f"calc_factors: {kind} has no name; write name = 'my_factor' in the class")
    window = getattr(factor, "max_window", None)
    if isinstance(window, bool) or not isinstance(window, int | np.integer) or window < 1:
        raise StrategyError(f"calc_factors: {kind}.max_window={window!r} must be a whole number of at least 1")
    if isinstance(factor.dependencies, str):
        raise StrategyError(f"calc_factors: {kind}.dependencies must be a list, like ['close']")


def _calculate(
    factor: Any,
    codes: list[str],
    days: np.ndarray,
    exposures: Exposures,
    real_price: bool,
    skip_paused: bool,
    session: Session,
) -> Any:
    import pandas as pd

    index = pd.DatetimeIndex(session.bars.days[days].astype("datetime64[ns]"))
    if len(days) == 0:
        return pd.DataFrame(index=index, columns=codes, dtype=float)
    window = int(factor.max_window)
    first, stop = max(int(days[0]) - window + 1, 0), int(days[-1]) + 1
    call = f"calc_factors({factor.name!r})"
    # platform: the columns are named 'code' – published factors merge the transposed tables on that name
    tables = {
        name: exposures.table(name, codes, first, stop, real_price, call).rename_axis(columns="code")
        for name in factor.dependencies
    }
    if skip_paused:
        halted = session.bars.block("paused", codes, first, stop).T == 1
        tables = {name: table.mask(halted) if name in FIELDS else table for name, table in tables.items()}
    rows = []
    for day in days.tolist():
        low, high = max(day + 1 - window - first, 0), day + 1 - first
        values = factor.calc({name: table.iloc[low:high] for name, table in tables.items()})
        rows.append(_row(values, codes, factor))
    return pd.DataFrame(rows, index=index, columns=codes, dtype=float)


def _row(values: Any, codes: list[str], factor: Any) -> list[float]:
    if hasattr(values, "reindex") and getattr(values, "ndim", 0) == 1:
        return values.reindex(codes).to_numpy(dtype=float).tolist()
    shape = getattr(values, "shape", ())
    if shape and shape[-1] == len(codes) and int(np.prod(shape)) == len(codes):
        return np.asarray(values, dtype=float).reshape(-1).tolist()
    raise StrategyError(
        f"calc_factors: calc of {factor.name!r} returned {type(values).__name__}; return a Series by code, "
        "like data['close'].mean() or data['close'].iloc[-1]"
    )
