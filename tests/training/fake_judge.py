"""A judge without a market: rewards are a function of the tokens, so that the search itself can be tested."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sdk.training.judgement import Judgement

LOG_VOL, NEG = 5, 10


class FakeJudge:
    """Pays for LOG_VOL and DEV, a little less for every token; calm months pay for RET instead."""

    banned: frozenset[str] = frozenset()

    def judge_all(self, lists: Sequence[tuple[int, ...]]) -> list[Judgement]:
        return [self._judge(tokens) for tokens in lists]

    def _judge(self, tokens: tuple[int, ...]) -> Judgement:
        reward = tokens.count(LOG_VOL) - 0.5 * tokens.count(0) - 0.01 * len(tokens)
        calm = tokens.count(0) - 0.01 * len(tokens)
        counts = np.bincount(tokens, minlength=60).astype(np.float64)
        behaviour = np.r_[counts, len(tokens)] - np.r_[counts, len(tokens)].mean()
        print_ = (behaviour / np.linalg.norm(behaviour)).astype(np.float16)
        portfolio = hash(tuple(sorted(tokens)))
        return Judgement(reward, calm, reward, reward, 0.5, 0.0, float("nan"), 1.0, portfolio, print_)
