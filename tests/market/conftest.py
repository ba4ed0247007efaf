"""Bundles that the market's tests share, opened once a session."""

from __future__ import annotations

import pytest

from sdk.market.bundle import Bundle
from tests.bundles import real_market, small_market


@pytest.fixture(scope="session")
def made() -> Bundle:
    """A made market: 60 stocks, 3 working years."""
    return Bundle.open(small_market())


@pytest.fixture(scope="session")
def real_bundle() -> Bundle:
    """The real data, imported."""
    return Bundle.open(real_market())
