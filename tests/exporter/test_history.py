"""The model of all days: each day's score is the last-day score of its own window, NaN where that is not full."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import CliRunner

from exporter.cli import export
from exporter.onnx_graph import build_history_model, build_model
from exporter.strategy_file import Settings, render
from exporter.verify import onnx_features, onnx_scores, open_model, verify
from jq_strategy import formula as language
from sdk.errors import ExportError
from sdk.formula.formula_file import FormulaFile, from_tokens, save
from sdk.formula.panel_scores import PanelScores
from tests.panels import awkward_bars, random_lists, same_bits

BARS = awkward_bars(10, 560, seed=22)
EIGHT = [0, 1, 6, 2, 6, 3, 6, 4, 6, 5, 6, 19, 6, 20, 6]
ACROSS_PAST_DAYS = [0, 21, 18, 5, 22, 15, 8]  # RANK and ZSCORE below TSUM20 and DECAY
MODELS = {
    "eight features": (EIGHT, "v2"),
    "two JUMPs": ([0, 14, 5, 14, 6], "v2"),
    "windows of operators": ([0, 5, 37, 2, 26, 6, 4, 33, 8], "v3"),
    "stocks compared on the day": ([0, 18, 21], "v3"),
    "stocks compared on past days": (ACROSS_PAST_DAYS, "v3"),
}


def day_by_day(formula: FormulaFile, bars: dict[str, np.ndarray]) -> np.ndarray:
    """Return the kernel's scores (stocks, days), each from its own window alone."""
    stocks, days = max(array.shape[0] for array in bars.values()), bars[formula.inputs[0]].shape[1]
    scores, lookback = np.full((stocks, days), np.nan), formula.lookback_days
    for day in range(lookback - 1, days):
        window = {name: bars[name][:, day + 1 - lookback : day + 1] for name in formula.inputs}
        scores[:, day] = language.evaluate(formula.tree, window)[:, 0]
    return scores


def history_scores(formula: FormulaFile, bars: dict[str, np.ndarray]) -> np.ndarray:
    return onnx_scores(open_model(build_history_model(formula).SerializeToString()), bars) + 0.0


@pytest.mark.parametrize(("tokens", "vocabulary"), MODELS.values(), ids=MODELS.keys())
def test_each_day_has_the_bits_of_its_own_window(tokens: list[int], vocabulary: str) -> None:
    formula = from_tokens(tokens, vocabulary)
    days = formula.lookback_days + 30
    bars = {name: BARS[name][:, -days:] for name in formula.inputs}
    assert same_bits(history_scores(formula, bars), day_by_day(formula, bars))


def test_random_formulas_have_the_same_history_in_batch_and_model() -> None:
    for tokens in random_lists(12, seed=6, vocabulary="v3"):
        formula = from_tokens(tokens, "v3")
        if formula.lookback_days <= 300:
            want = PanelScores(BARS).scores(formula.tree, np.arange(BARS["close"].shape[1]))
            assert same_bits(history_scores(formula, BARS), want), formula.expression


@pytest.mark.parametrize("missing_days", [0, 1, 100])
def test_a_short_history_has_no_scores_and_no_error(missing_days: int) -> None:
    formula = from_tokens([0, 4, 6], "v2")
    bars = {name: BARS[name][:, : formula.lookback_days - missing_days] for name in formula.inputs}
    scores = history_scores(formula, bars)
    assert scores.shape == bars["close"].shape
    assert np.isnan(scores[:, : formula.lookback_days - 1]).all()
    assert same_bits(scores, day_by_day(formula, bars))


def test_equal_values_and_zeros_of_both_signs_slide_through_the_window() -> None:
    rng = np.random.default_rng(3)
    formula = from_tokens([0, 5, 6], "v2")
    shape = (6, formula.lookback_days + 200)
    bars = {
        "close": rng.choice([9.99, 10.0, 10.01], shape),
        "volume": rng.choice([0.0, 100.0, 200.0], shape),
        "factor": np.cumprod(rng.choice([1.0, 1.0, 1.0, 1.25, 0.8], shape), axis=1),
    }
    bars["close"][2, 100:] = 10.0
    bars["factor"][3] = 1.0
    assert same_bits(history_scores(formula, bars), day_by_day(formula, bars))


def test_one_stock_and_one_window_are_enough() -> None:
    formula = from_tokens(EIGHT, "v2")
    bars = {name: BARS[name][:1, -formula.lookback_days :] for name in formula.inputs}
    assert same_bits(history_scores(formula, bars), day_by_day(formula, bars))


def test_optimisers_and_threads_change_no_bit_of_this_onnxruntime() -> None:
    formula = from_tokens([0, 5, 6, 14, 21], "v3")
    bars = {name: np.ascontiguousarray(BARS[name]) for name in formula.inputs}
    data = build_history_model(formula).SerializeToString()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    assert same_bits(onnx_scores(session, bars) + 0.0, history_scores(formula, bars))


def test_features_come_out_on_request_as_they_are_alone() -> None:
    formula = from_tokens([0, 5, 6, 2, 15, 8, 20, 18, 7], "v2")
    bars = {name: BARS[name][:, -formula.lookback_days :].copy() for name in formula.inputs}
    bars["close"][4, 3] = np.nan
    session = open_model(build_model(formula, features=True).SerializeToString())
    found = onnx_features(session, bars)
    assert sorted(found) == ["LOG_VOL", "PRESSURE", "REL_MOM20", "RET"]
    for name, values in found.items():
        assert same_bits(values + 0.0, language.evaluate((name,), bars)[:, 0]), name
    assert same_bits(onnx_scores(session, bars) + 0.0, language.evaluate(formula.tree, bars)[:, 0])
    assert np.isnan(onnx_scores(session, bars)[4])
    assert not np.isnan(found["PRESSURE"][4]), "a gap before its own window does not touch a feature"


def test_the_command_writes_verified_models_of_all_days_with_features(tmp_path: Path) -> None:
    save(from_tokens([0, 4, 6], "v2"), tmp_path / "formula.json")
    words = [str(tmp_path / "formula.json"), "--out", str(tmp_path / "out"), "--history", "--features"]
    done = CliRunner().invoke(export, words)
    assert done.exit_code == 0, done.output
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert manifest["verification"]["history_scores"] > 0
    assert sorted(manifest["files"]) == ["formula.json", "model.onnx", "model_history.onnx", "strategy.py"]
    outputs = [output.name for output in onnx.load(tmp_path / "out" / "model.onnx").graph.output]
    assert outputs == ["score", "RET", "DEV"]


def test_a_history_model_that_computes_something_else_is_refused() -> None:
    formula, other = from_tokens([0, 15], "v2"), from_tokens([0, 17], "v2")
    model, wrong = (build.SerializeToString() for build in (build_model(formula), build_history_model(other)))
    strategy = render(formula, Settings())
    with pytest.raises(ExportError, match="the history model does not reproduce the kernel"):
        verify(formula, strategy, model, None, "000300.XSHG", "000300.XSHG", wrong)


def test_names_inside_loops_and_scans_are_unique_and_nothing_lies_outside() -> None:
    model = build_history_model(from_tokens([0, 14, 5, 14, 6, 3, 6, 4, 6], "v2"))
    for function in model.functions:
        names = list(_outputs(function.node))
        assert len(names) == len(set(names)), function.name
    assert not model.graph.initializer
    assert len(model.SerializeToString()) < 100_000


def _outputs(nodes: Iterable[onnx.NodeProto]) -> list[str]:
    found: list[str] = []
    for node in nodes:
        found += list(node.output)
        for attribute in node.attribute:
            found += _outputs(attribute.g.node)
    return found
