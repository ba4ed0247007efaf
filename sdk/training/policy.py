"""The policy: a small looped transformer that writes a formula token by token.

It sees a start mark, the tokens so far, and the depth of the stack after each of them; it gives the log-chance of
every next token and an estimate of the reward.

    x = token + place + depth
    for each layer, ``loops`` times with the same weights:
        x = x + out(attention(rms(q), rms(k), v)),  q k v from rms(x)         QK-norm: no logit can run away
        x = x + down(silu(left) right),  left and right from rms(x)           SwiGLU
    chances = sum over heads m of  softmax(gate)_m  softmax(logits_m)         a mixture keeps several habits alive
    value = one number a place

No dropout. Sampling keeps the keys and values of what has been written, one cache a layer and loop, and runs one new
place at a time; the pass for the gradient runs all places at once. Both compute the same function.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

Cache = list[tuple[Tensor, Tensor]]  # keys and values (batch, heads, written, width ÷ heads) of each layer and loop


class Block(nn.Module):
    """Attention over what has been written, then a gated feed-forward; both with residuals."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention = nn.RMSNorm(width)
        self.norm_forward = nn.RMSNorm(width)
        self.norm_query = nn.RMSNorm(width // heads)
        self.norm_key = nn.RMSNorm(width // heads)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gate = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(2 * width, width, bias=False)

    def forward(self, x: Tensor, before: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the new x and all keys and values; ``before`` are those of earlier places, x then the newest one."""
        batch, length, width = x.shape
        parts = self.query_key_value(self.norm_attention(x)).chunk(3, dim=-1)
        query, key, value = (part.view(batch, length, self.heads, -1).transpose(1, 2) for part in parts)
        query, key = self.norm_query(query), self.norm_key(key)
        if before is not None:
            key, value = torch.cat([before[0], key], dim=2), torch.cat([before[1], value], dim=2)
        attended = functional.scaled_dot_product_attention(query, key, value, is_causal=before is None)
        x = x + self.out(attended.transpose(1, 2).reshape(batch, length, width))
        left, right = self.gate(self.norm_forward(x)).chunk(2, dim=-1)
        return x + self.down(functional.silu(left) * right), (key, value)


class Policy(nn.Module):
    """Log-chances of the next token and values, for each place of a batch of unfinished formulas."""

    def __init__(
        self, tokens: int, max_length: int, width: int, layers: int, heads: int, loops: int = 3, mixture: int = 2
    ) -> None:
        super().__init__()
        self.start = tokens + 1  # ids: 0 ... tokens - 1, the end mark, the start mark
        self.loops, self.mixture = loops, mixture
        self.token = nn.Embedding(tokens + 2, width)
        self.place = nn.Embedding(max_length + 1, width)
        self.depth = nn.Embedding(max_length + 2, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.RMSNorm(width)
        self.mixing = nn.Linear(width, mixture)
        self.logits = nn.Linear(width, mixture * (tokens + 1))
        self.value = nn.Linear(width, 1)
        for flat in (self.logits, self.value):  # all tokens alike at the start, and no opinion on the reward
            nn.init.zeros_(flat.weight)
            nn.init.zeros_(flat.bias)

    def forward(self, written: Tensor, depths: Tensor) -> tuple[Tensor, Tensor]:
        """Return log-chances (batch, places, tokens + 1) and values (batch, places) of ids and stack depths."""
        x = self._embedded(written, depths, 0)
        for block in self.blocks:
            for _ in range(self.loops):
                x, _ = block(x)
        return self._said(x)

    def next_token(self, newest: Tensor, depths: Tensor, cache: Cache) -> Tensor:
        """Return the log-chances after one more token a formula: (batch, tokens + 1); the cache grows by a place."""
        x = self._embedded(newest[:, None], depths[:, None], cache[0][0].shape[2] if cache else 0)
        turn = 0
        for block in self.blocks:
            for _ in range(self.loops):
                x, kept = block(x, cache[turn] if turn < len(cache) else None)
                cache[turn : turn + 1] = [kept]
                turn += 1
        return self._said(x)[0][:, 0]

    def attention_weights(self) -> list[Tensor]:
        """Return the square matrices of attention, (width, width): query, key, value and output of each layer."""
        return [
            part
            for block in self.blocks
            for part in (*block.query_key_value.weight.chunk(3, dim=0), block.out.weight)  # type: ignore[union-attr, operator]
        ]

    def _embedded(self, written: Tensor, depths: Tensor, first: int) -> Tensor:
        places = torch.arange(first, first + written.shape[1], device=written.device)
        return self.token(written) + self.place(places) + self.depth(depths)

    def _said(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.norm(x)
        each = torch.log_softmax(self.logits(x).unflatten(-1, (self.mixture, -1)), dim=-1)
        weights = torch.log_softmax(self.mixing(x), dim=-1)
        return torch.logsumexp(each + weights[..., None], dim=-2), self.value(x)[..., 0]
