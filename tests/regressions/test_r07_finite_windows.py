"""R7: every operator has a finite causal window; nothing before it moves a bit (JUMP used the whole axis)."""

import numpy as np
import pytest

from jq_strategy import kernel

LENGTH = 400
RNG = np.random.default_rng(7)
KNOWN = np.ones((6, 1), dtype=bool)


def _call(operator: kernel.Operator, operands: list[np.ndarray]) -> np.ndarray:
    with np.errstate(all="ignore"):
        return operator.function(*operands, *([KNOWN] if operator.across else []))


@pytest.mark.parametrize("operator", kernel.OPERATORS, ids=lambda operator: operator.name)
def test_what_lies_before_the_depth_is_forgotten(operator: kernel.Operator) -> None:
    operands = [RNG.normal(size=(6, LENGTH)) for _ in range(operator.arity)]
    whole = _call(operator, operands)
    assert whole.shape == (6, LENGTH - operator.depth)
    first = LENGTH - operator.depth - 1
    wild = [np.where(np.arange(LENGTH) < first, 1e6 * RNG.normal(size=(6, LENGTH)), x) for x in operands]
    assert (_call(operator, wild)[:, -1] == whole[:, -1]).all()
    alone = _call(operator, [x[:, first:] for x in operands])
    assert alone.shape == (6, 1)
    assert (alone[:, 0] == whole[:, -1]).all()


@pytest.mark.parametrize("operator", [item for item in kernel.OPERATORS if item.depth], ids=lambda item: item.name)
def test_the_depth_is_not_larger_than_needed(operator: kernel.Operator) -> None:
    moved_the_result = 0
    for trial in range(20):
        operands = [RNG.normal(size=(6, operator.depth + 1)) for _ in range(operator.arity)]
        other = [x.copy() for x in operands]
        other[0][:, 0] += 50.0 if trial % 2 else -50.0
        if operator.name == "JUMP":  # a result above 0 needs a last day far out
            operands[0][:, -1] = other[0][:, -1] = 9.0
        moved_the_result += bool((_call(operator, operands) != _call(operator, other)).any())
    assert moved_the_result > 0
