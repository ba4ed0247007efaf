"""R1: the reward was paid for one program and another one was shipped.

Here reward, formula file, exported file, its log and the ONNX metadata speak of the same repaired tokens.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx

from exporter.export import export_formula
from jq_strategy import formula as language
from sdk.emulator.runner import run_backtest
from sdk.formula.formula_file import from_tokens, load
from sdk.market.bundle import Bundle
from sdk.training.config import make_config
from sdk.training.reward import Judge
from tests.bundles import small_market

RAW = [6, 4, 13, 2, 8, 19, 10, 7]  # starved operators at the front, more than one value at the end


def test_reward_export_log_and_model_speak_of_the_same_tokens(tmp_path: Path) -> None:
    bundle = Bundle.open(small_market())
    formula = from_tokens(RAW, "v2")
    assert list(formula.tokens_repaired) != RAW
    judge = Judge(bundle, make_config({"top_k": 5}))
    want = judge.judge(formula.tokens_repaired)
    scores = judge.panel.scores(language.parse(formula.tokens_repaired, "v2"), judge.market.signal_days)
    assert np.isfinite(scores).any()
    assert want.tie_share < 1

    export_formula(formula, tmp_path / "export", bundle=bundle)
    assert load(tmp_path / "export" / "formula.json").tokens_repaired == formula.tokens_repaired
    model = onnx.load(tmp_path / "export" / "model.onnx")
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(metadata["tokens_repaired"]) == list(formula.tokens_repaired)
    result = run_backtest(tmp_path / "export" / "strategy.py", bundle, "2019-01-02", "2019-03-29")
    log = "\n".join(result.log)
    assert f"公式tokens(raw): {RAW}" in log
    assert f"公式tokens(repaired): {list(formula.tokens_repaired)}" in log
    assert f"|repaired={','.join(map(str, formula.tokens_repaired))}|" in log
