"""The plain way, as a yardstick: a torch stack machine over the whole panel and a reward by a loop over months.

float32, one thread, each formula for itself: how published systems of this kind evaluate. Rolling sums by cumsum, the
cheapest way torch has; its scores are not the kernel's bits and are used for timing only.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from jq_strategy import formula as language


def _lag(x: Tensor, days: int) -> Tensor:
    return torch.cat([torch.zeros_like(x[:, :days]), x[:, :-days]], dim=1)


def _rolling_sum(x: Tensor, days: int) -> Tensor:
    total = torch.cumsum(x, dim=1)
    return total - _lag(total, days)


def _jump(x: Tensor) -> Tensor:
    mean = _rolling_sum(x, 120) / 120
    variance = (_rolling_sum(x * x, 120) - 120 * mean * mean) / 119
    return torch.relu((x - mean) / (torch.sqrt(torch.relu(variance)) + 1e-6) - 3.0)


OPERATORS = {
    "ADD": lambda x, y: x + y,
    "SUB": lambda x, y: x - y,
    "MUL": lambda x, y: x * y,
    "DIV": lambda x, y: x / (y + 1e-6),
    "NEG": lambda x: -x,
    "ABS": torch.abs,
    "SIGN": torch.sign,
    "GATE": lambda c, x, y: torch.where(c > 0, x, y),
    "JUMP": _jump,
    "DECAY": lambda x: x + 0.8 * _lag(x, 1) + 0.6 * _lag(x, 2),
    "DELAY1": lambda x: _lag(x, 1),
    "MAX3": lambda x: torch.maximum(torch.maximum(x, _lag(x, 1)), _lag(x, 2)),
    "TSUM20": lambda x: _rolling_sum(x, 20),
}


def scores(tokens: tuple[int, ...], vocabulary: str, features: dict[str, Tensor]) -> Tensor:
    """Return the scores of every stock and day: (stocks, days) float32, checked for NaN after each operator."""
    names = language.token_names(vocabulary)
    stack: list[Tensor] = []
    for token in tokens:
        name = names[token]
        arity = language.arity_of(name)
        if not arity:
            stack.append(features[name])
            continue
        operands = stack[-arity:]
        del stack[-arity:]
        value = OPERATORS[name](*operands)
        if torch.isnan(value).any() or torch.isinf(value).any():
            value = torch.nan_to_num(value, nan=0.0, posinf=0.0, neginf=0.0)
        stack.append(value)
    return stack[0]


def monthly_reward(panel: Tensor, signal_days: np.ndarray, growth: Tensor, k: int, cost: float) -> float:
    """Return the mean monthly return of the top-K portfolio, one month after the other."""
    held: set[int] = set()
    returns = []
    for month in range(growth.shape[1]):
        ranked = torch.argsort(panel[:, int(signal_days[month])], descending=True, stable=True)
        chosen = ranked[:k].tolist()
        turnover = len(set(chosen) - held) / k
        returns.append(sum(growth[row, month].item() for row in chosen) / k - turnover * cost)
        held = set(chosen)
    return float(np.mean(returns))
