"""What a made market is made from: a few numbers, checked once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sdk.errors import MarketError
from sdk.market.calendar import as_day
from sdk.market.made.calendar import made_days

RUN_UP_DAYS = 300


@dataclass(frozen=True)
class MarketSpec:
    """``years`` from ``start`` on are meant for work; 300 trading days before them give formulas their history.

    ``minutes`` = first and last day with minute bars; ``funds`` adds the funds and indices of funds.py.
    ``signal`` scales the planted signal: 1 gives a monthly RankIC of about 0.08, 0 plants nothing. ``formula`` is
    planted instead of the built-in one: an expression of the vocabulary.
    """

    stocks: int = 300
    years: float = 8.0
    seed: int = 1
    start: str = "2018-01-01"
    signal: float = 1.0
    formula: str | None = None
    funds: bool = False
    minutes: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        as_day(self.start)
        if self.minutes is not None and as_day(self.minutes[0]) > as_day(self.minutes[1]):
            raise MarketError(
                f"minute bars from {self.minutes[0]} to {self.minutes[1]}: the first day is the later one"
            )
        for name, value, low, high in (
            ("stocks", self.stocks, 10, 5000),
            ("years", self.years, 0.25, 30),
            ("seed", self.seed, 0, 2**32 - 1),
            ("signal", self.signal, 0, 10),
        ):
            if not low <= value <= high:
                raise MarketError(f"a made market cannot have {name} = {value}; allowed: {low} … {high}")

    @property
    def days(self) -> np.ndarray:
        """The made trading calendar: run-up and working years."""
        start = as_day(self.start)
        stop = start + np.timedelta64(round(self.years * 365.25), "D")
        before = made_days(start - np.timedelta64(2 * RUN_UP_DAYS, "D"), start)
        return np.concatenate([before[-RUN_UP_DAYS:], made_days(start, stop)])
