"""R20: fewer candidates than K give fewer positions; nothing outside the pool fills the book."""

from __future__ import annotations

import re

import numpy as np
import pytest

from exporter.strategy_file import Settings, render
from sdk.emulator.runner import run_backtest
from sdk.formula.formula_file import from_tokens
from sdk.market.bundle import Bundle
from sdk.training.config import make_config
from sdk.training.reward import Judge
from tests.bundles import small_market


def test_a_book_of_80_from_a_pool_of_50_holds_members_only():
    bundle = Bundle.open(small_market(), verify=False)
    strategy = render(from_tokens([0, 4, 6], "v2"), Settings(top_k=80))
    result = run_backtest(strategy, bundle, "2019-01-02", "2019-01-31", 50_000_000)
    assert result.status == "done", result.error
    pool = set(bundle.members("000300.XSHG", "2019-01-02"))
    rows = [
        line for line in result.texts["position.csv"].splitlines() if line.startswith("2019-01-31") and "多" in line
    ]
    held = {re.search(r"\(([0-9]{6}\.\w{4})\)", line).group(1) for line in rows}
    assert 0 < len(held) <= len(pool) < 80
    assert held <= pool
    assert result.cash[-1] > 50_000_000 * (1 - len(pool) / 80) * 0.99


def test_the_reward_of_a_book_of_80_holds_members_only_and_leaves_the_rest_in_cash():
    bundle = Bundle.open(small_market(), verify=False)
    free = {"commission": 0.0, "stamp_tax": 0.0, "half_spread": 0.0, "impact_low": 0.0, "impact_high": 0.0}
    judge = Judge(bundle, make_config({**free, "train": ["2019-01-01", "2019-12-31"], "top_k": 80}))
    scores, series = judge.scores((0, 4, 6)), judge.series((0, 4, 6))
    first = np.flatnonzero(~np.isnan(scores[:, 0]) & judge.market.buyable[:, 0])
    assert 0 < len(first) < 80
    assert set(np.array(judge.market.codes)[first]) <= set(bundle.members("000300.XSHG", judge.dates[0]))
    assert series.turnover[0] == pytest.approx(len(first) / 80)
    assert series.returns[0] == pytest.approx(judge.market.growth[first, 0].sum() / 80)
