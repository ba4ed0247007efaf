"""R27: a feature with one value for everybody is refused by name, before any formula can use it."""

import numpy as np

from sdk.formula.bars import bars_between
from sdk.formula.dead_features import dead_features
from sdk.formula.panel_scores import PanelScores
from sdk.market.bundle import Bundle
from sdk.training import reward
from sdk.training.config import make_config
from sdk.training.reward import Judge
from tests.bundles import small_market
from tests.panels import awkward_bars

DAYS = [300, 320, 340]


def test_a_market_value_in_the_wrong_unit_is_named() -> None:
    bars = awkward_bars(12, 350, seed=27)
    bars["circulating_market_cap"] = bars["circulating_market_cap"] * 1e-8  # as if in 1e16 yuan
    bars["money"] = np.maximum(bars["money"], 1e6)
    found = dead_features(PanelScores(bars), ["RET", "LIQ_SCORE", "PRESSURE"], DAYS)
    assert list(found) == ["LIQ_SCORE"]
    assert "恒为 1" in found["LIQ_SCORE"]


def test_members_decide_who_is_compared() -> None:
    bars = awkward_bars(12, 350, seed=28)
    one = np.zeros((12, len(DAYS)), dtype=bool)
    one[2] = True
    assert dead_features(PanelScores(bars), ["RET"], DAYS) == {}
    assert list(dead_features(PanelScores(bars), ["RET"], DAYS, one)) == ["RET"]


def test_training_bans_what_is_dead_and_says_why(monkeypatch) -> None:
    bundle = Bundle.open(small_market())
    before = Judge(bundle, make_config({}))

    def money_without_end(*where):
        bars = bars_between(*where)
        return {**bars, "money": np.full_like(bars["money"], 1e30)}

    monkeypatch.setattr(reward, "bars_between", money_without_end)
    after = Judge(bundle, make_config({}))
    assert set(after.refused) - set(before.refused) == {"LIQ_SCORE"}
    assert after.banned == frozenset(after.refused)
