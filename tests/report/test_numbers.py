"""Printed numbers: forms, precision, and when two may be one number."""

from __future__ import annotations

import pytest

from sdk.report.charts import value_ticks
from sdk.report.monthly_returns import drawdown, monthly_returns
from sdk.report.numbers import MONEY, PRICE, SHARES, full_float, number, same

FORMS = (
    ("1900股", 1900.0),
    ("-0股", 0.0),
    ("5.06%", 5.06),
    ("-0%", 0.0),
    ("1,234.50", 1234.5),
    ("-2.8", -2.8),
    ("1e-05", 1e-05),
)


@pytest.mark.parametrize(("text", "value"), FORMS)
def test_number_forms_of_the_platform(text: str, value: float) -> None:
    reading = number(text, MONEY)
    assert reading is not None
    assert reading.value == value


@pytest.mark.parametrize("text", ["", "-", "--", "N/A"])
def test_nothing_is_nothing_and_not_zero(text: str) -> None:
    assert number(text, MONEY) is None


@pytest.mark.parametrize("text", ["abc", "1.2.3", "１２", "1e999", "0x10", "1 2"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        number(text, MONEY)


SAMENESS = (
    (number("28", MONEY), full_float("28.00404"), True),
    (number("28.2", MONEY), full_float("28.196279999999998"), True),
    (number("28.2", MONEY), full_float("28.2051"), False),
    (number("10.01", PRICE), number("10.02", PRICE), False),
    (number("1478250", MONEY), number("1478250.01", MONEY), False),
    (number("1900股", SHARES), number("1901股", SHARES), False),
    (number("4.2", PRICE), full_float("4.2"), True),
    (full_float("29.845499999999998"), full_float("29.8455"), False),
    (full_float("-0.0"), full_float("0.0"), True),
    (full_float("nan"), full_float("nan"), True),
)


@pytest.mark.parametrize(("one", "other", "expected"), SAMENESS)
def test_sameness_follows_the_printed_precision(one, other, expected: bool) -> None:
    assert same(one, other) is expected
    assert same(other, one) is expected


def test_months_compound_to_the_year() -> None:
    years = monthly_returns(["2023-12-29", "2024-01-31", "2024-02-29"], [10.0, 21.0, 8.9])
    assert [year.year for year in years] == ["2023", "2024"]
    assert years[1].months[:2] == (pytest.approx(10.0), pytest.approx(-10.0))
    assert years[1].total == pytest.approx(-1.0)


def test_drawdown_counts_the_starting_capital() -> None:
    assert drawdown([-10.0, 20.0, 8.0]) == [pytest.approx(-10.0), 0.0, pytest.approx(-10.0)]


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.0), (-34.0, 2.0), (0.0, 1e6), (-0.001, 0.0)])
def test_ticks_enclose_the_values(low: float, high: float) -> None:
    ticks = value_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= 9
