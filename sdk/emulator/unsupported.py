"""Names of the platform that this engine does not offer: they can be imported, not used.

Calling one, or reading an attribute of one (``valuation.code``), raises ``UnsupportedCall`` with the name, the
line of the strategy, and what to use instead. The list is the platform's (JOINQUANT.md §6, §12); a name in no
list at all is a NameError or ImportError, as on the platform.
"""

from __future__ import annotations

import sys
from typing import Any

from sdk.emulator.traceback_text import USER_CODE
from sdk.errors import UnsupportedCall, UnsupportedName

_MARGIN = "margin accounts (stock_margin) are not built; use order in a stock account"
_PLATFORM = "run this strategy on the platform"

UNBUILT: dict[str, str] = {
    **dict.fromkeys(("get_margincash_stocks", "get_marginsec_stocks", "jy"), _PLATFORM),
    **dict.fromkeys(("margincash_open", "margincash_close", "margincash_direct_refund"), _MARGIN),
    **dict.fromkeys(("marginsec_open", "marginsec_close", "marginsec_direct_refund"), _MARGIN),
    **dict.fromkeys(("create_backtest", "get_backtest", "bond", "get_factor_kanban_values"), _PLATFORM),
    **dict.fromkeys(("purchase", "redeem", "set_redeem_latency", "get_fund_info"), "use a listed fund (ETF, LOF)"),
    "analyze_factor": "run the analysis on the platform's research page",
    "get_trade_day": "use get_trade_days",
}


class Unbuilt:
    """Stands for one official name; any use raises UnsupportedCall."""

    def __init__(self, name: str, instead: str) -> None:
        self._name, self._instead = name, instead

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise unsupported(f"{self._name}()", self._instead)

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        raise unsupported(f"{self._name}.{attribute}", self._instead, UnsupportedName)

    def __repr__(self) -> str:
        return f"<unsupported {self._name}>"


def unsupported(use: str, instead: str, kind: type[UnsupportedCall] = UnsupportedCall) -> UnsupportedCall:
    """Return the error for a use that is not offered: what, on which line of the strategy, what to do instead."""
    where = f" (策略第 {line} 行)" if (line := strategy_line()) else ""
    return kind(f"{use} 本地回测不支持{where}：not offered here; {instead}")


def strategy_line() -> int | None:
    """Return the line of the strategy that is running now."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == USER_CODE:
            return frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return None


def unbuilt_names() -> dict[str, Unbuilt]:
    """Return the official names that exist without being offered."""
    return {name: Unbuilt(name, instead) for name, instead in UNBUILT.items()}
