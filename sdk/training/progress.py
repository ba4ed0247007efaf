"""What a run says about each of its updates, and the count of what it has tried."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class StepRecord:
    """What one update saw. Rewards in the units of the settings' reward; shares of the batch; entropy in nats.

    ``distinct``: different lists; ``portfolios``: different choices of stocks; ``overlap``: mean of the largest rank
    correlation with the pool; ``judged``: different lists so far; ``trials``: different portfolios so far.
    """

    step: int
    mean_reward: float
    best_reward: float
    best_so_far: float
    entropy: float
    distinct: float
    portfolios: float
    entropy_weight: float
    overlap: float
    epsilon: float
    stable_rank: float
    judged: int
    trials: int

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


class Seen:
    """Counts different lists and different portfolios, 8 bytes each."""

    def __init__(self, lists: Iterable[int] = (), portfolios: Iterable[int] = ()) -> None:
        self._lists, self._portfolios = dict.fromkeys(lists), dict.fromkeys(portfolios)

    @property
    def lists(self) -> int:
        """How many different token lists."""
        return len(self._lists)

    @property
    def portfolios(self) -> int:
        """How many different portfolios."""
        return len(self._portfolios)

    def add(self, lists: Sequence[tuple[int, ...]], portfolios: Iterable[int]) -> None:
        """Count a batch."""
        self._lists.update(dict.fromkeys(map(_number, lists)))
        self._portfolios.update(dict.fromkeys(map(_signed, portfolios)))

    def tensors(self) -> dict[str, Tensor]:
        """Return both as int64 tensors."""
        return {
            "seen.lists": torch.tensor(list(self._lists), dtype=torch.int64),
            "seen.portfolios": torch.tensor(list(self._portfolios), dtype=torch.int64),
        }

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> Seen:
        """Return what ``tensors`` wrote."""
        return cls(tensors["seen.lists"].tolist(), tensors["seen.portfolios"].tolist())


def _number(tokens: tuple[int, ...]) -> int:
    """Return a 64-bit number of a token list (FNV-1a over its ids; equal numbers by chance: 1 in 10 ** 9 runs)."""
    value = 0xCBF29CE484222325
    for token in tokens:
        value = ((value ^ (token + 1)) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return _signed(value)


def _signed(value: int) -> int:
    """Return 64 bits as a number that int64 holds."""
    return (value + 2**63) % 2**64 - 2**63
