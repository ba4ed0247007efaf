"""A formula that compares stocks: the strategy in the emulator and the trainer's panel give the same bits."""

from pathlib import Path

import numpy as np
import pytest

from exporter.export import export_formula
from exporter.strategy_file import Settings
from jq_strategy.audit import score_hex
from sdk.emulator.runner import run_backtest
from sdk.formula.formula_file import from_tokens
from sdk.market.bundle import Bundle
from sdk.training.config import make_config
from sdk.training.reward import Judge
from tests.bundles import small_market


@pytest.mark.parametrize("tokens", [[4, 21, 0, 22, 6], [2, 21, 25, 22]], ids=["today", "nested"])
def test_scores_online_are_the_scores_of_training(tokens: list[int], tmp_path: Path) -> None:
    bundle = Bundle.open(small_market())
    formula = from_tokens(tokens, "v3")
    result = export_formula(formula, tmp_path / "export", Settings(top_k=5), bundle)
    assert result.bitwise_equal == result.scores > 0
    judge = Judge(bundle, make_config({"vocabulary": "v3", "min_listed_days": 0}))
    market, codes = judge.market, list(judge.market.codes)
    scores = judge.panel.scores(formula.tree, market.signal_days, market.members)
    start, end = str(bundle.days[-90]), str(bundle.days[-1])
    log = run_backtest((tmp_path / "export" / "strategy.py").read_text("utf-8"), bundle, start, end).log
    compared = 0
    for line in log:
        if "AUDIT|" not in line:
            continue
        fields = line[line.index("AUDIT|") :].split("|")
        day = np.searchsorted(bundle.days, np.datetime64(fields[3].split("=")[1]))
        columns = np.flatnonzero(market.signal_days + judge.panel_start == day)
        if len(columns) == 0:  # the run begins within a month
            continue
        column = int(columns[0])
        found = {code: bits for code, bits, *_ in (field.split(":") for field in fields[9:])}
        for code, bits in found.items():
            assert bits == score_hex(scores[codes.index(code), column]), (fields[2], code)
            compared += bits != "nan"
    assert compared > 60
