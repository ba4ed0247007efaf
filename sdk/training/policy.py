"""The policy: a small causal transformer that writes a formula token by token.

It sees a start mark, the tokens so far, and the depth of the stack after each of them; it gives one logit a token.
Pre-norm blocks of attention and a gated feed-forward, no dropout, so that sampling and the pass for the gradient
compute the same probabilities.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Attention over what has been written, then a gated feed-forward; both with residuals."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention = nn.RMSNorm(width)
        self.norm_forward = nn.RMSNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gate = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(2 * width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        parts = self.query_key_value(self.norm_attention(x)).chunk(3, dim=-1)
        query, key, value = (part.view(batch, length, self.heads, -1).transpose(1, 2) for part in parts)
        attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(attended.transpose(1, 2).reshape(batch, length, width))
        left, right = self.gate(self.norm_forward(x)).chunk(2, dim=-1)
        return x + self.down(functional.silu(left) * right)


class Policy(nn.Module):
    """Logits of the next token for each place of a batch of unfinished formulas."""

    def __init__(self, tokens: int, max_length: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.start = tokens + 1  # ids: 0 ... tokens - 1, the end mark, the start mark
        self.token = nn.Embedding(tokens + 2, width)
        self.place = nn.Embedding(max_length + 1, width)
        self.depth = nn.Embedding(max_length + 2, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.RMSNorm(width)
        self.logits = nn.Linear(width, tokens + 1)
        nn.init.zeros_(self.logits.weight)
        nn.init.zeros_(self.logits.bias)

    def forward(self, written: Tensor, depths: Tensor) -> Tensor:
        """Return logits (batch, places, tokens + 1) for token ids and stack depths (batch, places)."""
        places = torch.arange(written.shape[1], device=written.device)
        x = self.token(written) + self.place(places) + self.depth(depths)
        for block in self.blocks:
            x = block(x)
        return self.logits(self.norm(x))
