"""One training step the plain way, written out for comparison, in plain torch.

Sampling runs a full forward over everything written so far for each new token and keeps the graph of all of them;
each formula is scored for itself on the whole panel (benchmarks/stack_machine.py); its reward is a Python loop over
the months; one backward pass through the growing graph. Network, masks, optimiser and loss are those of sdk/training,
so that only the way differs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks import stack_machine
from sdk.scoring.monthly import Costs, MonthlyMarket
from sdk.training.config import TrainConfig
from sdk.training.grammar import Grammar
from sdk.training.learn import make_policy
from sdk.training.objective import standardised


@dataclass(frozen=True)
class PlainSeconds:
    """Wall seconds of one whole step, by part, and its CPU seconds; judging was measured on a part and scaled up."""

    sample: float
    judge: float
    update: float
    cpu: float

    @property
    def step(self) -> float:
        """All of it."""
        return self.sample + self.judge + self.update


def plain_step(
    config: TrainConfig, features: dict[str, Tensor], market: MonthlyMarket, judged: int, top_k: int = 10
) -> PlainSeconds:
    """Run one step from an untrained policy; score and reward the first ``judged`` formulas of the batch.

    ``features``: name -> (stocks, days) float32.
    """
    grammar = Grammar(config.vocabulary, config.max_length, raw=config.masking == "raw")
    policy, optimiser = make_policy(config, grammar)
    torch.set_num_threads(config.network_threads)
    start, cpu = time.perf_counter(), time.process_time()
    lists, chance, entropy = _sampled(config, grammar, policy)
    sampled, cpu_sampled = time.perf_counter(), time.process_time()
    rewards = []
    for tokens in lists[:judged]:
        panel = stack_machine.scores(tokens, config.vocabulary, features)
        rewards.append(stack_machine.monthly_reward(panel, market, top_k, Costs()))
    rewarded, cpu_rewarded = time.perf_counter(), time.process_time()
    earned = torch.tensor((rewards * -(-len(lists) // judged))[: len(lists)], dtype=torch.float32)
    loss = -(standardised(earned) * chance).mean() - config.entropy * entropy
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
    optimiser.step()
    done, cpu_done = time.perf_counter(), time.process_time()
    scale = len(lists) / judged
    cpu = cpu_sampled - cpu + (cpu_rewarded - cpu_sampled) * scale + cpu_done - cpu_rewarded
    return PlainSeconds(sampled - start, (rewarded - sampled) * scale, done - rewarded, cpu)


def _sampled(
    config: TrainConfig, grammar: Grammar, policy: torch.nn.Module
) -> tuple[list[tuple[int, ...]], Tensor, Tensor]:
    """Return repaired lists, the log-chance of each with its graph (batch,), and the mean entropy of a token."""
    generator = torch.Generator().manual_seed(config.seed)
    written = torch.full((config.batch, 1), int(policy.start))  # type: ignore[call-overload]
    depths = np.zeros((config.batch, 1), dtype=np.int64)
    ended = np.zeros(config.batch, dtype=bool)
    chance, entropies = torch.zeros(config.batch), []
    for place in range(config.max_length + 1):
        mask = torch.from_numpy(grammar.allowed(config.max_length - place, depths[:, -1], ended))
        said = policy(written, torch.from_numpy(depths))[0][:, -1]
        logs = torch.log_softmax(said.masked_fill(~mask, -torch.inf), dim=-1)
        newest = torch.multinomial(logs.detach().exp(), 1, generator=generator)
        chance = chance + logs.gather(-1, newest)[:, 0]
        known = logs.masked_fill(~mask, 0.0)
        entropies.append(-(known.exp() * known * mask).sum(dim=-1).mean())
        drawn = newest[:, 0].numpy()
        written = torch.cat([written, newest], dim=1)
        depths = np.concatenate([depths, grammar.depth_after(depths[:, -1], drawn)[:, None]], axis=1)
        ended |= drawn == grammar.end
    rows = written[:, 1:].tolist()
    raw = [tuple(token for token in row if token != grammar.end) for row in rows]
    return [grammar.legal(tokens) for tokens in raw], chance, torch.stack(entropies).mean()
