"""scores.csv: code, score, score_hex, rank, best first; whose scores on which day.

``score`` is the shortest decimal that reads back as the same float64, ``score_hex`` its 64 bits (big-endian) as in
the audit line, both ``nan`` where a bar of the window is missing; such stocks come last. Equal scores order by the
secondary keys of jq_strategy.ranking.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jq_strategy.audit import score_hex
from jq_strategy.ranking import rank_stocks
from sdk.errors import MarketError, nearest
from sdk.market.bundle import Bundle


def score_table(
    codes: list[str],
    scores: np.ndarray,
    keys: tuple[str, ...] = ("code",),
    held: Sequence[str] = (),
    money: np.ndarray | None = None,
) -> str:
    """Return the text of scores.csv; the same scores give the same bytes whatever the order of the codes.

    ``held`` and ``money`` (stocks,) are read by the keys of these names.
    """
    lines = ["code,score,score_hex,rank"]
    for rank, place in enumerate(rank_stocks(codes, scores, keys, held, money), 1):
        score = float(scores[place]) + 0.0
        lines.append(f"{codes[place]},{score!r},{score_hex(score)},{rank}")
    return "\n".join(lines) + "\n"


def pool_of(bundle: Bundle, index: str, day: np.datetime64) -> tuple[list[str], str]:
    """Return the members of an index on a day, and words for it.

    A bundle that knows no index offers all stocks listed on the day. MarketError for an index that it does not know
    beside others, and for an empty pool.
    """
    if len(bundle.index_members):
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
    codes = {line.strip(): f"{path} line {number}" for number, line in enumerate(lines, 1) if line.strip()}
    _require_known(codes, bundle)
    if not codes:
        raise MarketError(f"{path}: no codes; write one a line, e.g. 600519.XSHG")
    return sorted(codes)


def held_codes(given: str, bundle: Bundle) -> list[str]:
    """Return the codes of ``--held``: a text file, one a line, or the codes themselves with commas between them."""
    if Path(given).is_file():
        return codes_in(Path(given), bundle)
    codes = {code.strip(): "--held (no file of this name)" for code in given.split(",")}
    _require_known(codes, bundle)
    return sorted(codes)


def _require_known(codes: dict[str, str], bundle: Bundle) -> None:
    """Raise MarketError for the first of ``codes`` (code -> where it stands) that the bundle does not know."""
    known = set(bundle.securities.index)
    for code, where in codes.items():
        if code not in known:
            raise MarketError(f"{where}: unknown code {code!r}{nearest(code, sorted(known))}")
