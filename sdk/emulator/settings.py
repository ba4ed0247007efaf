"""What a strategy may set: options, benchmark, universe, costs, slippage.

One mutable object a run. Unknown options are errors that name the nearest one. Source: JOINQUANT.md §2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sdk.emulator.costs import CostTable
from sdk.emulator.slippage import SlippageTable
from sdk.emulator.unsupported import unsupported
from sdk.errors import StrategyError, nearest

_SWITCHES = (
    *("use_real_price", "avoid_future_data", "t0_mode"),
    *("always_match_market_order", "match_by_signal", "match_with_order_book"),
)
_OF_SIMULATIONS = ("async_order",)
_UNBUILT = (
    *("margincash_interest_rate", "margincash_margin_rate", "marginsec_interest_rate", "marginsec_margin_rate"),
    *("futures_margin_rate",),
)


class Settings:
    """The settings in force now."""

    def __init__(self, rules: Mapping[str, str]) -> None:
        self.use_real_price = False
        self.avoid_future_data = False
        self.t0_mode = False
        self.always_match_market_order = False
        self.match_by_signal = False
        self.match_with_order_book = False  # simulations only, on the platform as well
        self.order_volume_ratio = 1.0
        self.benchmark: dict[str, float] = {"000300.XSHG": 1.0}
        self.universe: tuple[str, ...] = ()
        self.costs = CostTable(rules)
        self.slippage = SlippageTable(rules)

    def set_option(self, key: str, value: object) -> None:
        """``set_option``; a key that the platform has and this engine lacks is an UnsupportedCall."""
        if key in _SWITCHES:
            setattr(self, key, bool(value))
        elif key == "order_volume_ratio":
            ratio = float(value)  # type: ignore[arg-type]
            if not ratio > 0:
                raise StrategyError(f"set_option('order_volume_ratio', {value!r}): must be above 0")
            self.order_volume_ratio = ratio
        elif key in _OF_SIMULATIONS:
            return
        elif key in _UNBUILT or key.startswith("futures_margin_rate"):
            raise unsupported(f"set_option({key!r})", "remove it, or run this strategy on the platform")
        else:
            known = (*_SWITCHES, "order_volume_ratio", *_UNBUILT)
            raise StrategyError(f"set_option: no option {key!r}{nearest(key, known)}")

    def described(self) -> dict[str, object]:
        """Return all that was set, as plain values for ``run.json``: the premises of the run."""
        return {
            **{name: getattr(self, name) for name in _SWITCHES},
            "order_volume_ratio": self.order_volume_ratio,
            "benchmark": self.benchmark,
            "costs": self.costs.described(),
            "slippage": self.slippage.described(),
        }

    def set_benchmark(self, security: str | Mapping[str, float]) -> None:
        """One code, or code -> weight with a sum of at most 1."""
        weights = {security: 1.0} if isinstance(security, str) else dict(security)
        if not weights or any(weight < 0 for weight in weights.values()) or sum(weights.values()) > 1 + 1e-9:
            raise StrategyError(f"set_benchmark({security!r}): weights must be ≥ 0 and add up to at most 1")
        self.benchmark = {str(code): float(weight) for code, weight in weights.items()}

    def set_universe(self, securities: str | Sequence[str]) -> None:
        """Default list of ``history``."""
        self.universe = (securities,) if isinstance(securities, str) else tuple(securities)
