"""The export: three computations with the same bits, a readable file, a model that stands alone."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from exporter import export as export_module
from exporter.exported import load_scorer
from exporter.onnx_graph import build_model
from exporter.strategy_file import Settings, render
from exporter.verify import onnx_scores, open_model, verify
from jq_strategy import formula as language
from sdk.errors import ConfigError, ExportError, FormulaError
from sdk.formula.formula_file import from_tokens, load, save
from tests.panels import awkward_bars, random_lists, same_bits

BARS = awkward_bars(10, 520, seed=21)
TOKENS = [4, 10, 14, 3, 6, 0, 18, 9, 9, 2]


def test_kernel_model_and_file_agree_on_random_formulas() -> None:
    for tokens in random_lists(60, seed=5):
        formula = from_tokens(tokens, "v2")
        if formula.lookback_days > 520:
            continue
        bars = {name: BARS[name][:, -formula.lookback_days :] for name in formula.inputs}
        want = language.evaluate(formula.tree, bars)[:, 0]
        model = open_model(build_model(formula).SerializeToString())
        assert same_bits(want, onnx_scores(model, bars) + 0.0), formula.expression
        assert same_bits(want, load_scorer(render(formula, Settings()))(bars)), formula.expression


def test_the_model_takes_any_number_of_stocks_and_more_days() -> None:
    formula = from_tokens(TOKENS, "v2")
    model = open_model(build_model(formula).SerializeToString())
    want = language.evaluate(formula.tree, BARS)[:, 0]
    assert same_bits(want, onnx_scores(model, BARS))
    assert same_bits(want[:1], onnx_scores(model, {name: array[:1] for name, array in BARS.items()}))


def test_the_model_says_what_it_is(tmp_path: Path) -> None:
    formula = from_tokens(TOKENS, "v2")
    model = build_model(formula)
    onnx.checker.check_model(model, full_check=True)
    props = {prop.key: prop.value for prop in model.metadata_props}
    assert json.loads(props["tokens_raw"]) == TOKENS
    assert json.loads(props["tokens_repaired"]) == list(formula.tokens_repaired)
    assert props["expression"] == formula.expression
    assert {function.name for function in model.functions} >= {"DEV", "JUMP", "TSUM20", "DIV"}
    assert len(model.SerializeToString()) < 100_000


def test_an_export_is_whole_and_repeatable(tmp_path: Path) -> None:
    formula = from_tokens(TOKENS, "v2")
    for name in ("one", "two"):
        result = export_module.export_formula(formula, tmp_path / name)
        assert result.scores == result.bitwise_equal > 0
    names = ["strategy.py", "model.onnx", "formula.json", "manifest.json"]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == sorted(names)
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert load(tmp_path / "one" / "formula.json") == formula


def test_a_file_that_computes_something_else_is_refused() -> None:
    formula = from_tokens(TOKENS, "v2")
    wrong = render(formula, Settings()).replace("0.8 *", "0.80000001 *").replace("/ 119.0", "/ 120.0")
    with pytest.raises(ExportError, match="does not reproduce the kernel"):
        verify(formula, wrong, build_model(formula).SerializeToString(), None, "000300.XSHG", "000300.XSHG")


def test_a_directory_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("keep")
    with pytest.raises(ExportError, match="choose another place"):
        export_module.export_formula(from_tokens([0], "v2"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_the_file_is_36_syntax_short_and_free_of_our_packages() -> None:
    text = render(from_tokens(TOKENS, "v2"), Settings())
    compile(text, "strategy.py", "exec", dont_inherit=True)
    assert "jq_strategy" not in text
    assert "from jqdata import *" in text
    assert len(text.splitlines()) < 850
    assert "公式" in text.split('"""')[1]


def test_every_name_that_the_file_uses_is_defined_or_the_platforms() -> None:
    text = render(from_tokens([0, 1, 6, 2, 6, 3, 6, 4, 6, 5, 6, 19, 6, 20, 6, 13, 14, 15, 17], "v2"), Settings())
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821,F811,F401", "-"],
        input=text.replace("from jqdata import *", ""),
        capture_output=True,
        text=True,
        check=False,
    )
    undefined = {line.split("`")[1] for line in done.stdout.splitlines() if line.startswith("F821")}
    platform = {
        "MarketOrderStyle", "g", "get_current_data", "get_index_stocks", "get_price", "get_valuation", "log",
        "order_target", "order_target_value", "run_monthly", "set_benchmark", "set_option",
    }  # fmt: skip
    assert undefined <= platform
    assert "F811" not in done.stdout
    assert "F401" not in done.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[0, 4", "not JSON"),
        ("[]", "the token list is empty"),
        ("[0, 44]", "token 1 has id 44"),
        ('{"tokens": "RET"}', "must be a list"),
        ('{"format": "other"}', "format is 'other'"),
        ("7", "expected an object or a list"),
    ],
)
def test_a_bad_formula_file_is_one_clear_line(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "formula.json"
    path.write_text(content)
    with pytest.raises(FormulaError, match=words) as caught:
        load(path, "v2")
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_formula_file_whose_parts_contradict_each_other_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "formula.json"
    save(from_tokens([0, 4, 7], "v2"), path)
    path.write_text(path.read_text().replace("(RET - DEV)", "(RET + DEV)"))
    with pytest.raises(FormulaError, match="expression is"):
        load(path)


def test_scores_without_history_are_missing_not_zero() -> None:
    formula = from_tokens(TOKENS, "v2")
    bars = {name: BARS[name][:, -formula.lookback_days :].copy() for name in formula.inputs}
    bars["close"][4, 0] = np.nan
    model = open_model(build_model(formula).SerializeToString())
    assert np.isnan(onnx_scores(model, bars)[4])
    assert np.isnan(load_scorer(render(formula, Settings()))(bars)[4])


@pytest.mark.parametrize("pool", ["123", "000300", "000300.SH", "沪深300", ""])
def test_a_pool_that_is_no_code_is_refused(pool: str) -> None:
    with pytest.raises(ConfigError, match=r"write it like 000300\.XSHG"):
        Settings(pool_index=pool).of(from_tokens([0], "v2"))
    with pytest.raises(ConfigError, match="benchmark of the export"):
        Settings(benchmark=pool).of(from_tokens([0], "v2"))
