"""The exported file runs on the platform's Python with numpy of its era and computes the same bits."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from exporter.strategy_file import Settings, render
from jq_strategy import formula as language
from jq_strategy.audit import made_bars, score_hex
from sdk.formula.formula_file import from_tokens
from tests.conftest import ROOT

PYTHON36 = ROOT / ".venv36" / "bin" / "python"
FORMULAS = {
    "all features": [0, 1, 6, 2, 6, 3, 6, 4, 6, 5, 6, 19, 6, 20, 6],
    "all operators": [0, 3, 7, 4, 8, 5, 9, 10, 11, 12, 19, 0, 13, 14, 15, 16, 17, 18],
    "short": [2],
    "across stocks": [4, 21, 2, 22, 6, 25, 21],
    "all windows": [3, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 2, 38, 5, 39, 4, 40, 41, 42],
}

pytestmark = pytest.mark.skipif(
    not PYTHON36.exists(), reason="CPYTHON 3.6 ABSENT: nothing was proved about the platform's Python"
)


@pytest.mark.parametrize("tokens", FORMULAS.values(), ids=FORMULAS.keys())
def test_exported_file_gives_the_same_bits_on_python36(tokens: list[int], tmp_path: Path) -> None:
    formula = from_tokens(tokens, "v3")
    bars = made_bars(formula.inputs, formula.lookback_days, stocks=30)
    for name, array in bars.items():
        if name != "benchmark":
            array[3, :7] = np.nan
    (tmp_path / "strategy.py").write_text(render(formula, Settings()), "utf-8")
    np.savez(tmp_path / "bars.npz", **bars)
    script = Path(__file__).parent / "run_on_36.py"
    done = subprocess.run(
        [PYTHON36, script, tmp_path / "strategy.py", tmp_path / "bars.npz"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    want = language.evaluate(formula.tree, bars)[:, 0]
    assert done.stdout.split() == [score_hex(score) for score in want]


def test_the_interpreter_is_the_platforms_era() -> None:
    code = "import sys, numpy; print(sys.version_info[:2], numpy.__version__)"
    done = subprocess.run([PYTHON36, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["(3,", "6)", "1.14.6"]
