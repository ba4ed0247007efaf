"""scores.csv: code, score, score_hex, rank, best first; whose scores on which day.

``score`` is the shortest decimal that reads back as the same float64, ``score_hex`` its 64 bits (big-endian) as in
the audit line, both ``nan`` where a bar of the window is missing; such stocks come last. Equal scores order by code.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from jq_strategy.audit import score_hex
from jq_strategy.ranking import rank_stocks
from sdk.errors import MarketError, nearest
from sdk.market.bundle import Bundle


def score_table(codes: list[str], scores: np.ndarray) -> str:
    """Return the text of scores.csv; the same scores give the same bytes whatever the order of the codes."""
    lines = ["code,score,score_hex,rank"]
    for rank, place in enumerate(rank_stocks(codes, scores), 1):
        score = float(scores[place]) + 0.0
        lines.append(f"{codes[place]},{score!r},{score_hex(score)},{rank}")
    return "\n".join(lines) + "\n"


def pool_of(bundle: Bundle, index: str, day: np.datetime64) -> tuple[list[str], str]:
    """Return the members of an index on a day, and words for it.

    A bundle without this index offers all stocks listed on the day. Raises MarketError for an empty pool.
    """
    if index in set(bundle.index_members["index_code"]):
        members = list(bundle.members(index, day))
        if not members:
            raise MarketError(f"{bundle.path}: {index} has no members on {day}; choose another day or --codes FILE")
        return members, f"{index} 当日成分股"
    stocks = bundle.securities[bundle.securities["type"] == "stock"]
    first = stocks["start_date"].to_numpy().astype("datetime64[D]")
    last = stocks["end_date"].to_numpy().astype("datetime64[D]")
    listed = (first <= day) & (np.isnat(last) | (day <= last))
    return sorted(
        stocks.index[listed]
    ), f"行情包没有 {index} 的成分股，用当日全部上市股票 (no members of {index}: all listed)"


def codes_in(path: Path, bundle: Bundle) -> list[str]:
    """Return the codes of a text file, one a line, sorted; MarketError names the line of an unknown one."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (FileNotFoundError, IsADirectoryError):
        raise MarketError(f"{path}: no such file") from None
    except UnicodeDecodeError as problem:
        raise MarketError(f"{path}: not UTF-8 text ({problem})") from None
    known = set(bundle.securities.index)
    codes = {line.strip(): number for number, line in enumerate(lines, 1) if line.strip()}
    for code, number in codes.items():
        if code not in known:
            raise MarketError(f"{path} line {number}: unknown code {code!r}{nearest(code, sorted(known))}")
    if not codes:
        raise MarketError(f"{path}: no codes; write one a line, e.g. 600519.XSHG")
    return sorted(codes)
