"""Shared markets of the emulator's tests."""

from __future__ import annotations

import pytest

from sdk.market.made.market import make_market
from sdk.market.made.spec import MarketSpec


@pytest.fixture(scope="session")
def minute_market(tmp_path_factory):
    """Ten made stocks with a run-up of 300 days and minute bars from January to June 2023."""
    spec = MarketSpec(stocks=10, years=0.5, seed=3, start="2023-01-01", minutes=("2023-01-01", "2023-06-30"))
    return make_market(tmp_path_factory.mktemp("minutes") / "market", spec)
