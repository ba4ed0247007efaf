"""``pytest --jqalpha-parity DIR`` in a user's own repository: one test a layer, clear words where one fails."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from parity.layers import LAYERS
from tests.conftest import ROOT
from tests.report.made_run import plant, write_run

pytest_plugins = ["pytester"]
PLUGIN = ("-p", "no:cacheprovider", "-p", "parity.pytest_plugin")


@pytest.fixture
def cases(pytester: pytest.Pytester) -> Path:
    """A repository with one case: a run and the same run as a download."""
    write_run(pytester.path / "cases/momentum/run")
    write_run(pytester.path / "cases/momentum/platform", "gbk", 500)
    return pytester.path / "cases"


def run(pytester: pytest.Pytester, *options: object) -> pytest.RunResult:
    """Run pytest there with our plugin loaded once, installed or not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.runpytest_inprocess(*PLUGIN, "-rs", *map(str, options))


def test_equal_sides_pass_layer_by_layer(cases: Path, pytester: pytest.Pytester) -> None:
    result = run(pytester, "--jqalpha-parity", cases, "-v")
    result.assert_outcomes(passed=len(LAYERS) - 1, skipped=1)
    result.stdout.fnmatch_lines(["*momentum[[]fill price] PASSED*"])
    result.stdout.fnmatch_lines(["*未能判断 not judged*"])


def test_a_difference_fails_its_layer_and_says_where(cases: Path, pytester: pytest.Pytester) -> None:
    plant(cases / "momentum/platform", "transaction.csv", ",50.46,", ",60.46,")
    result = run(pytester, "--jqalpha-parity", cases)
    result.assert_outcomes(passed=len(LAYERS) - 2, skipped=1, failed=1)
    text = result.stdout.str()
    assert "手续费 fee: 1 / " in text
    assert "2024-03-01 600519.XSHG 手续费 fee" in text
    assert "平台 platform: 60.46" in text
    assert "set_order_cost" in text
    assert "Traceback" not in text


def test_two_strategies_and_a_zip(cases: Path, pytester: pytest.Pytester) -> None:
    shutil.copytree(cases / "momentum/run", cases / "value/run")
    shutil.make_archive(str(cases / "value/platform"), "zip", cases / "momentum/platform")
    run(pytester, "--jqalpha-parity", cases).assert_outcomes(passed=2 * len(LAYERS) - 2, skipped=2)


def test_a_strategy_file_without_a_market_says_what_to_give(cases: Path, pytester: pytest.Pytester) -> None:
    shutil.rmtree(cases / "momentum/run")
    (cases / "momentum/strategy.py").write_text("def initialize(context):\n    pass\n", "utf-8")
    result = run(pytester, "--jqalpha-parity", cases)
    result.assert_outcomes(failed=len(LAYERS))
    assert "--jqalpha-market DIR" in result.stdout.str()


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_a_directory_without_downloads_is_a_usage_error(folder: str, pytester: pytest.Pytester) -> None:
    (pytester.path / "empty").mkdir()
    result = run(pytester, "--jqalpha-parity", pytester.path / folder)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--jqalpha-parity*"])


def test_without_the_option_nothing_is_added(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_one():\n    pass\n")
    run(pytester).assert_outcomes(passed=1)


def test_the_plugin_is_announced_to_pytest() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"jqalpha": "parity.pytest_plugin"}
