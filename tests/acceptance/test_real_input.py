"""The whole road on real bars: formulas a sister system trained, the CSI 300 members of each day, eight years.

For each formula: export, backtest of the exported file, and on every rebalance day the 64 bits of each score from the
kernel, from onnxruntime and from the audit line of the log, and the chosen set.
"""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path

import pytest

from exporter.export import export_formula
from parity.scores import compare_scores
from parity.side import read_side
from sdk.emulator.runner import run_backtest
from sdk.formula.formula_file import FormulaFile, from_tokens
from sdk.market.bundle import Bundle
from tests.bundles import real_market
from tests.conftest import shared

START, END, REBALANCES = "2018-01-01", "2025-12-31", 96
EVERYDAY = (0, 8, 17)  # of the twenty; the others run in `make test-all`
COUNT = 20


@cache
def twenty_formulas() -> tuple[FormulaFile, ...]:
    """Return 20 different trained formulas without LIQ_SCORE, spread over their lookbacks, shortest first."""
    with shared("formulas.csv").open(encoding="utf-8") as table:
        formulas = [from_tokens(json.loads(row["raw_tokens"]), "v2") for row in csv.DictReader(table)]
    usable = {formula.expression: formula for formula in formulas if "circulating_market_cap" not in formula.inputs}
    ordered = sorted(usable.values(), key=lambda formula: (formula.lookback_days, formula.expression))
    step = (len(ordered) - 1) / (COUNT - 1)
    return tuple(ordered[round(place * step)] for place in range(COUNT))


@pytest.mark.parametrize(
    "place", [pytest.param(n, marks=() if n in EVERYDAY else pytest.mark.slow) for n in range(COUNT)]
)
def test_kernel_model_and_log_agree_on_every_rebalance_of_eight_years(place: int, tmp_path: Path) -> None:
    formula = twenty_formulas()[place]
    bundle = Bundle.open(real_market())
    verification = export_formula(formula, tmp_path / "export", bundle=bundle)
    assert verification.bitwise_equal == verification.scores > 2000
    result = run_backtest(tmp_path / "export" / "strategy.py", bundle, START, END, out=tmp_path / "run")
    assert result.status == "done", result.error
    agreement = compare_scores(tmp_path / "export", read_side(tmp_path / "run").audits or (), bundle)
    assert agreement.first_difference == ""
    assert agreement.rebalances == REBALANCES
    assert agreement.scores > 28_000


def test_the_real_bundle_has_its_stocks_and_its_span() -> None:
    bundle = Bundle.open(real_market())
    panel = bundle.panel(fields=["close"])
    assert len(panel.codes) == 633
    assert str(bundle.days[0]) == "2015-01-05"
    assert str(bundle.days[-1]) == "2026-05-08"
