"""Codes as other systems write them, and the JoinQuant code that each most likely means."""

from __future__ import annotations

import re
from typing import Final

VALID: Final = re.compile(r"\d{6}\.(XSHG|XSHE)")
# first digit of a stock or fund code -> exchange
EXCHANGE: Final = {"6": "XSHG", "9": "XSHG", "5": "XSHG", "0": "XSHE", "3": "XSHE", "2": "XSHE", "1": "XSHE"}


def is_security_code(code: str) -> bool:
    """True for a JoinQuant code of a stock or fund whose exchange fits its number."""
    return VALID.fullmatch(code) is not None and EXCHANGE.get(code[0]) == code[7:]


def is_index_code(code: str) -> bool:
    """True for a JoinQuant code of an index; index numbers exist on both exchanges."""
    return VALID.fullmatch(code) is not None


def nearest_code(code: str) -> str:
    """Return the JoinQuant code that ``code`` most likely means, or an empty string.

    600519.SH, sh.600519, SH600519, 600519.SS, 600519 and 600519.XSHE all mean 600519.XSHG.
    """
    digits = re.findall(r"\d+", code)
    if len(digits) != 1 or not 1 <= len(digits[0]) <= 6:
        return ""
    number = digits[0].zfill(6)
    exchange = EXCHANGE.get(number[0])
    return f"{number}.{exchange}" if exchange else ""
