"""The plain way, as a yardstick: a torch stack machine over the whole panel and a reward by a loop over months.

float32, one thread, each formula for itself: how published systems of this kind evaluate. Rolling windows either by
``unfold``, as they have them, or by cumsum, the cheapest way torch has (``TUNED``). Its scores are not the kernel's
bits and are used for timing only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from jq_strategy import formula as language
from sdk.scoring.monthly import Costs, MonthlyMarket


def _lag(x: Tensor, days: int) -> Tensor:
    return torch.cat([torch.zeros_like(x[:, :days]), x[:, :-days]], dim=1)


def _windows(x: Tensor, days: int) -> Tensor:
    return torch.cat([torch.zeros_like(x[:, : days - 1]), x], dim=1).unfold(1, days, 1)


def _jump(x: Tensor) -> Tensor:
    w = _windows(x, 120)
    return torch.relu((x - w.mean(-1)) / (w.std(-1) + 1e-6) - 3.0)


def _tuned_sum(x: Tensor, days: int) -> Tensor:
    total = torch.cumsum(x, dim=1)
    return total - _lag(total, days)


def _tuned_jump(x: Tensor) -> Tensor:
    mean = _tuned_sum(x, 120) / 120
    variance = (_tuned_sum(x * x, 120) - 120 * mean * mean) / 119
    return torch.relu((x - mean) / (torch.sqrt(torch.relu(variance)) + 1e-6) - 3.0)


Operators = Mapping[str, Callable[..., Tensor]]

OPERATORS: Operators = {
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
    "TSUM20": lambda x: _windows(x, 20).sum(-1),
}
TUNED = {**OPERATORS, "JUMP": _tuned_jump, "TSUM20": lambda x: _tuned_sum(x, 20)}


def scores(
    tokens: tuple[int, ...], vocabulary: str, features: dict[str, Tensor], operators: Operators = OPERATORS
) -> Tensor:
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
        value = operators[name](*operands)
        if torch.isnan(value).any() or torch.isinf(value).any():
            value = torch.nan_to_num(value, nan=0.0, posinf=0.0, neginf=0.0)
        stack.append(value)
    return stack[0]


def monthly_reward(panel: Tensor, market: MonthlyMarket, k: int, costs: Costs) -> float:
    """Return the mean monthly return of the top-K portfolio by the rules of sdk/scoring, month after month."""
    buyable, sellable = torch.from_numpy(market.buyable), torch.from_numpy(market.sellable)
    members, growth = torch.from_numpy(market.members), torch.from_numpy(market.growth).to(panel.dtype)
    held, cash, returns = torch.zeros(len(growth), dtype=panel.dtype), 1.0, []
    for month in range(growth.shape[1]):
        scored = panel[:, int(market.signal_days[month])]
        scored = torch.where(members[:, month] & ~torch.isnan(scored), scored, -torch.inf)
        chosen = torch.sort(scored, descending=True, stable=True).indices[:k]
        value = cash + held.sum().item()
        wanted = torch.zeros_like(held)
        wanted[chosen] = value / k
        wanted = torch.where(buyable[:, month], wanted, torch.minimum(wanted, held))
        wanted = torch.where(sellable[:, month], wanted, torch.maximum(wanted, held))
        sold = torch.relu(held - wanted)
        cash += sold.sum().item() * (1.0 - costs.sell)
        held = held - sold
        for row in chosen.tolist():  # in rank order, until the cash is spent
            bought = min((wanted[row] - held[row]).item(), max(cash, 0.0))
            held[row] += bought
            cash -= bought * (1.0 + costs.buy)
        held = held * (1.0 + growth[:, month])
        returns.append((cash + held.sum().item()) / value - 1.0)
    return sum(returns) / len(returns)
