"""Quirks need evidence and an expiry; numbers are read off files as people write them; the table is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.causes import BY_CODE, CAUSES
from parity.counterfactual import Standing
from parity.counterfactual_guess import simple_between
from parity.counterfactual_text import lenient_readings
from parity.layers import DIFFERENT, LAYERS, Comparison
from parity.quirks import load_quirks, matching
from sdk.errors import ParityError

QUIRK = """
[odd_fill]
layer = "fill price"
code = "600519.XSHG"
first_day = "2024-03-01"
last_day = "2024-03-01"
field = "成交价 price"
words = "平台当日成交价为 1700.01"
evidence = "log.txt of the run of 2024-06-01, line 12"
expires = "2030-12-31"
"""


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "quirks.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_quirk_explains_its_difference_and_no_other(tmp_path: Path) -> None:
    quirks = load_quirks(_written(tmp_path, QUIRK), "2024-12-31")
    one = Comparison("fill price", "成交价 price", "2024-03-01 09:30:00", "600519.XSHG", "1", "2", DIFFERENT)
    other = Comparison("fill price", "成交价 price", "2024-03-04 09:30:00", "600519.XSHG", "1", "2", DIFFERENT)
    assert matching(one, quirks) is quirks[0]
    assert matching(other, quirks) is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('evidence = "log.txt of the run of 2024-06-01, line 12"\n', "", "evidence"),
        ("2030-12-31", "2024-06-30", "expired"),
        ("2030-12-31", "soon", "is not a day"),
        ('layer = "fill price"', 'layer = "fill prices"', "fill price"),
        ('words = "', 'word = "', "words"),
        ('code = "600519.XSHG"', 'code = "("', "code"),
    ],
)
def test_a_quirk_that_cannot_be_believed_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert QUIRK.count(old) == 1
    with pytest.raises(ParityError, match=told):
        load_quirks(_written(tmp_path, QUIRK.replace(old, new)), "2024-12-31")


def test_the_built_in_quirks_can_be_believed() -> None:
    load_quirks()


def test_every_cause_of_the_table_has_a_sentence_and_layers_that_exist() -> None:
    assert set(BY_CODE) == {
        *["ADJ", "TIME", "NORM", "REPAIR", "TIES", "FILL", "LIMIT", "SIZE"],
        *["FEE", "DATA", "UNIV", "FREQ", "METRIC", "BENCH", "ENV", "LOGIC"],
    }
    for row in CAUSES:
        assert set(row.layers) <= set(LAYERS)
        assert "{words}" in row.sentence
        assert row.advice


@pytest.mark.parametrize(
    ("low", "high", "number"),
    [(0.00242, 0.00249, 0.002455), (0.0019, 0.0021, 0.002), (-0.001, 0.001, 0.0), (0.00024999, 0.00025001, 0.00025)],
)
def test_a_parameter_is_the_simplest_number_of_its_interval(low: float, high: float, number: float) -> None:
    found = simple_between(low, high)
    assert found is not None
    assert low <= found <= high
    assert len(repr(found)) <= len(repr(number))


def test_an_empty_interval_has_no_number() -> None:
    assert simple_between(2.0, 1.0) is None


def test_raw_tokens_are_read_as_an_unrepaired_stack_leaves_them() -> None:
    found = lenient_readings([4, 9, 0, 14, 5], "v1", "postfix")  # DEV, DIV without operands, JUMP(RET), LOG_VOL
    assert found["raw tokens, top of the stack"] == [5]
    assert found["raw tokens, bottom of the stack"] == [4]


def test_fewer_of_the_same_fields_agree_further_other_fields_do_not() -> None:
    now = Standing("2024-03-01 09:30:00", 0, frozenset(("lag", "pool")))
    assert Standing(now.moment, 0, frozenset(("pool",))).beyond(now)
    assert not Standing(now.moment, 0, frozenset(("rebalance",))).beyond(now)
    assert Standing(now.moment, 2).beyond(now)
    assert not Standing("2024-02-01 09:30:00", 9).beyond(now)
