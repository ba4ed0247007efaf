"""R22: formulas with two distinct scores passed, because the order of codes is a portfolio. Here ties cost reward.

The share of the months whose cut falls into a tie is measured, taken off the reward and handed on as a figure; the
gate on it is tested with the gates.
"""

from __future__ import annotations

import numpy as np
import pytest

from jq_strategy import formula as language
from sdk.market.bundle import Bundle
from sdk.scoring.ties import tie_share, tie_statistics
from sdk.training.config import make_config
from sdk.training.reward import Judge
from tests.bundles import small_market

NAMES = language.token_names("v2")
TWO_SCORES = (NAMES.index("RET"), NAMES.index("SIGN"))
MANY_SCORES = (NAMES.index("RET"), NAMES.index("DEV"), NAMES.index("ADD"))
CONSTANT = (NAMES.index("RET"), NAMES.index("RET"), NAMES.index("SUB"))
SHORT = {"train": ["2018-01-01", "2019-12-31"], "top_k": 5}


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(small_market(), verify=False)


@pytest.mark.parametrize("penalty", [0.0, 0.01, 0.5])
def test_the_tie_share_is_taken_off_the_reward(bundle: Bundle, penalty: float) -> None:
    judge = Judge(bundle, make_config({**SHORT, "tie_penalty": penalty}))
    for tokens in (TWO_SCORES, MANY_SCORES):
        found = judge.judge(tokens)
        days = tie_statistics(np.where(judge.market.members, judge.scores(tokens), np.nan)[:, :-1], 5)
        assert found.tie_share == pytest.approx(tie_share(days))
        assert found.reward == pytest.approx(found.excess - penalty * found.tie_share)
    assert judge.judge(TWO_SCORES).tie_share > 0.9
    assert judge.judge(MANY_SCORES).tie_share < 0.1


def test_what_has_one_score_for_all_gets_the_floor_of_the_reward_asked_for(bundle: Bundle) -> None:
    for reward, floor in (("excess", -0.05), ("ic", -0.1), ("sortino", -2.0)):
        found = Judge(bundle, make_config({**SHORT, "reward": {reward: 1.0}})).judge(CONSTANT)
        assert found.reward == found.calm_reward == floor
        assert found.tie_share == 1.0
