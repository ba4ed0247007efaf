"""The planted formula, computed by the kernel on the finished market, ranks the next month; its parts less so."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from jq_strategy.formula import evaluate, expression, lookback_days
from sdk.errors import FormulaError
from sdk.market.bundle import Bundle
from sdk.market.made.market import make_market
from sdk.market.made.signal import FORMULA, monthly_rank_ic
from sdk.market.made.spec import RUN_UP_DAYS, MarketSpec

DEV, VOLUME, PRESSURE = ("DEV",), ("LOG_VOL",), ("DECAY", ("DECAY", ("PRESSURE",)))
WHOLE = ("SUB", PRESSURE, ("ADD", DEV, VOLUME))
PARTS = (("NEG", DEV), ("NEG", VOLUME), PRESSURE)


@cache
def rank_ic(bundle: Bundle, tree: tuple) -> float:
    """Mean monthly RankIC of a formula among the index members that trade, over the working years."""
    panel = bundle.panel()
    months = panel.days.astype("datetime64[M]")
    ends = np.flatnonzero(months[1:] != months[:-1])
    score = np.zeros(panel.shape)
    for end in ends[ends >= RUN_UP_DAYS]:
        window = panel.window(panel.days[end], lookback_days(tree))
        score[:, end] = np.nan_to_num(evaluate(tree, window.values)[:, 0])
    member = bundle.members_mask("000300.XSHG", panel.codes, panel.days) & (panel["paused"] == 0)
    work = slice(RUN_UP_DAYS, None)
    return monthly_rank_ic(
        np.where(member, score, 0.0)[:, work], (panel["close"] * panel["factor"])[:, work], panel.days[work]
    )


@cache
def market(root: Path, signal: float) -> Bundle:
    return make_market(root / f"market{signal}", MarketSpec(stocks=150, years=5, seed=1, signal=signal))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planted")


def test_the_manifest_names_the_formula_in_the_vocabularys_words(root: Path) -> None:
    planted = market(root, 1.0).manifest["planted"]
    assert planted["formula"] == FORMULA == expression(WHOLE)
    assert planted["parts"] == [expression(part) for part in PARTS]


def test_the_whole_formula_finds_the_planted_signal(root: Path) -> None:
    found = rank_ic(market(root, 1.0), WHOLE)
    assert 0.05 < found < 0.13
    assert found == pytest.approx(market(root, 1.0).manifest["planted"]["monthly_rank_ic"], abs=0.03)


def test_each_part_finds_less_than_the_whole(root: Path) -> None:
    whole = rank_ic(market(root, 1.0), WHOLE)
    parts = [rank_ic(market(root, 1.0), part) for part in PARTS]
    assert max(parts) < 0.9 * whole
    assert sum(parts) > 0.5 * whole


def test_a_stronger_signal_is_found_better_and_none_is_not_found(root: Path) -> None:
    assert abs(rank_ic(market(root, 0.0), WHOLE)) < 0.04
    assert market(root, 0.0).manifest["planted"]["formula"] is None
    assert rank_ic(market(root, 2.5), WHOLE) > 1.4 * rank_ic(market(root, 1.0), WHOLE)


def test_any_formula_can_be_planted(tmp_path: Path) -> None:
    text = "(DECAY(PRESSURE) * SIGN(MOM20))"
    bundle = make_market(tmp_path / "m", MarketSpec(stocks=150, years=5, seed=2, signal=0.3, formula=text))
    planted = bundle.manifest["planted"]
    assert (planted["formula"], planted["parts"]) == (text, [])
    found = rank_ic(bundle, ("MUL", ("DECAY", ("PRESSURE",)), ("SIGN", ("MOM20",))))
    assert 0.05 < found < 0.13
    assert found == pytest.approx(planted["monthly_rank_ic"], abs=0.03)
    assert found > rank_ic(bundle, WHOLE) + 0.03


def test_what_is_no_formula_cannot_be_planted(tmp_path: Path) -> None:
    with pytest.raises(FormulaError, match="MOM21"):
        make_market(tmp_path / "m", MarketSpec(stocks=20, years=1, formula="MOM21"))
    assert not (tmp_path / "m").exists()
