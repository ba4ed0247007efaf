"""What neutralisation does to portfolios: weights, returns, betas, the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sdk.errors import ConfigError, MarketError
from sdk.formula.formula_file import from_tokens
from sdk.market.bundle import Bundle
from sdk.report.exposures_cli import exposures as command
from sdk.scoring.exposures import read_exposures
from sdk.scoring.monthly import monthly_market
from sdk.scoring.neutral_effect import _earned, neutral_effect, rolling_beta
from tests.bundles import small_market

PERIOD = ("2019-01-01", "2020-06-30")
FORMULA = [4, 0, 6]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(small_market())


def test_after_it_the_spread_has_neither_exposure_nor_the_index_it_was_freed_of(bundle: Bundle) -> None:
    found = neutral_effect(from_tokens([5], "v1"), bundle, PERIOD, ["size", "beta"], top_k=10)
    assert [line.name for line in found.exposures] == ["size", "beta"]
    assert all(line.correlation_after < 1e-10 < line.correlation_before for line in found.exposures)
    lines = {(line.portfolio, line.scores): line for line in found.betas}
    assert list(lines) == [("top", "before"), ("top", "after"), ("spread", "before"), ("spread", "after")]
    assert all(line.least <= line.whole + 1.0 and line.least <= line.most for line in lines.values())
    assert abs(lines["spread", "after"].whole) < 0.1


def test_a_score_that_is_the_beta_has_one_before_and_none_after(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The spread of the exposure itself: long what moves with the index, short what does not."""
    market = monthly_market(bundle, "000300.XSHG", *PERIOD)
    beta = read_exposures(bundle, market.codes, market.signal_days, ["beta"]).styles[0]

    class Panel:
        def __init__(self, bars: dict) -> None:
            pass

        def scores(self, tree: tuple, days: np.ndarray, members: np.ndarray) -> np.ndarray:
            noise = np.random.default_rng(1).normal(size=beta.shape)
            return beta + 0.05 * noise * np.nanstd(beta)

    monkeypatch.setattr("sdk.scoring.neutral_effect.PanelScores", Panel)
    found = neutral_effect(from_tokens(FORMULA, "v1"), bundle, PERIOD, ["beta"], top_k=10)
    lines = {(line.portfolio, line.scores): line.whole for line in found.betas}
    assert lines["top", "before"] > 0.1
    assert lines["spread", "before"] > 0.1
    assert abs(lines["spread", "after"]) < lines["spread", "before"] / 3


def test_returns_begin_after_the_first_close_after_the_signal(bundle: Bundle) -> None:
    """Weights of a signal are taken up at the next day's close, so they earn from the day after that."""
    signals, days = np.array([3, 6]), np.arange(5, 10)
    weights, returns = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 2, 3, 4, 5], [10, 20, 30, 40, 50]])
    np.testing.assert_array_equal(_earned(weights, signals, days, returns), [1, 2, 3, 40, 50])
    found = neutral_effect(from_tokens([4], "v1"), bundle, PERIOD, ["size"], top_k=3)
    market = monthly_market(bundle, "000300.XSHG", *PERIOD)
    assert found.first == str(bundle.days[market.signal_days[0]])
    assert found.last == str(bundle.days[market.trade_days[-1]])
    with pytest.raises(MarketError, match="60 are needed"):
        neutral_effect(from_tokens([4], "v1"), bundle, ("2019-01-01", "2019-03-15"), ["size"])
    with pytest.raises(ConfigError, match="differ"):
        rolling_beta(np.zeros(3), np.zeros(4), 2)


def test_the_command_shows_and_writes(bundle: Bundle, tmp_path: Path) -> None:
    common = ["--market", str(small_market()), "--start", PERIOD[0], "--end", PERIOD[1]]
    done = CliRunner().invoke(
        command, ["4", "0", "6", *common, "--neutralise", "size,momentum", "--out", str(tmp_path / "x.json")]
    )
    assert done.exit_code == 0, done.output
    assert "多空，按分数" in done.output
    told = json.loads((tmp_path / "x.json").read_text("utf-8"))
    assert told["format"] == "jqalpha-neutral-effect-1"
    assert [line["name"] for line in told["exposures"]] == ["size", "momentum"]
    refused = CliRunner().invoke(command, ["4", *common])
    assert isinstance(refused.exception, ConfigError)
    assert "name what to take out" in str(refused.exception)
