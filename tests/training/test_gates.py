"""Each gate closes on what it measures, on that alone, and says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sdk.training.confirmation import Confirmed
from sdk.training.gates import GATES, Evidence, ask_gates, bull_bear, passed, spearman
from sdk.training.settings import GateSettings
from sdk.training.trials import Trial

SETTINGS = GateSettings()
RISING = np.full(24, 0.01)


def _trial(**change: object) -> Trial:
    base = {"reward": 0.01, "returns": RISING + 0.01, "pool": RISING, "turnover": 0.5, "tie_share": 0.0}
    return Trial(**{**base, "breadth": 1.0, "rank_ic": 0.03, "portfolio": 1, **change})  # type: ignore[arg-type]


def _confirmed(**change: object) -> Confirmed:
    base = Confirmed("2022-01-04", "2023-12-29", 0.3, 0.1, 0.18, 1.0, 0.1, 0.5, 0.9, 24)
    return replace(base, **change)  # type: ignore[arg-type]


GOOD = Evidence(_trial(), _trial(), 0.99, 0.97, _confirmed())


def _closed(evidence: Evidence, settings: GateSettings = SETTINGS) -> list[str]:
    return [result.name for result in ask_gates(evidence, settings) if result.passed is False]


def test_a_good_formula_passes_all_gates() -> None:
    results = ask_gates(GOOD, SETTINGS)
    assert [result.passed for result in results] == [True] * len(GATES)
    assert passed(results)


@pytest.mark.parametrize(
    ("change", "gate", "words"),
    [
        ({"train": _trial(returns=RISING)}, "train_excess", "0.00%，要求 > 0.00%：未通过"),
        ({"valid": _trial(returns=RISING - 0.001)}, "bull_bear", "未通过"),
        ({"train": _trial(tie_share=0.06)}, "tie_share", "6.00%，要求 ≤ 5.00%"),
        ({"valid": _trial(tie_share=0.06)}, "tie_share", "6.00%"),
        ({"valid": _trial(turnover=1.01)}, "turnover", "101.00%，要求 ≤ 100.00%"),
        ({"train": _trial(turnover=1.01)}, "turnover", "101.00%"),
        ({"valid": _trial(breadth=0.49)}, "breadth", "49.00%，要求 ≥ 50.00%"),
        ({"cost_ranking": 0.89}, "cost_ranking", "0.890，要求 ≥ 0.900"),
        ({"sharpe_probability": 0.94}, "evidence", "0.940，要求 ≥ 0.950"),
        ({"confirmed": _confirmed(excess_return=-0.01)}, "emulator", "-1.00%（基准 +10.00%，牛市看超额）"),
        ({"confirmed": None, "problem": "策略中止"}, "emulator", "策略中止"),
    ],
)
def test_each_gate_closes_alone(change: dict, gate: str, words: str) -> None:
    evidence = replace(GOOD, **change)
    assert _closed(evidence) == [gate]
    (sentence,) = [result.sentence for result in ask_gates(evidence, SETTINGS) if result.name == gate]
    assert words in sentence


@pytest.mark.parametrize(
    ("setting", "value", "gate"),
    [
        ("gate_tie_share", 0.1, "tie_share"),
        ("gate_turnover", 2.0, "turnover"),
        ("gate_breadth", 0.1, "breadth"),
        ("gate_cost_ranking", 0.5, "cost_ranking"),
        ("gate_sharpe", 0.5, "evidence"),
    ],
)
def test_each_setting_moves_its_gate(setting: str, value: float, gate: str) -> None:
    poor = _trial(turnover=1.5, breadth=0.3, tie_share=0.08)
    evidence = Evidence(_trial(), poor, 0.7, 0.8, _confirmed())
    assert gate in _closed(evidence)
    assert gate not in _closed(evidence, GateSettings(**{setting: value}))


@pytest.mark.parametrize(
    ("benchmark", "excess", "total", "opens"),
    [
        (0.1, 0.01, -0.2, True),
        (0.1, -0.01, 0.09, False),
        (0.0, 0.01, -0.01, True),
        (-0.1, 0.05, 0.001, True),
        (-0.1, 0.05, -0.05, False),
        (-0.1, -0.01, 0.01, False),
    ],
)
def test_the_bull_and_bear_rule(benchmark: float, excess: float, total: float, opens: bool) -> None:
    assert (bull_bear(benchmark, excess, total) > 0) is opens


def test_in_a_falling_market_less_loss_is_not_enough() -> None:
    falling = np.full(24, -0.01)
    assert _closed(replace(GOOD, valid=_trial(pool=falling, returns=falling + 0.005))) == ["bull_bear"]
    assert _closed(replace(GOOD, valid=_trial(pool=falling, returns=falling + 0.015))) == []
    results = ask_gates(replace(GOOD, valid=_trial(pool=falling, returns=falling + 0.005)), SETTINGS)
    (sentence,) = [result.sentence for result in results if result.name == "bull_bear"]
    assert sentence.startswith("验证期超额 +12.85%、总收益 -11.33%（基准 -21.43%，熊市两者都看）"), sentence


def test_without_a_validation_period_nothing_passes() -> None:
    evidence = replace(GOOD, valid=None, sharpe_probability=None, confirmed=None)
    results = {result.name: result for result in ask_gates(evidence, SETTINGS)}
    assert not passed(results.values())
    assert results["bull_bear"].passed is False
    assert "没有验证期" in results["bull_bear"].sentence
    assert results["emulator"].passed is None


def test_what_was_not_asked_does_not_count() -> None:
    assert passed(ask_gates(replace(GOOD, confirmed=None), SETTINGS))
    off = ask_gates(replace(GOOD, sharpe_probability=0.0), GateSettings(gate_sharpe=0.0))
    assert passed(off)
    assert [result.sentence for result in off if result.passed is None] == ["验证期通胀修正夏普概率 DSR：未查"]


def test_spearman_by_hand() -> None:
    a = np.array([1.0, 2.0, 3.0, 4.0])
    assert spearman(a, a * 2 + 1) == pytest.approx(1.0)
    assert spearman(a, -a) == pytest.approx(-1.0)
    assert spearman(a, np.array([1.0, 3.0, 2.0, 4.0])) == pytest.approx(0.8)
    assert spearman(a, np.array([1.0, 1.0, 2.0, 2.0])) == pytest.approx(2 / np.sqrt(5), rel=1e-12)
    assert spearman(a[:1], a[:1]) is None
    assert spearman(np.ones(3), np.ones(3)) == 1.0
    assert spearman(np.ones(3), a[:3]) == 0.0
