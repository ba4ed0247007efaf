"""R12: training ranked every stock that was ever a member (364 for a pool of 300). Here: members of the day."""

from __future__ import annotations

import numpy as np

from sdk.market.bundle import Bundle
from sdk.scoring.monthly import Costs, monthly_market, top_k_portfolio
from sdk.training.config import make_config
from sdk.training.reward import Judge
from tests.bundles import small_market

FREE = Costs(0.0, 0.0, 0.0)


def test_the_reward_ranks_the_members_of_the_day_and_nobody_else() -> None:
    bundle = Bundle.open(small_market())
    market = monthly_market(bundle, "000300.XSHG", "2018-01-01", "2020-12-31")
    for month, day in enumerate(market.trade_days):
        members = set(bundle.members("000300.XSHG", bundle.days[day]))
        assert {
            code for code, inside in zip(market.codes, market.members[:, month], strict=True) if inside
        } == members
    outside = ~market.members
    assert outside.any()
    flat = np.zeros(market.members.shape)
    tempting = np.where(outside, 1e9, flat)
    chosen_by_flat = top_k_portfolio(market, flat, 5, FREE).returns
    np.testing.assert_array_equal(top_k_portfolio(market, tempting, 5, FREE).returns, chosen_by_flat)


def test_a_judge_ranks_the_members_of_the_day_that_have_been_listed_for_a_while() -> None:
    """Who is judged, and what breadth and fingerprints count, is never the union of all members."""
    bundle = Bundle.open(small_market())
    judge = Judge(bundle, make_config({"train": ["2018-01-01", "2020-12-31"], "top_k": 5}))
    scores = judge.scores((0, 4, 6))
    start = bundle.securities["start_date"]
    for month, day in enumerate(judge.dates):
        members = set(bundle.members("000300.XSHG", day))
        ranked = {code for code, score in zip(judge.market.codes, scores[:, month], strict=True) if score == score}
        assert ranked <= members
        for code in ranked:
            listed = np.datetime64(start[code], "D")
            waited = int(((bundle.days >= listed) & (bundle.days < day)).sum())
            assert waited >= 180 or listed <= bundle.days[0]
    assert len(judge.market.codes) > judge.market.members.sum(axis=0).max()
