"""Which records of two sides are set beside each other: by day, code, time and direction, never by id."""

from __future__ import annotations

import pytest

from parity.align import pair_records
from parity.csv_readers import unsigned
from parity.records import Order
from sdk.report.numbers import Reading

DAY, CODE = "2024-03-01", "600519.XSHG"


def order(time: str, direction: str, where: str) -> Order:
    return Order(f"{DAY} {time}".strip(), CODE, direction, "filled", where=where)


def pairs(local: list[Order], platform: list[Order]) -> list[tuple[str, str]]:
    found = pair_records(local, platform)
    return [(one.where if one else "", other.where if other else "") for one, other in found]


@pytest.mark.parametrize(
    ("mine", "theirs", "found"),
    [
        (("09:30:00", "buy"), ("09:30:00", "buy"), [("a", "x")]),
        (("09:30:00", "buy"), ("15:00:00", "buy"), [("a", "x")]),
        (("09:30:00", "buy"), ("", "buy"), [("a", "x")]),
        (("09:30:00", "buy"), ("09:30:00", ""), [("a", "x")]),
        (("09:30:00", "buy"), ("09:30:00", "sell"), [("a", ""), ("", "x")]),
    ],
)
def test_one_record_on_each_side(mine: tuple[str, str], theirs: tuple[str, str], found: list) -> None:
    assert pairs([order(*mine, "a")], [order(*theirs, "x")]) == found


def test_of_several_the_same_moment_comes_before_the_same_direction() -> None:
    mine = [order("09:30:00", "buy", "a"), order("10:00:00", "buy", "b")]
    theirs = [order("10:00:00", "buy", "x"), order("14:00:00", "buy", "y"), order("14:00:00", "sell", "z")]
    assert pairs(mine, theirs) == [("a", "y"), ("b", "x"), ("", "z")]


@pytest.mark.parametrize(("value", "found"), [(-100.0, 100.0), (100.0, 100.0), (-0.0, 0.0)])
def test_a_number_without_its_sign_keeps_text_and_precision(value: float, found: float) -> None:
    made = unsigned(Reading("-100股", value, 0.5))
    assert made == Reading("-100股", found, 0.5)
    assert str(made.value if made else "") == str(found)


def test_what_is_no_number_has_no_sign() -> None:
    assert unsigned(None) is None
    assert unsigned(Reading("--")) == Reading("--")
