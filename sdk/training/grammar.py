"""Which token may come next, so that every sampled postfix list is legal and ends within its length.

The state of a postfix list is the depth of its stack and the number of places left. A token is allowed when its
operands are there and when the stack can still be brought down to one value in the places that remain. The end mark
is allowed exactly at depth one.

Without the grammar (``raw``) every token may come at every place and the end mark anywhere but first; what was
written is then repaired. Tokens that the market refuses are banned in both ways.
"""

from __future__ import annotations

import numpy as np

from jq_strategy import formula as language


class Grammar:
    """Masks over the tokens of a vocabulary plus the end mark (the last id)."""

    def __init__(
        self, vocabulary: str, max_length: int, banned: frozenset[str] = frozenset(), raw: bool = False
    ) -> None:
        names = language.token_names(vocabulary)
        arities = [language.arity_of(name) for name in names]
        self.vocabulary, self.raw = vocabulary, raw
        self.end = len(names)
        self.max_length = max_length
        self._change = np.array([1 - arity for arity in arities] + [0])
        welcome = np.array([name not in banned for name in names])
        widest = max(arities)
        self._masks = np.zeros((max_length + 1, max_length + 2, len(names) + 1), dtype=bool)
        for left in range(max_length + 1):
            for depth in range(max_length + 2):
                if raw:
                    self._masks[left, depth] = [*(welcome & (left > 0)), left < max_length]
                    continue
                for token, arity in enumerate(arities):
                    after = depth + 1 - arity
                    reducible = -(-(after - 1) // (widest - 1))  # tokens needed to come down to one value
                    self._masks[left, depth, token] = welcome[token] and depth >= arity and reducible <= left - 1
                self._masks[left, depth, self.end] = depth == 1

    def allowed(self, places_left: int, depths: np.ndarray, ended: np.ndarray) -> np.ndarray:
        """Return the allowed tokens for some stacks: bool (batch, tokens + 1); only the end after the end."""
        mask = self._masks[places_left, depths]
        mask[ended] = False
        mask[ended, self.end] = True
        return mask

    def depth_after(self, depths: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """Return the depths after the given tokens; the end mark changes nothing, a starved operator neither."""
        after = depths + self._change[tokens]
        return np.where(after >= 1, after, depths) if self.raw else after

    def legal(self, tokens: tuple[int, ...]) -> tuple[int, ...]:
        """Return the repaired list; under the grammar it is the list itself."""
        return tuple(language.repair(tokens, self.vocabulary).repaired) if self.raw else tokens
