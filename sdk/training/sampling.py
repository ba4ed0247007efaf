"""Sampling of whole formulas under the grammar, and the probability of what was sampled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sdk.training.grammar import Grammar
from sdk.training.policy import Policy


@dataclass(frozen=True)
class Sample:
    """A batch of formulas: token ids with end marks (batch, places), the masks they were drawn under, the depths."""

    tokens: Tensor
    masks: Tensor
    depths: Tensor
    lists: tuple[tuple[int, ...], ...]

    def rows(self, places: list[int]) -> Sample:
        """Return some formulas of the batch, in the order of ``places``."""
        lists = tuple(self.lists[place] for place in places)
        return Sample(self.tokens[places], self.masks[places], self.depths[places], lists)

    def joined(self, other: Sample) -> Sample:
        """Return this batch followed by another."""
        return Sample(
            torch.cat([self.tokens, other.tokens]),
            torch.cat([self.masks, other.masks]),
            torch.cat([self.depths, other.depths]),
            self.lists + other.lists,
        )


@torch.no_grad()
def sample_formulas(policy: Policy, grammar: Grammar, batch: int, generator: torch.Generator) -> Sample:
    """Draw ``batch`` legal formulas of at most ``max_length`` tokens."""
    places = grammar.max_length + 1
    written = torch.full((batch, 1), policy.start)
    depths = np.zeros(batch, dtype=np.int64)
    depth_columns, masks, tokens = [torch.zeros(batch, dtype=torch.long)], [], []
    ended = np.zeros(batch, dtype=bool)
    for place in range(places):
        allowed = grammar.mask(grammar.max_length - place, depths)
        allowed[ended] = False
        allowed[ended, grammar.end] = True
        mask = torch.from_numpy(allowed)
        logits = policy(written, torch.stack(depth_columns, dim=1))[:, -1]
        chances = torch.softmax(logits.masked_fill(~mask, -torch.inf), dim=-1)
        drawn = torch.multinomial(chances, 1, generator=generator).squeeze(1)
        tokens.append(drawn)
        masks.append(mask)
        depths = grammar.depth_after(depths, drawn.numpy())
        ended |= drawn.numpy() == grammar.end
        if place + 1 < places:
            written = torch.cat([written, drawn[:, None]], dim=1)
            depth_columns.append(torch.from_numpy(depths.copy()))
    table = torch.stack(tokens, dim=1)
    lists = tuple(tuple(token for token in row if token != grammar.end) for row in table.tolist())
    return Sample(table, torch.stack(masks, dim=1), torch.stack(depth_columns, dim=1), lists)


def log_probability(policy: Policy, sample: Sample) -> tuple[Tensor, Tensor]:
    """Return the log-probability of each formula and its mean entropy a written token: two tensors (batch,)."""
    start = torch.full((sample.tokens.shape[0], 1), policy.start)
    written = torch.cat([start, sample.tokens[:, :-1]], dim=1)
    logits = policy(written, sample.depths).masked_fill(~sample.masks, -torch.inf)
    chances = torch.log_softmax(logits, dim=-1)
    taken = chances.gather(-1, sample.tokens[..., None]).squeeze(-1)
    finite = chances.masked_fill(~sample.masks, 0.0)
    entropy = -(finite.exp() * finite * sample.masks).sum(dim=-1)
    free = sample.masks.sum(dim=-1) > 1  # places where there was a choice
    return taken.sum(dim=-1), (entropy * free).sum(dim=-1) / free.sum(dim=-1).clamp(min=1)
