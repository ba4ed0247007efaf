"""What a walk keeps and what it charges, on a bench that looks its runs up in a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from parity import attribute
from parity.attribute import Walk, explanation, walk
from parity.causes import CAUSES
from parity.counterfactual import END, Change, Standing
from parity.counterfactual_text import NotApplicable
from parity.layers import DIFFERENT, Comparison
from parity.record_stream import Records
from parity.records import Side
from sdk.errors import MarketError
from sdk.report.audit_lines import parse_audit
from sdk.report.numbers import Reading

CASH, GOAL = 1_000.0, 930.0
Table = dict[str, tuple[str, float]]

# Changes made → moment of the first difference, value at the end. The values do not add up on purpose.
C_ALONE: Table = {
    "": ("2024-01-02", 1000.0),
    "A": ("2024-01-03", 990.0),
    "AB": ("2024-01-04", 985.0),
    "ABC": ("2024-01-09", 950.0),
    "BC": ("2024-01-09", 955.0),
    "C": ("2024-01-10", 940.0),
    "B": ("2024-01-02", 999.0),
    "AC": ("2024-01-09", 951.0),
}
B_ALONE: Table = {**C_ALONE, "ABC": (END, GOAL), "BC": (END, GOAL), "B": (END, GOAL), "C": ("2024-01-03", 980.0)}


def _side(value: float) -> Side:
    return Side("made", (), total_value={"2024-01-31": Reading(repr(value), value)})


def _walked(table: Table, monkeypatch: pytest.MonkeyPatch) -> Walk:
    """Walk over A, B and C, in this order, on a bench that knows the runs of ``table``."""

    class TableBench:
        def __init__(self, target: Side, ignore: object = None) -> None:
            self.target, self.runs = target, 0

        def full(self, recipe: Any) -> Any:
            moment, value = table["".join(sorted(recipe))]
            one = Comparison("order", "status", f"{moment} 09:30:00", "600519.XSHG", "1", "2", DIFFERENT)
            verdict = SimpleNamespace(first=None, differences=() if moment == END else (one,))
            return SimpleNamespace(recipe=recipe, side=_side(value), verdict=verdict, standing=Standing(moment, 0))

        attempt = full

        def knows(self, side: Side) -> None:
            """No side of the table has errors."""

        def seen(self, verdict: Any) -> tuple[Comparison, ...]:
            return verdict.differences

    changes: Iterator[Change] = iter(
        [
            Change("TIME", "A", lambda recipe: recipe | {"A"}),  # type: ignore[operator, return-value]
            Change("FEE", "B", lambda recipe: recipe | {"B"}),  # type: ignore[operator, return-value]
            Change("FILL", "C", lambda recipe: recipe | {"C"}),  # type: ignore[operator, return-value]
        ]
    )

    def best(bench: Any, scene: Any, now: Any, near: Any) -> list | None:
        change = next(changes, None)
        return None if change is None else [(change, bench.full(change.apply(now.recipe)))]

    monkeypatch.setattr(attribute, "Bench", TableBench)
    monkeypatch.setattr(attribute, "_best", best)
    monkeypatch.setattr(attribute, "_pair", lambda bench, scene, now, near: None)
    recipe: Any = frozenset()
    return walk(recipe, _side(GOAL))


def test_every_step_that_is_not_needed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [step.change.words for step in _walked(C_ALONE, monkeypatch).steps] == ["C"]


@pytest.mark.parametrize("table", [C_ALONE, B_ALONE])
def test_parts_and_rest_add_up_to_the_gap(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    told = explanation(_walked(table, monkeypatch), "local", CASH, _side(GOAL))
    assert told.unattributed_bp is not None
    parts = sum(cause.basis_points or 0.0 for cause in told.causes)
    assert parts + told.unattributed_bp == pytest.approx((GOAL - 1000.0) / CASH * 1e4, abs=1e-9)


def test_steps_behind_an_equal_run_are_not_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _walked(B_ALONE, monkeypatch)
    assert [step.change.words for step in found.steps] == ["B"]
    assert found.equal


def test_remarks_leave_out_what_was_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = explanation(_walked(C_ALONE, monkeypatch), "local", CASH, _side(GOAL))
    assert "FILL 改后：净值日均差 70.00 → 10.00 元" in told.remarks  # no positions: no share of holdings
    without = explanation(_walked(C_ALONE, monkeypatch), "local", CASH, Side("a log", ()))
    assert [remark for remark in without.remarks if "nan" in remark or "元" in remark] == []


@pytest.mark.parametrize("problem", [NotApplicable("no such line"), MarketError("no such day")])
def test_changes_before_one_that_cannot_be_made_out_are_kept(problem: Exception) -> None:
    kept = Change("FEE", "kept", lambda recipe: recipe)

    def changes(scene: object) -> Iterator[Change]:
        yield kept
        raise problem

    row = attribute.replace(CAUSES[0], changes=changes)
    scene: Any = None
    assert attribute._changes(row, scene) == [kept]


def test_causes_that_leave_a_difference_are_called_the_nearest_where_no_audit_line_tells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def said(table: Table, target: Side) -> bool:
        told = explanation(_walked(table, monkeypatch), "local", CASH, target)
        return any("所列原因是与文件最接近的解释" in remark for remark in told.remarks)

    audited = replace(_side(GOAL), audits=Records.of([parse_audit("v1|2024-01-02|lag=2024-01-01|", "")]))
    assert said(C_ALONE, _side(GOAL))
    assert not said(B_ALONE, _side(GOAL))  # equal at the end
    assert not said(C_ALONE, audited)
