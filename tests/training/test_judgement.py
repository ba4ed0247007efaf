"""What a judgement says: calm months, portfolios, fingerprints, printable figures; every setting moves a figure."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

from jq_strategy import formula as language
from sdk.errors import ConfigError
from sdk.market.bundle import Bundle
from sdk.market.made.market import make_market
from sdk.market.made.spec import MarketSpec
from sdk.scoring.neutral import Neutraliser
from sdk.training.config import make_config
from sdk.training.judgement import Judgement
from sdk.training.reward import Judge
from tests.bundles import small_market
from tests.panels import random_lists

NAMES = language.token_names("v2")
SHORT = {"train": ["2018-01-01", "2019-12-31"], "top_k": 5}
REWARDS = ("excess", "log_return", "ic", "sortino_smooth", "sortino")


def tokens_of(expression: str) -> tuple[int, ...]:
    return tuple(NAMES.index(name) for name in expression.split())


FORMULA = tokens_of("RET DEV ADD")


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(small_market(), verify=False)


def _judge(bundle: Bundle, **settings: object) -> Judge:
    return Judge(bundle, make_config({**SHORT, **settings}))


def _judgement(bundle: Bundle, **settings: object) -> Judgement:
    return _judge(bundle, **settings).judge(FORMULA)


def test_the_calm_reward_is_the_reward_of_the_calm_half_of_the_months(bundle: Bundle) -> None:
    judge = _judge(bundle, tie_penalty=0.3, turnover_penalty=0.2)
    tokens = tokens_of("RET SIGN MOM20 ADD")
    series, found, calm = judge.series(tokens), judge.judge(tokens), judge.market.calm
    assert calm.sum() == (len(calm) + 1) // 2
    for reward, months in ((found.reward, np.ones(len(calm), dtype=bool)), (found.calm_reward, calm)):
        excess = (series.returns - series.pool)[months].mean()
        costs = 0.3 * series.cut_in_tie[months].mean() + 0.2 * series.turnover[months].mean()
        assert reward == pytest.approx(excess - costs)
    assert found.reward != found.calm_reward


def test_calm_months_are_those_in_which_the_pool_moved_less_from_day_to_day(bundle: Bundle) -> None:
    judge = _judge(bundle)
    panel = bundle.panel(judge.market.codes, fields=["close", "factor"])
    close = panel["close"] * panel["factor"]
    daily = close[:, 1:] / close[:, :-1] - 1
    moved = []
    for month, (first, last) in enumerate(zip(judge.dates[:-1], judge.dates[1:], strict=True)):
        days = np.flatnonzero((bundle.days >= first) & (bundle.days < last)) - 1
        pool = np.nanmean(daily[judge.market.members[:, month]][:, days], axis=0)
        moved.append(math.sqrt(np.mean(pool**2)))
    np.testing.assert_allclose(judge.market.volatile, moved, rtol=1e-12)
    assert max(np.array(moved)[judge.market.calm]) <= min(np.array(moved)[~judge.market.calm])


def test_formulas_with_the_same_order_have_one_portfolio_and_others_another(bundle: Bundle) -> None:
    judge = _judge(bundle)
    once, scaled, other = judge.judge_all([FORMULA, tokens_of("RET DEV ADD RET DEV ADD ADD"), tokens_of("MOM20")])
    assert isinstance(once.portfolio, int)
    assert 0 <= once.portfolio < 2**64
    assert once.portfolio == scaled.portfolio != other.portfolio


def test_equal_portfolios_are_equal_choices_and_only_those(bundle: Bundle) -> None:
    from sdk.training.precision import chosen

    judge = _judge(bundle, top_k=2)
    lists = list(dict.fromkeys(tuple(tokens) for tokens in random_lists(80, seed=8)))
    sets = []
    for tokens in lists:
        scores = np.where(judge.market.members, judge.scores(tokens), np.nan)
        sets.append(chosen(scores, judge.market.places, 2)[:, :-1].tobytes())
    hashes = [judgement.portfolio for judgement in judge.judge_all(lists)]
    assert len(set(zip(sets, hashes, strict=True))) == len(set(sets)) == len(set(hashes))
    assert 20 < len(set(sets)) < len(lists)


def test_fingerprints_are_small_read_only_and_correlate(bundle: Bundle) -> None:
    judge = _judge(bundle)
    one, opposite, alike, far = judge.judge_all(
        [FORMULA, tokens_of("RET DEV ADD NEG"), tokens_of("RET DEV ADD RET DEV ADD ADD"), tokens_of("LOG_VOL")]
    )
    print_of = one.fingerprint
    assert print_of.dtype == np.float16
    assert print_of.shape == (512,)
    assert print_of.base is None
    with pytest.raises(ValueError, match="read-only"):
        print_of[0] = 1.0

    def correlation(other: Judgement) -> float:
        return float(print_of.astype(np.float64) @ other.fingerprint.astype(np.float64))

    assert correlation(one) == pytest.approx(1.0, abs=2e-3)
    assert correlation(alike) == pytest.approx(1.0, abs=2e-3)
    assert correlation(opposite) == pytest.approx(-1.0, abs=2e-3)
    assert abs(correlation(far)) < 0.7


def test_the_figures_are_numbers_that_json_knows(bundle: Bundle) -> None:
    found = _judgement(bundle)
    figures = found.figures()
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    names = {field.name for field in dataclasses.fields(found)} - {"portfolio", "fingerprint"}
    assert set(figures) == names
    assert figures["rank_ic"] is None
    assert figures["reward"] == found.reward
    assert _judgement(bundle, reward={"ic": 1.0}).figures()["rank_ic"] == pytest.approx(
        _judge(bundle).series(FORMULA).rank_ic.mean()
    )


@pytest.mark.parametrize("name", REWARDS)
def test_each_reward_can_be_asked_for_and_is_another_one(bundle: Bundle, name: str) -> None:
    found = [_judgement(bundle, reward={reward: 1.0}).reward for reward in REWARDS]
    assert len(set(found)) == len(REWARDS)
    assert _judgement(bundle, reward={name: 3.0}, tie_penalty=0.0).reward == pytest.approx(
        3 * _judgement(bundle, reward={name: 1.0}, tie_penalty=0.0).reward
    )


def test_an_unknown_reward_is_refused(bundle: Bundle) -> None:
    with pytest.raises(ConfigError, match="unknown reward 'exces'; did you mean 'excess'"):
        _judge(bundle, reward={"exces": 1.0})


@pytest.mark.parametrize(
    "change",
    [
        {"train": ["2018-01-01", "2019-06-30"]},
        {"warm_up_days": 200},
        {"min_listed_days": 400},
        {"top_k": 6},
        {"rank_keys": ["money"]},
        {"reward": {"excess": 2.0}},
        {"tie_penalty": 0.5},
        {"turnover_penalty": 0.1},
        {"commission": 0.01},
        {"stamp_tax": 0.01},
        {"half_spread": 0.01},
        {"impact_low": 0.001},
        {"impact_high": 0.01},
        {"capital": 1e9},
    ],
    ids=str,
)
def test_every_setting_of_periods_and_rewards_moves_the_reward(bundle: Bundle, change: dict) -> None:
    tokens = tokens_of("RET SIGN TSUM20 DEV ADD SIGN")  # a few values, so that ties are there

    def reward(**settings: object) -> float:
        return _judge(bundle, **{"train": ["2018-01-01", "2020-12-31"], **settings}).judge(tokens).reward

    assert reward(**change) != reward()


def test_the_mean_is_taken_off_by_whatever_neutralises(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """The evaluator ranks what the neutraliser returns; the factors themselves are tested with it."""

    class Turned:
        def __init__(self, *given: object, threads: int) -> None:
            assert given[4:] == (("size", "momentum"), "zscore", "000300.XSHG")

        def apply(self, scores: np.ndarray) -> np.ndarray:
            return -scores

    monkeypatch.setattr("sdk.scoring.neutral.Neutraliser", Turned)
    turned = _judge(bundle, neutralise=["size", "momentum"], standardise="zscore")
    plain = _judge(bundle)
    assert turned.judge(FORMULA).portfolio == plain.judge(tokens_of("RET DEV ADD NEG")).portfolio
    np.testing.assert_array_equal(turned.scores(FORMULA), -plain.scores(FORMULA))


def test_a_tie_counts_although_neutralising_tells_equal_scores_apart(bundle: Bundle) -> None:
    """Two values for the whole pool: what is taken out of them ranks the stocks, and not the formula."""
    tokens = tokens_of("RET SIGN")
    raw, neutral = _judge(bundle), _judge(bundle, neutralise=["momentum", "volatility"])
    scores = neutral.scores(tokens)
    assert all(len(np.unique(column[np.isfinite(column)])) > 20 for column in scores.T), "no ties are left"
    for judge in (raw, neutral):
        assert judge.series(tokens).cut_in_tie.mean() > 0.9
        assert judge.judge(tokens).tie_share > 0.9
    assert neutral.series(FORMULA).cut_in_tie.mean() == raw.series(FORMULA).cut_in_tie.mean() == 0.0


def test_beta_is_taken_out_against_the_index_of_the_pool(tmp_path: Path) -> None:
    """It is the benchmark of the exported strategy, so the search and the export neutralise alike."""
    make_market(tmp_path / "market", MarketSpec(stocks=60, years=2, seed=3, funds=True))
    both = Bundle.open(tmp_path / "market")
    settings = {"train": ["2018-03-01", "2018-12-31"], "top_k": 5, "pool_index": "000905.XSHG"}
    judge = Judge(both, make_config({**settings, "neutralise": ["beta"]}))
    raw, market = Judge(both, make_config(settings)).scores(FORMULA), judge.market
    days = judge.market.signal_days + judge.panel_start
    ours, others = (
        Neutraliser(both, market.codes, days, market.members, ["beta"], benchmark=index).apply(raw)
        for index in ("000905.XSHG", "000300.XSHG")
    )
    np.testing.assert_array_equal(judge.scores(FORMULA), ours)
    assert not np.array_equal(ours, others, equal_nan=True)
