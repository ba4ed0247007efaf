"""Which token may come next, so that every sampled postfix list is legal and ends within its length.

The state of a postfix list is the depth of its stack and the number of places left. A token is allowed when its
operands are there and when the stack can still be brought down to one value in the places that remain. The end mark
is allowed exactly at depth one.
"""

from __future__ import annotations

import numpy as np

from jq_strategy import formula as language


class Grammar:
    """Masks over the tokens of a vocabulary plus the end mark (the last id)."""

    def __init__(self, vocabulary: str, max_length: int, banned: frozenset[str] = frozenset()) -> None:
        names = language.token_names(vocabulary)
        self.arities = [language.arity_of(name) for name in names]
        self.end = len(names)
        self.max_length = max_length
        widest = max(self.arities)
        self._masks = np.zeros((max_length + 1, max_length + 2, len(names) + 1), dtype=bool)
        for left in range(max_length + 1):
            for depth in range(max_length + 2):
                for token, (name, arity) in enumerate(zip(names, self.arities, strict=True)):
                    after = depth + 1 - arity
                    reducible = -(-(after - 1) // (widest - 1))  # tokens needed to come down to one value
                    self._masks[left, depth, token] = name not in banned and depth >= arity and reducible <= left - 1
                self._masks[left, depth, self.end] = depth == 1

    def mask(self, places_left: int, depths: np.ndarray) -> np.ndarray:
        """Return the allowed tokens for stacks of the given depths: bool (batch, tokens + 1)."""
        return self._masks[places_left, depths]

    def depth_after(self, depths: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """Return the depths after the given tokens; the end mark changes nothing."""
        change = np.array([1 - arity for arity in self.arities] + [0])
        return depths + change[tokens]
