"""Sampling of whole formulas, and the chances of what was sampled.

``masking = "grammar"``: every list is legal by construction and ends within its length. ``masking = "raw"``: only
tokens that the market refuses are masked, and the list is repaired afterwards; the raw list is kept beside the
repaired one. ε-greedy: with chance ε a token is drawn evenly from the allowed ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sdk.training.grammar import Grammar
from sdk.training.policy import Cache, Policy

Tokens = tuple[int, ...]


@dataclass(frozen=True)
class Sample:
    """Formulas: ids with end marks, and stack depths (formulas, places); masks (formulas, places, tokens + 1).

    ``raw`` are the lists as written, ``lists`` what was made of them by repair: the same under the grammar. All
    places after the first end mark hold end marks.
    """

    tokens: Tensor
    depths: Tensor
    masks: Tensor
    raw: tuple[Tokens, ...]
    lists: tuple[Tokens, ...]

    def rows(self, places: list[int]) -> Sample:
        """Return some formulas of the batch, in the order of ``places``."""
        return Sample(
            *(getattr(self, name)[places] for name in ("tokens", "depths", "masks")),
            *(tuple(getattr(self, name)[place] for place in places) for name in ("raw", "lists")),
        )

    def unique(self) -> tuple[Sample, Tensor]:
        """Return the distinct raw lists in the order of their first place, and which of them each formula is."""
        first: dict[Tokens, int] = {}
        which = torch.tensor([first.setdefault(tokens, len(first)) for tokens in self.raw])
        places: dict[Tokens, int] = {}
        for place, tokens in enumerate(self.raw):
            places.setdefault(tokens, place)
        return self.rows(list(places.values())), which


@torch.no_grad()
def sample_formulas(
    policy: Policy, grammar: Grammar, batch: int, generator: torch.Generator, epsilon: float = 0.0
) -> Sample:
    """Draw ``batch`` formulas of at most ``max_length`` tokens."""
    device = policy.token.weight.device
    newest, depths = torch.full((batch,), policy.start, device=device), np.zeros(batch, dtype=np.int64)
    ended = np.zeros(batch, dtype=bool)
    cache: Cache = []
    tokens, depth_columns, masks = [], [], []
    for place in range(grammar.max_length + 1):
        allowed = grammar.allowed(grammar.max_length - place, depths, ended)
        depth_columns.append(torch.from_numpy(depths).to(device))
        mask = torch.from_numpy(allowed).to(device)
        chances = policy.next_token(newest, depth_columns[-1], cache).masked_fill(~mask, -torch.inf).softmax(dim=-1)
        if epsilon > 0.0:
            chances = (1.0 - epsilon) * chances + epsilon * mask / mask.sum(dim=-1, keepdim=True)
        newest = torch.multinomial(chances, 1, generator=generator).squeeze(1)
        drawn = newest.cpu().numpy()
        tokens.append(newest)
        masks.append(mask)
        depths = grammar.depth_after(depths, drawn)
        ended |= drawn == grammar.end
        if ended.all():
            break
    return from_columns(tokens, depth_columns, masks, grammar)


def from_columns(tokens: list[Tensor], depths: list[Tensor], masks: list[Tensor], grammar: Grammar) -> Sample:
    """Put the places of a batch side by side."""
    table = torch.stack(tokens, dim=1)
    raw = tuple(tuple(token for token in row if token != grammar.end) for row in table.tolist())
    return Sample(table, torch.stack(depths, dim=1), torch.stack(masks, dim=1), raw, tuple(map(grammar.legal, raw)))


def sample_of(lists: list[Tokens], grammar: Grammar, device: torch.device | str = "cpu") -> Sample:
    """Return given raw lists as if they had been drawn: each place with the mask that sampling would have used.

    The lists must be ones that sampling can draw.
    """
    width = max(len(tokens) for tokens in lists) + 1
    table = np.full((len(lists), width), grammar.end, dtype=np.int64)
    for row, tokens in enumerate(lists):
        table[row, : len(tokens)] = tokens
    depths, ended = np.zeros(len(lists), dtype=np.int64), np.zeros(len(lists), dtype=bool)
    depth_columns, masks = [], []
    for place in range(width):
        masks.append(torch.from_numpy(grammar.allowed(grammar.max_length - place, depths, ended)).to(device))
        depth_columns.append(torch.from_numpy(depths).to(device))
        depths = grammar.depth_after(depths, table[:, place])
        ended |= table[:, place] == grammar.end
    columns = [torch.from_numpy(column).to(device) for column in np.ascontiguousarray(table.T)]
    return from_columns(columns, depth_columns, masks, grammar)


@dataclass(frozen=True)
class Chances:
    """Of each formula and place: log-chance of the token that was taken, entropy, value; ``free`` where there was a
    choice. All (formulas, places)."""

    taken: Tensor
    entropy: Tensor
    value: Tensor
    free: Tensor

    def detached(self) -> Chances:
        """Return the same numbers without a gradient."""
        return Chances(self.taken.detach(), self.entropy.detach(), self.value.detach(), self.free)


def chances_of(policy: Policy, sample: Sample) -> Chances:
    """Run the pass for the gradient over all places at once."""
    start = torch.full_like(sample.tokens[:, :1], policy.start)
    said, value = policy(torch.cat([start, sample.tokens[:, :-1]], dim=1), sample.depths)
    chances = torch.log_softmax(said.masked_fill(~sample.masks, -torch.inf), dim=-1)
    taken = chances.gather(-1, sample.tokens[..., None]).squeeze(-1)
    finite = chances.masked_fill(~sample.masks, 0.0)
    entropy = -(finite.exp() * finite * sample.masks).sum(dim=-1)
    return Chances(taken, entropy, value, sample.masks.sum(dim=-1) > 1)
