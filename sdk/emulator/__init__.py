"""The local JoinQuant: runs a strategy file as it is on a market bundle and writes the platform's files.

Read in this order: ``rules`` (what is uncertain, as data) → ``runner`` (the call) → ``session`` (the parts) →
``engine`` (the day) → ``broker`` / ``sizing`` / ``matching`` / ``account`` (an order) → ``api`` (what a strategy may
ask) → ``exports`` (what comes out). Importing this package costs nothing; ``run_backtest`` loads the rest.
"""

from __future__ import annotations

from typing import Any

__all__ = ["run_backtest"]


def __getattr__(name: str) -> Any:
    if name == "run_backtest":
        from sdk.emulator.runner import run_backtest

        return run_backtest
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
