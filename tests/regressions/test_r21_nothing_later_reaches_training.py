"""R21: the validation score entered the training reward. Here nothing later than the last training day reaches it.

The same market with another future: every number after the last training day is another one, in the daily bars, the
valuation, the index, the members and the corporate actions. All judgements, to the last bit, and what a judge refuses
stay the same. The searches on both markets are compared in tests/training.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sdk.market.bundle import Bundle
from sdk.market.made.market import make_market
from sdk.market.made.spec import MarketSpec
from sdk.training.config import make_config
from sdk.training.reward import Judge
from tests.panels import random_lists

LAST = "2019-06-28"
REWARDS = {"excess": 1.0, "log_return": 1.0, "ic": 1.0, "sortino_smooth": 0.1}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("future") / "market"
    make_market(path, MarketSpec(stocks=60, years=3, seed=4))
    return path


def with_another_future(path: Path, last: str) -> Bundle:
    """Open the market and change in memory whatever is later than ``last``."""
    bundle = Bundle.open(path)
    late = bundle.days > np.datetime64(last)
    rng = np.random.default_rng(0)
    for table in bundle.bar_tables:
        for field in table.fields:
            matrix = table.writable(field)
            if field in ("paused", "is_st"):
                matrix[:, late] = rng.random((len(matrix), int(late.sum()))) < 0.5
            else:
                matrix[:, late] = matrix[::-1, late] * rng.uniform(0.5, 2.0, (len(matrix), 1))
            matrix.setflags(write=False)
        table.forget = lambda: None  # what was changed must stay
    end = pd.Timestamp(last)
    members = bundle.index_members.copy()
    members.loc[members["in_date"] > end, "in_date"] += pd.Timedelta(days=40)
    members.loc[members["out_date"] > end, "out_date"] = pd.NaT
    actions = bundle.corporate_actions.copy()
    actions.loc[actions["ex_date"] > end, "cash_pre_tax"] *= 7.0
    bundle.__dict__.update(index_members=members, corporate_actions=actions)
    return bundle


def test_another_future_changes_no_judgement(market: Path) -> None:
    config = make_config({"train": ["2018-01-01", LAST], "top_k": 5, "reward": REWARDS, "rank_keys": ["money"]})
    truth, other = Bundle.open(market), with_another_future(market, LAST)
    assert other.fields == truth.fields
    one, two = Judge(truth, config), Judge(other, config)
    lists = [tuple(tokens) for tokens in random_lists(60, seed=21)]
    found, again = one.judge_all(lists), two.judge_all(lists)
    assert found == again
    assert [a.fingerprint.tobytes() for a in found] == [b.fingerprint.tobytes() for b in again]
    assert one.refused == two.refused
    assert len({judgement.reward for judgement in found}) > 20


def test_the_other_future_is_another_one(market: Path) -> None:
    """The same perturbation is seen by a judge of the later period; otherwise the test above would prove nothing."""
    config = make_config({"train": ["2018-01-01", LAST], "top_k": 5, "reward": REWARDS})
    later = ("2019-07-01", "2020-12-31")
    judges = [Judge.on(bundle, config, later) for bundle in (Bundle.open(market), with_another_future(market, LAST))]
    first, second = (judge.judge((0, 4, 6)) for judge in judges)
    assert first.reward != second.reward
    assert not np.array_equal(judges[0].market.members, judges[1].market.members)
