"""``StockOrder(entrust_id=… security=… mode=OrderTargetValue: _value=… style=… … error=…)`` → fields.

Read generically, key by key, because each engine generation prints other keys. ``error`` is always last and may hold
anything (blanks, commas, line breaks, text that looks like a key), so the text from the first `` error=`` on is its.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sdk.report.numbers import Reading, full_float

_KEY = re.compile(r"(?:^|(?<=\s))(_?[a-z]\w*)=", re.ASCII)
_ERROR = "error="


@dataclass(frozen=True, slots=True)
class OrderText:
    """The fields of one printed order; a key that is printed twice keeps its first value."""

    fields: Mapping[str, str]

    def get(self, key: str) -> str:
        return self.fields.get(key, "")

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
    at = _error_place(text)
    body = text if at < 0 else text[:at]
    parts = _KEY.split(body)  # what comes before the first key, then key, value, key, value …
    fields = {key: value.strip() for key, value in zip(parts[-2:0:-2], parts[:1:-2], strict=True)}
    if at >= 0:
        fields.setdefault("error", text[at + len(_ERROR) :])
    return OrderText(fields)


def _error_place(text: str) -> int:
    """Return where the key ``error=`` stands: at the start or after white space; -1 where it does not."""
    at = text.find(_ERROR)
    while at > 0 and not text[at - 1].isspace():
        at = text.find(_ERROR, at + 1)
    return at


def _full(text: str) -> Reading | None:
    try:
        return full_float(text)
    except ValueError:
        return Reading(text)
