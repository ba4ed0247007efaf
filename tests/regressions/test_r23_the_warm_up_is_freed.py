"""R23: the warm-up slice was a view and freed nothing. Here the memory of bars and warm-up is really gone."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from benchmarks.made_bars import random_bars
from benchmarks.process_memory import megabytes
from jq_strategy import kernel
from sdk.errors import FormulaError
from sdk.formula.bars import bars_between
from sdk.formula.panel_scores import PanelScores
from sdk.market.bundle import Bundle
from sdk.training import reward
from sdk.training.config import make_config
from sdk.training.reward import Judge
from tests.bundles import small_market


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_a_judge_keeps_no_bar_alive(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weak references to every array that was read: a view that is kept anywhere would hold its array."""
    bundle, read = Bundle.open(small_market(), verify=False), []

    def remembered(*where):
        bars = bars_between(*where)
        read.extend(weakref.ref(array) for array in bars.values())
        read.extend(weakref.ref(matrix) for table in bundle.bar_tables for matrix in table._matrices.values())
        return bars

    monkeypatch.setattr(reward, "bars_between", remembered)
    judge = Judge(bundle, make_config({"train": ["2019-01-01", "2019-12-31"], "device": device}))
    gc.collect()
    assert len(read) > 12
    assert [reference for reference in read if reference() is not None] == []
    assert judge.judge((0, 4, 6)).breadth > 0


def test_the_features_are_as_long_as_what_can_be_reached_and_own_their_memory() -> None:
    bundle = Bundle.open(small_market(), verify=False)
    config = make_config({"train": ["2019-01-01", "2019-12-31"], "max_length": 2})
    judge = Judge(bundle, config)
    names = ("TSUM20", "JUMP", "DECAY")
    deepest = max(kernel.OPERATOR_TABLE[name].depth for name in names)
    assert judge.panel._features.base is None
    assert judge.market.signal_days[0] == deepest  # two tokens are one operator over a feature
    period = int((bundle.days <= np.datetime64("2019-12-31")).sum()) - judge.panel_start
    assert judge.panel._features.shape[2] == judge.panel.shape[1] == period


def test_a_feature_that_was_not_asked_for_before_is_refused_afterwards() -> None:
    panel = PanelScores(random_bars(6, 300), first=130)
    panel.release_bars(["RET"])
    assert np.isfinite(panel.scores(("RET",), np.array([100]))).all()
    with pytest.raises(FormulaError, match="DEV needs the input 'close', which this panel has let go of"):
        panel.scores(("DEV",), np.array([100]))


@pytest.mark.slow
def test_5000_stocks_of_2000_days_give_the_memory_of_their_bars_back() -> None:
    """0.7 GB of bars: what the process holds falls by nearly all of it, in megabytes as the system counts them."""
    bars = random_bars(5000, 2000)
    size = sum(array.nbytes for array in bars.values()) / 2**20
    panel = PanelScores(bars, first=140)
    for name in ("RET", "DEV"):
        panel.scores((name,), np.array([1000]))
    panel.release_bars(["RET", "DEV"])
    full = megabytes("VmRSS")
    del bars
    gc.collect()
    freed = full - megabytes("VmRSS")
    assert size > 600
    assert freed > 0.9 * size
    kept = sum(panel._features[row].nbytes for row in panel._place.values()) / 2**20
    assert kept == pytest.approx(2 * 5000 * 1860 * 8 / 2**20)
