"""docs/onnx.md says what is so: its code runs without torch and without this package, its numbers are the models'."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from exporter.model_proto import IR_VERSION, OPSET
from exporter.onnx_graph import build_history_model, build_model
from jq_strategy import formula as language
from jq_strategy.audit import made_bars
from sdk.formula.formula_file import from_tokens
from tests.conftest import ROOT
from tests.panels import same_bits

PAGE = (ROOT / "docs" / "onnx.md").read_text("utf-8")


def test_the_code_of_the_page_scores_without_torch_and_without_us(tmp_path: Path) -> None:
    code = PAGE.split("```python\n")[1].split("```")[0]
    assert len([line for line in code.splitlines() if line]) == 8
    formula = from_tokens([0, 4, 6, 5, 7], "v2")
    bars = made_bars(formula.inputs, formula.lookback_days, stocks=9)
    (tmp_path / "model.onnx").write_bytes(build_model(formula).SerializeToString())
    np.savez(tmp_path / "bars.npz", **bars)
    code += (
        "\nimport json, sys\nnp.save('scores.npy', score)\n"
        "assert not {'torch', 'onnx', 'sdk', 'exporter', 'jq_strategy'} & set(sys.modules), sorted(sys.modules)\n"
        "assert json.loads(model.get_modelmeta().custom_metadata_map['tokens_raw']) == [0, 4, 6, 5, 7]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    want = language.evaluate(formula.tree, bars)[:, 0]
    assert same_bits(np.load(tmp_path / "scores.npy") + 0.0, want)


def test_opset_ir_and_metadata_are_the_documented_ones() -> None:
    formula = from_tokens([0, 4, 6, 5, 7], "v2")
    assert f"**opset {OPSET}，IR {IR_VERSION}**" in PAGE
    for model in (build_model(formula), build_history_model(formula)):
        assert model.ir_version == IR_VERSION
        assert {entry.domain: entry.version for entry in model.opset_import} == {"": OPSET, "jqalpha": 1}
        for prop in model.metadata_props:
            assert f"`{prop.key}`" in PAGE
