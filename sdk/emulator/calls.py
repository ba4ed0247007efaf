"""What a strategy asked and ordered: each call with its instant, arguments and line; answers as digests.

For runs that are compared with each other. Order functions are decisions, data functions are what was known.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sdk.emulator.clock import Clock
from sdk.emulator.unsupported import strategy_line

ORDERS = ("order", "order_value", "order_target", "order_target_value", "batch_submit_orders")
DATA = (
    *("attribute_history", "history", "get_price", "get_bars", "get_extras", "get_valuation", "get_fundamentals"),
    *("get_index_stocks", "get_all_securities", "get_history_fundamentals", "get_fundamentals_continuously"),
    *("get_money_flow", "get_factor_values", "get_billboard_list", "get_call_auction"),
)


@dataclass(frozen=True)
class Call:
    """One call: seconds since midnight, name, arguments as text, line of the strategy, digest of the answer."""

    second: int
    name: str
    arguments: str
    line: int
    answer: str = ""

    @property
    def is_order(self) -> bool:
        """Whether it is a decision."""
        return self.name in ORDERS

    def __str__(self) -> str:
        return f"{self.name}({self.arguments})"


class CallRecorder:
    """Collects the calls of one run in ``calls``; ``wrap`` puts the recorder around the names of a strategy."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.calls: list[Call] = []

    def wrap(self, names: dict[str, Any]) -> dict[str, Any]:
        """Return the names with order and data functions recorded."""
        return {
            name: self._recorded(name, thing) if name in (*ORDERS, *DATA) and callable(thing) else thing
            for name, thing in names.items()
        }

    def _recorded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        keep_answer = name in DATA

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            second, line = self._clock.seconds, strategy_line() or 0
            texts = [*map(_short, args), *(f"{key}={_short(value)}" for key, value in kwargs.items())]
            place = len(self.calls)
            self.calls.append(Call(second, name, ", ".join(texts), line))
            answer = function(*args, **kwargs)
            if keep_answer:
                self.calls[place] = Call(second, name, ", ".join(texts), line, digest(answer))
            return answer

        return call


def digest(answer: Any) -> str:
    """Return 16 hex digits of an answer's content: frames, arrays, dictionaries, lists, numbers."""
    found = hashlib.sha256()
    _feed(found, answer)
    return found.hexdigest()[:16]


def _feed(found: Any, value: Any) -> None:
    if isinstance(value, dict):
        for key, part in value.items():
            found.update(repr(key).encode())
            _feed(found, part)
    elif isinstance(value, list | tuple):
        for part in value:
            _feed(found, part)
    elif hasattr(value, "to_numpy") and hasattr(value, "index"):  # Series and DataFrame
        _feed(found, np.asarray(value.index))
        _feed(found, value.to_numpy())
    elif isinstance(value, np.ndarray) and value.dtype != object:
        found.update(value.tobytes())
    elif isinstance(value, np.ndarray):
        _feed(found, value.tolist())
    else:
        found.update(repr(value).encode())


def _short(value: Any) -> str:
    plain = isinstance(value, str | int | float | bool | type(None) | np.number)
    text = repr(value) if plain else str(value) if isinstance(value, dt.date) else _described(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _described(value: Any) -> str:
    if isinstance(value, list | tuple) and all(isinstance(part, str | int | float) for part in value):
        return repr(value)
    named = getattr(value, "__dict__", None)
    inside = ", ".join(f"{key}={part!r}" for key, part in sorted(named.items())) if named else ""
    return f"{type(value).__name__}({inside})"
