"""subscribe, unsubscribe, unsubscribe_all: whose ticks ``handle_tick(context, tick)`` is called with.

Only runs of frequency 'tick' have them. The platform sends a snapshot every three seconds; here a tick comes at
09:25:00 (the opening auction) and at the end of each minute in which the security traded, as ``get_current_tick``
shows it then. Several securities come in the order in which they were subscribed.

# platform: "Tick 级策略专用函数" of its API page; any number of securities in a backtest.
"""

from __future__ import annotations

from typing import Any

from sdk.emulator.api.prices import code_list
from sdk.emulator.bars import BarStore
from sdk.errors import StrategyError


class Subscriptions:
    """The subscribed codes of one run, oldest first."""

    def __init__(self, bars: BarStore, frequency: str) -> None:
        self._bars, self._frequency = bars, frequency
        self._codes: dict[str, None] = {}
        self.ever = False  # was anything subscribed in this run?

    def __contains__(self, code: str) -> bool:
        return code in self._codes

    def codes(self) -> tuple[str, ...]:
        """Return what is subscribed now."""
        return tuple(self._codes)

    def subscribe(self, security: Any, frequency: str = "tick") -> None:
        """Ask for the ticks of one code or several; StrategyError in a run of another frequency."""
        if self._frequency != "tick":
            raise StrategyError(
                f"subscribe: 必须在频率为 tick 的回测中使用，this run has frequency {self._frequency!r}; "
                "use --frequency tick, or run_daily and get_current_tick"
            )
        self._codes.update(dict.fromkeys(self._named(security, frequency, "subscribe")))
        self.ever = True

    def unsubscribe(self, security: Any, frequency: str = "tick") -> None:
        """Ask no longer for those of one code or several; codes that were not subscribed change nothing."""
        for code in self._named(security, frequency, "unsubscribe"):
            self._codes.pop(code, None)

    def unsubscribe_all(self) -> None:
        """Ask for none."""
        self._codes.clear()

    def _named(self, security: Any, frequency: str, call: str) -> list[str]:
        if frequency != "tick":
            raise StrategyError(f"{call}: frequency={frequency!r}; the only one is 'tick'")
        return code_list(security, self._bars, call)[0]
