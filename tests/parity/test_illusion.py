"""The illusion: rolling scores are those of the exported strategy, global ones know the future."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from jq_strategy import formula as language
from sdk.errors import ConfigError
from sdk.formula.bars import bars_between
from sdk.formula.formula_file import from_tokens
from sdk.formula.reading import read_formula
from sdk.market.bundle import Bundle
from sdk.report.illusion_cli import illusion as command
from sdk.scoring.illusion import global_scores, illusion, rolling_scores
from tests.bundles import small_market


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(small_market())


def test_a_formula_without_a_statistic_has_no_illusion(bundle: Bundle) -> None:
    found = illusion(read_formula("PRESSURE").formula, bundle, 2019, top_k=5)
    assert len(found.months) >= 11
    assert found.rank_ic_gap == 0.0
    assert found.return_gap == 0.0


def test_global_scores_change_with_the_future_and_rolling_ones_do_not(bundle: Bundle) -> None:
    formula = read_formula("(DEV + LOG_VOL)").formula
    codes = bundle.members("000300.XSHG", "2019-01-03")[:8]
    bars = bars_between(bundle, list(codes), formula.inputs, end="2019-12-31")
    day = int(np.searchsorted(bundle.days, np.datetime64("2019-01-03")))
    earlier = {name: x[:, : day + 60] for name, x in bars.items()}
    rolling = [rolling_scores(formula.tree, one, [day]) for one in (bars, earlier)]
    whole = [global_scores(formula.tree, one, [day]) for one in (bars, earlier)]
    window = {name: x[:, day + 1 - formula.lookback_days : day + 1] for name, x in bars.items()}
    assert np.array_equal(rolling[0], rolling[1], equal_nan=True)
    assert np.array_equal(rolling[0], language.evaluate(formula.tree, window), equal_nan=True)
    assert not np.allclose(whole[0], whole[1], equal_nan=True)
    assert np.array_equal(np.isnan(whole[0]), np.isnan(rolling[0]))


def test_the_command_prints_a_table_and_writes_a_page_that_asks_for_nothing(tmp_path: Path) -> None:
    words = ["(DEV", "-", "FOMO)", "--market", str(small_market()), "--year", "2019", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(command, words, catch_exceptions=False)
    assert done.exit_code == 0
    assert "幻觉 illusion" in done.output
    told = json.loads((tmp_path / "out/illusion.json").read_text("utf-8"))
    assert told["return_gap"] != 0.0
    page = (tmp_path / "out/illusion.html").read_text("utf-8")
    assert "http:" not in page
    assert "https:" not in page
    assert "<script" not in page
    assert page.count("<svg") == 2


def test_a_formula_with_neutralised_scores_is_refused(bundle: Bundle) -> None:
    formula = from_tokens([4, 0, 6], "v2", training={"neutralise": ["size"]})
    with pytest.raises(ConfigError, match=r"size.*the illusion is measured on raw ones"):
        illusion(formula, bundle, 2019, top_k=5)
