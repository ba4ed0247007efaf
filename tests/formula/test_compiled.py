"""The compiled loops: every operator against the kernel on long series, on scattered days."""

import numpy as np
import pytest

from jq_strategy import kernel
from jq_strategy.formula import Step
from sdk.formula.compiled import OPCODES
from sdk.formula.segments import PlanOnPanel
from tests.panels import same_bits

LENGTH = 400


@pytest.mark.parametrize("name", [operator.name for operator in kernel.OPERATORS])
def test_the_loop_has_the_kernels_bits_on_scattered_days(name: str) -> None:
    operator = kernel.OPERATOR_TABLE[name]
    rng = np.random.default_rng(len(name))
    operands = rng.standard_t(3, (operator.arity, 5, LENGTH))
    operands[:, 1] = np.round(operands[:, 1])
    operands[:, 2, 100:300] = 0.3  # a stretch without spread
    operands[:, 3] *= 1e160
    days = np.unique(np.r_[operator.depth, rng.integers(operator.depth, LENGTH, 40), LENGTH - 1])
    labels = [f"x{place}" for place in range(operator.arity)]
    steps = [Step(label, "", (), 1) for label in labels]
    steps.append(Step("out", name, tuple((label, operator.depth + 1) for label in labels), 1))
    known = np.ones((5, 1), dtype=bool)
    on_panel = PlanOnPanel(steps, operands, {label: row for row, label in enumerate(labels)}, days, known)
    got = on_panel.values("out", days)
    with np.errstate(all="ignore"):
        want = operator.function(*operands, *([known] if operator.across else []))[:, days - operator.depth]
    assert same_bits(want + 0.0, got + 0.0)


def test_only_the_operators_across_stocks_have_no_loop() -> None:
    assert {operator.name for operator in kernel.OPERATORS} - set(OPCODES) == {"RANK", "ZSCORE"}
