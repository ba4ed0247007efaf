"""Ties: the secondary keys as a setting, their static order for a whole search, and how often a cut falls into one.

The rule itself is jq_strategy.ranking. Here it is checked where a user names keys, laid out once for all rebalances
(``tie_order``: what does not depend on the positions), and measured (``tie_statistics``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jq_strategy.ranking import KEY_RULES, ordered_keys, rank_stocks
from sdk.errors import ConfigError, JqalphaError, nearest


def checked_keys(keys: Sequence[str], where: str, error: type[JqalphaError] = ConfigError) -> tuple[str, ...]:
    """Return the keys with code last; ``error`` names the place, the key and the nearest valid one."""
    for key in keys:
        if key not in KEY_RULES:
            raise error(f"{where}: unknown rank key {key!r}{nearest(key, KEY_RULES)} (known: {', '.join(KEY_RULES)})")
    try:
        return ordered_keys(keys)
    except ValueError as problem:
        raise error(f"{where}: {problem}") from None


def keys_of_text(text: str, where: str) -> tuple[str, ...]:
    """Return the keys of a text such as ``held,money,code``; ConfigError for one that has no meaning."""
    return checked_keys([word.strip() for word in text.split(",")], where)


def tie_order(codes: Sequence[str], money: np.ndarray, keys: Sequence[str]) -> np.ndarray:
    """Return the place of each row among equal scores by the keys that positions do not change: (stocks, R) int64.

    ``money`` (stocks, R): traded value in CNY on each signal day, NaN last; its columns are the rebalances. Place 0
    comes first. Key held is left out: put held stocks before all others, then go by place; that is ``rank_stocks``
    with the same keys as long as held is the first of them. ``money`` gives R even where it is no key.
    """
    static = [key for key in ordered_keys(keys) if key != "held"]
    equal = np.zeros(len(codes))
    if "money" not in static:
        return np.repeat(_places(rank_stocks(codes, equal, static))[:, None], money.shape[1], axis=1)
    columns = [_places(rank_stocks(codes, equal, static, money=day)) for day in money.T]
    return np.stack(columns, axis=1) if columns else np.zeros(money.shape, dtype=np.int64)


def _places(order: list[int]) -> np.ndarray:
    """Turn an order (positions, best first) into the place of each position."""
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places


@dataclass(frozen=True)
class DayTies:
    """One day's scores around the cut after rank k.

    ``scored`` stocks have a score, ``distinct`` different ones. The group at the cut are the ``size`` stocks with
    the score of rank k, on ranks ``first`` to ``last`` (from 1), ``inside`` of them within the cut. With fewer than
    k scores, or k = 0, nothing is cut: the four are 0.
    """

    scored: int
    distinct: int
    size: int
    inside: int
    first: int
    last: int

    @property
    def cut_in_tie(self) -> bool:
        """Whether the secondary keys decided who was chosen."""
        return self.size > self.inside


def day_ties(scores: np.ndarray, k: int) -> DayTies:
    """Measure one day: scores (stocks,), NaN for a stock without a score; 0 and -0 are equal."""
    known = scores[~np.isnan(scores)]
    scored, distinct = len(known), len(np.unique(known))
    if not 1 <= k <= scored:
        return DayTies(scored, distinct, 0, 0, 0, 0)
    cut = np.sort(known)[scored - k]
    first, last = int((known > cut).sum()) + 1, int((known >= cut).sum())
    return DayTies(scored, distinct, last - first + 1, k - first + 1, first, last)


def tie_statistics(scores: np.ndarray, k: int) -> tuple[DayTies, ...]:
    """Measure every day of scores (stocks, R); put NaN where a stock is no member."""
    return tuple(day_ties(column, k) for column in scores.T)


def tie_share(days: Sequence[DayTies]) -> float:
    """Return the share of the days whose cut falls into a tie; NaN without days."""
    return sum(day.cut_in_tie for day in days) / len(days) if days else float("nan")
