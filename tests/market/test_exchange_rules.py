"""Limits and ex-reference prices are decimal arithmetic, to the tick."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from sdk.market.exchange_rules import (
    CHINEXT,
    MAIN,
    STAR,
    board_of,
    ex_reference,
    has_free_first_days,
    limit_down,
    limit_percent,
    limit_up,
    to_fen,
    to_yuan,
)

TICK = Decimal("0.01")


@pytest.mark.parametrize("percent", [5, 10, 20])
def test_limits_equal_decimal_arithmetic_for_every_price_to_100_yuan(percent: int) -> None:
    fen = np.arange(20, 10_000)
    rate = Decimal(percent) / 100
    up = [int((Decimal(int(f)) / 100 * (1 + rate)).quantize(TICK, ROUND_HALF_UP) * 100) for f in fen]
    down = [int((Decimal(int(f)) / 100 * (1 - rate)).quantize(TICK, ROUND_HALF_UP) * 100) for f in fen]
    assert limit_up(fen, percent).tolist() == up
    assert limit_down(fen, percent).tolist() == down


def test_a_limit_is_at_least_one_tick_away() -> None:
    assert limit_up(np.array([3]), 5).tolist() == [4]
    assert limit_down(np.array([3]), 5).tolist() == [2]


@pytest.mark.parametrize(
    ("close", "cash", "ratio", "reference"),
    [
        (19.80, 0.174, 1.2, 16.36),  # 000001.XSHE 2015-04-13: 10 送转 2 派 1.74
        (10.44, 0.153, 1.2, 8.57),  # 000001.XSHE 2016-06-16: 10 转 2 派 1.53
        (337.00, 3.974, 3.0, 111.01),  # 002594.XSHE 2025-07-29: 10 送 8 转 12 派 39.74
        (13.00, 0.218, 1.0, 12.78),  # 000001.XSHE 2020-05-28: 10 派 2.18
    ],
)
def test_real_ex_reference_prices(close: float, cash: float, ratio: float, reference: float) -> None:
    found = ex_reference(to_fen(np.array(close)), np.array(round(cash * 1000)), np.array(round(ratio * 10)))
    assert to_yuan(found) == reference


def test_boards_and_their_limits_through_time() -> None:
    codes = ["600000.XSHG", "300001.XSHE", "688001.XSHG"]
    assert [board_of(code) for code in codes] == [MAIN, CHINEXT, STAR]
    days = np.array(["2020-08-21", "2020-08-24"], dtype="datetime64[D]")
    plain = limit_percent(codes, days, np.zeros((3, 2), dtype=bool))
    special = limit_percent(codes, days, np.ones((3, 2), dtype=bool))
    assert plain.tolist() == [[10, 10], [10, 20], [20, 20]]
    assert special.tolist() == [[5, 5], [5, 20], [20, 20]]


def test_free_first_days_depend_on_board_and_listing_date() -> None:
    assert has_free_first_days("688001.XSHG", np.datetime64("2019-07-22"))
    assert not has_free_first_days("300001.XSHE", np.datetime64("2020-08-21"))
    assert has_free_first_days("300001.XSHE", np.datetime64("2020-08-24"))
    assert has_free_first_days("600001.XSHG", np.datetime64("2023-04-10"))
