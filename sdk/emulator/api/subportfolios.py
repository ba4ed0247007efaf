"""set_subportfolios: one stock account with all the cash, which is what most strategies that call it ask for.

More than one, or another type, is not offered (JOINQUANT.md §2.2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sdk.emulator.account import Account
from sdk.emulator.unsupported import unsupported
from sdk.errors import StrategyError


@dataclass(frozen=True)
class SubPortfolioConfig:
    """``SubPortfolioConfig(cash, type)``."""

    cash: float
    type: str = "stock"


def subportfolio_setter(account: Account) -> Callable[[Sequence[SubPortfolioConfig]], None]:
    """Return ``set_subportfolios`` for one run."""

    def set_subportfolios(configs: Sequence[SubPortfolioConfig]) -> None:
        """Accept a single stock account that holds the whole capital."""
        kinds = [getattr(config, "type", "?") for config in configs]
        if kinds != ["stock"]:
            raise unsupported(f"set_subportfolios() of types {kinds}", "use one stock account with all the cash")
        if abs(configs[0].cash - account.starting_cash) > 1e-6:
            raise StrategyError(
                f"set_subportfolios(): cash {configs[0].cash} must add up to the capital {account.starting_cash}"
            )

    return set_subportfolios
