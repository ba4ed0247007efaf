"""``StockOrder(entrust_id=… security=… mode=OrderTargetValue: _value=… style=… … error=…)`` → fields.

Read generically, key by key, because each engine generation prints other keys. ``error`` is always last and may hold
anything (blanks, commas, line breaks, text that looks like a key), so the text from the first `` error=`` on is its.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sdk.report.numbers import Reading, full_float

_KEY = re.compile(r"(?:^|(?<=\s))(_?[a-z]\w*)=", re.ASCII)
_ERROR = re.compile(r"(?:^|\s)error=(?P<error>.*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class OrderText:
    """The fields of one printed order, in printed order; a key that is printed twice keeps its first value."""

    fields: tuple[tuple[str, str], ...]

    def get(self, key: str) -> str:
        return next((value for name, value in self.fields if name == key), "")

    @property
    def mode(self) -> str:
        """OrderAmount, OrderTargetAmount, OrderValue or OrderTargetValue."""
        return self.get("mode").rstrip(": ")

    @property
    def requested(self) -> Reading | None:
        """The number the strategy asked for: shares, or CNY, by ``mode``; printed in full."""
        return _full(self.get("_value") or self.get("_amount"))

    @property
    def limit_price(self) -> Reading | None:
        """The limit price in CNY; 0.0 in a market order of the newer engines, None in the older."""
        return _full(self.get("_limit_price"))

    @property
    def direction(self) -> str:
        """``buy``, ``sell`` or ``""``: from action and side, else (2016 engine) from error text or a zero target."""
        opens, side = self.get("action"), self.get("side") or "long"
        if opens in ("open", "close"):
            return "buy" if (opens == "open") == (side == "long") else "sell"
        for word, found in (("开仓", "buy"), ("平仓", "sell")):
            if word in self.get("error"):
                return found
        requested = self.requested
        if requested is None or requested.value is None:
            return ""
        if self.mode.startswith("OrderTarget"):
            return "sell" if requested.value == 0 else ""
        return "sell" if requested.value < 0 else "buy"


def parse_order(text: str) -> OrderText:
    """Parse what stands between the brackets; text without any key gives no fields."""
    error = _ERROR.search(text)
    body = text[: error.start()] if error else text
    keys = list(_KEY.finditer(body))
    ends = [key.start() for key in keys[1:]] + [len(body)]
    fields = [(key[1], body[key.end() : end].strip()) for key, end in zip(keys, ends, strict=False)]
    if error:
        fields.append(("error", error["error"]))
    return OrderText(tuple(fields))


def _full(text: str) -> Reading | None:
    try:
        return full_float(text)
    except ValueError:
        return Reading(text)
