"""R4: equal scores order by code, in library, exported file and reward, whatever the order of the pool."""

import numpy as np

from exporter.exported import load_scorer
from exporter.strategy_file import Settings, render
from jq_strategy.ranking import choose
from sdk.formula.formula_file import from_tokens
from sdk.market.bundle import Bundle
from sdk.scoring.monthly import monthly_market
from tests.bundles import small_market

CODES = ["600000.XSHG", "000001.XSHE", "688001.XSHG", "300750.XSHE", "601318.XSHG", "000002.XSHE"]


def test_the_pools_order_and_the_exchange_play_no_part() -> None:
    rng = np.random.default_rng(4)
    for _ in range(200):
        scores = dict(zip(CODES, rng.integers(0, 3, len(CODES)).astype(float), strict=True))
        chosen = set()
        for _ in range(5):
            pool = [CODES[place] for place in rng.permutation(len(CODES))]
            chosen.add(tuple(choose(pool, [scores[code] for code in pool], 3)))
        assert chosen == {tuple(sorted(CODES, key=lambda code: (-scores[code], code))[:3])}


def test_the_exported_file_carries_the_same_rule() -> None:
    exported = load_scorer(render(from_tokens([0], "v2"), Settings())).__globals__
    rng = np.random.default_rng(5)
    for _ in range(100):
        scores = rng.choice([1.0, 0.0, -0.0, np.nan], len(CODES))
        assert exported["choose"](CODES, scores, 4) == choose(CODES, scores, 4)


def test_the_reward_ranks_rows_and_its_rows_are_in_the_order_of_codes() -> None:
    bundle = Bundle.open(small_market())
    market = monthly_market(bundle, "000300.XSHG", str(bundle.days[250]), str(bundle.days[-1]))
    assert list(market.codes) == sorted(market.codes)
