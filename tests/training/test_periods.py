"""Periods and pools: what a judge reads, which months and stocks it judges, what it lets go of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jq_strategy import formula as language
from sdk.errors import ConfigError, MarketError
from sdk.market.bundle import Bundle
from sdk.market.made.market import make_market
from sdk.market.made.spec import MarketSpec
from sdk.scoring.monthly import monthly_market
from sdk.training.config import make_config
from sdk.training.reward import Judge
from tests.bundles import small_market
from tests.panels import random_lists, same_bits

TRAIN = {"train": ["2019-01-01", "2019-12-31"], "top_k": 5}
LONG = {**TRAIN, "train": ["2018-01-01", "2020-12-31"]}
INDEX = "000300.XSHG"


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(small_market(), verify=False)


def _tokens(expression: str) -> tuple[int, ...]:
    names = language.token_names("v2")
    return tuple(names.index(name) for name in expression.split())


def test_a_judge_of_another_period_has_the_same_rules(bundle: Bundle) -> None:
    """Its months are those of a judge of both periods."""
    config = make_config(TRAIN)
    both = Judge.on(bundle, config, ("2019-01-01", "2020-12-31"))
    later = Judge.on(bundle, config, ("2020-01-01", "2020-12-31"))
    assert [str(day)[:7] for day in later.dates[[0, -1]]] == ["2020-01", "2020-12"]
    tokens = _tokens("RET DEV ADD")
    scores, all_scores = later.scores(tokens), both.scores(tokens)
    for column, day in enumerate(later.dates):
        other = int(np.flatnonzero(both.dates == day)[0])
        known = dict(zip(both.market.codes, all_scores[:, other], strict=True))
        for code, score in zip(later.market.codes, scores[:, column], strict=True):
            assert same_bits(np.array([score]), np.array([known[code]])), (day, code)


def test_a_period_that_is_not_named_or_runs_backwards_is_refused(bundle: Bundle) -> None:
    config = make_config(TRAIN)
    with pytest.raises(ConfigError, match="a period is not set"):
        Judge.on(bundle, config, config.valid)
    with pytest.raises(ConfigError, match="the first day is not before the last"):
        Judge.on(bundle, config, ("2020-01-01", "2019-01-01"))


def test_the_series_is_what_the_judgement_sums_up(bundle: Bundle) -> None:
    judge = Judge(bundle, make_config({**TRAIN, "reward": {"ic": 1.0, "excess": 1.0}, "tie_penalty": 0.0}))
    tokens = _tokens("RET DEV ADD")
    series, judgement = judge.series(tokens), judge.judge(tokens)
    assert judgement.total == pytest.approx(series.returns.mean())
    assert judgement.excess == pytest.approx((series.returns - series.pool).mean())
    assert judgement.turnover == pytest.approx(series.turnover.mean())
    assert judgement.rank_ic == pytest.approx(series.rank_ic.mean())
    assert judgement.breadth == pytest.approx(series.breadth.mean())
    assert judgement.reward == pytest.approx(judgement.rank_ic + judgement.excess)
    assert [str(day)[:7] for day in series.days] == [f"2019-{month:02d}" for month in range(1, 12)]
    assert judge.series(tokens, cost_scale=1.5).returns.sum() < series.returns.sum()
    assert judge.series(tokens, cost_scale=0.5).returns.sum() > series.returns.sum()


def test_the_warm_up_is_cut_off_and_no_score_changes_a_bit(bundle: Bundle) -> None:
    """A judge with a short warm-up and one that has the whole history: the same bits where both have a score."""
    short = Judge(bundle, make_config({**TRAIN, "warm_up_days": 730}))
    whole = Judge(bundle, make_config({**TRAIN, "warm_up_days": 5000}))
    compared = 0
    for tokens in random_lists(40, seed=5):
        one, other = short.scores(tuple(tokens)), whole.scores(tuple(tokens))
        known = ~np.isnan(one)
        assert same_bits(one[known], other[known])
        compared += int(known.sum())
    assert compared > 1000


def test_a_formula_that_looks_back_further_than_the_warm_up_has_no_score_at_first(bundle: Bundle) -> None:
    tokens = _tokens("RET TSUM20 TSUM20 TSUM20")
    short = Judge(bundle, make_config({**TRAIN, "warm_up_days": 250}))
    scored = ~np.isnan(short.scores(tokens)).all(axis=0)
    assert not scored[0]
    assert scored[-1]
    assert (~np.isnan(Judge(bundle, make_config(TRAIN)).scores(tokens)).all(axis=0))[0]


def test_a_stock_must_have_been_listed_for_a_while(bundle: Bundle) -> None:
    """Counted in trading days before the rebalance; what was listed before the calendar begins is old."""
    free = monthly_market(bundle, INDEX, "2018-01-01", "2020-12-31")
    strict = monthly_market(bundle, INDEX, "2018-01-01", "2020-12-31", min_listed_days=300)
    assert free.codes == strict.codes
    start = bundle.securities["start_date"]
    left_out = 0
    for row, code in enumerate(free.codes):
        listed = np.datetime64(start[code], "D")
        for column, day in enumerate(free.trade_days):
            waited = int(((bundle.days >= listed) & (bundle.days < bundle.days[day])).sum())
            old = listed <= bundle.days[0] or waited >= 300
            assert strict.members[row, column] == (free.members[row, column] and old), (code, column)
            left_out += int(free.members[row, column] and not old)
    assert left_out > 0


def test_the_setting_min_listed_days_changes_the_pool(bundle: Bundle) -> None:
    pools = [Judge(bundle, make_config({**LONG, "min_listed_days": days})).market.members for days in (0, 300)]
    assert pools[0].sum() > pools[1].sum() > 0


def test_the_pressure_set_is_every_stock_of_the_bundle(bundle: Bundle) -> None:
    config = make_config({**TRAIN, "pressure": ["2020-01-01", "2020-12-31"]})
    judge = Judge.on(bundle, config, config.pressure, filtered=False)
    pool = Judge.on(bundle, config, config.pressure)
    assert len(judge.market.codes) == len(bundle.panel(fields=["close"]).codes) > len(pool.market.codes)
    assert (judge.market.members.sum(axis=0) > pool.market.members.sum(axis=0)).all()
    close = bundle.panel(fields=["close"])["close"]
    for column, day in enumerate(judge.dates):
        seen = np.isfinite(close[:, : int(np.searchsorted(bundle.days, day))]).any(axis=1)
        np.testing.assert_array_equal(judge.market.members[:, column], seen)
    assert judge.judge(_tokens("RET DEV ADD")) != pool.judge(_tokens("RET DEV ADD"))


def test_funds_are_no_stocks_of_the_pressure_set(tmp_path: Path) -> None:
    make_market(tmp_path / "market", MarketSpec(stocks=20, years=1, seed=2, funds=True))
    with_funds = Bundle.open(tmp_path / "market")
    market = monthly_market(with_funds, None, "2018-01-01", "2018-12-31")
    types = with_funds.securities["type"]
    assert set(types[list(market.codes)]) == {"stock"}
    assert "fund" in set(types[list(with_funds.panel(fields=["close"]).codes)])


def test_a_pool_of_nobody_is_refused(bundle: Bundle) -> None:
    empty = Bundle.open(small_market(), verify=False)
    empty.__dict__["index_members"] = bundle.index_members.assign(code="000000.XSHE")
    with pytest.raises(MarketError, match="no stock with bars is in the pool"):
        Judge(empty, make_config(TRAIN))


def test_the_setting_pool_index_is_looked_up(bundle: Bundle) -> None:
    with pytest.raises(MarketError, match=r"no members of '000905\.XSHG'"):
        Judge(bundle, make_config({**TRAIN, "pool_index": "000905.XSHG"}))
