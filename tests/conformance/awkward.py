"""The awkward inputs of the conformance suite: series for operators, bars for whole formulas. One entry, one idea."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from jq_strategy.kernel import LARGEST
from tests.panels import awkward_bars

Series = np.ndarray
STOCKS = 7


def _choice(*values: float) -> Callable[[np.random.Generator, tuple[int, ...]], Series]:
    return lambda rng, shape: rng.choice(np.array(values), shape)


def _magnitudes(rng: np.random.Generator, shape: tuple[int, ...]) -> Series:
    return rng.choice([-1.0, 1.0], shape) * 10.0 ** rng.uniform(-300, 300, shape)


def _constant_rows(rng: np.random.Generator, shape: tuple[int, ...]) -> Series:
    return np.repeat(rng.choice([0.0, 1.1, -3.3, 1e-310, 7e300, 0.1], (shape[0], 1)), shape[1], axis=1)


SERIES: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Series]] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "ties": _choice(-2.0, -1.0, 0.5, 3.0),
    "±0": _choice(-0.0, 0.0, 1.0, -1.0),
    "denormal": _choice(5e-324, -5e-324, 2.5e-308, -1e-310, 0.0),
    "huge": _choice(LARGEST, -LARGEST, 1e308, -9e307, 1e300, 1e154),
    "spread": _magnitudes,
    "constant": _constant_rows,
    "all equal": lambda rng, shape: np.full(shape, 0.1),
    "one stock": lambda rng, shape: rng.normal(size=(1, shape[1])),
    "one day": lambda rng, shape: rng.normal(size=(shape[0], shape[1] - 3)),
    "NaN": lambda rng, shape: rng.normal(size=shape),
    "nobody": lambda rng, shape: rng.normal(size=shape),
}


def series(name: str, arity: int, depth: int, seed: int) -> tuple[list[Series], np.ndarray]:
    """Return the operands (stocks, depth + 4 days) of one case and who is known (stocks, 1).

    "NaN": some stocks are unknown and hold NaN. "nobody": no stock is known.
    """
    rng = np.random.default_rng([seed, *name.encode()])
    operands = [SERIES[name](rng, (STOCKS, depth + 4)) for _ in range(arity)]
    known = np.ones((len(operands[0]), 1), dtype=bool)
    if name == "NaN":
        known[::3] = False
        for operand in operands:
            operand[::3] = np.nan
    if name == "nobody":
        known[:] = False
    return operands, known


def _gaps(bars: dict[str, Series], rng: np.random.Generator) -> None:
    for name in bars:
        if name != "benchmark":
            bars[name][rng.random(bars[name].shape) < 0.002] = np.nan


def _all_halted(bars: dict[str, Series], rng: np.random.Generator) -> None:
    for name, array in bars.items():
        array[:] = 0.0 if name in ("volume", "money") else array[:, :1]


def _new_listing(bars: dict[str, Series], rng: np.random.Generator) -> None:
    for name in bars:
        if name != "benchmark":
            bars[name][:3, : bars[name].shape[1] // 2] = np.nan
            bars[name][3, :-1] = np.nan


def _zero_volume(bars: dict[str, Series], rng: np.random.Generator) -> None:
    bars["volume"][:2], bars["money"][:2] = 0.0, 0.0


def _missing_factor(bars: dict[str, Series], rng: np.random.Generator) -> None:
    bars["factor"][2], bars["factor"][4, -3:] = np.nan, np.nan


def _impossible(bars: dict[str, Series], rng: np.random.Generator) -> None:
    bars["close"][0, -1], bars["volume"][1, -1], bars["factor"][2, -1] = 0.0, -100.0, np.inf


def _extreme(bars: dict[str, Series], rng: np.random.Generator) -> None:
    for name, scale in (("close", 1e5), ("volume", 1e12), ("money", 1e15), ("factor", 2.0**40)):
        bars[name][0] *= scale
        bars[name][1] /= scale


BARS: dict[str, Callable[[dict[str, Series], np.random.Generator], None]] = {
    "gaps": _gaps,
    "all halted": _all_halted,
    "new listing": _new_listing,
    "zero volume": _zero_volume,
    "missing factor": _missing_factor,
    "impossible": _impossible,
    "extreme": _extreme,
    "one stock bars": lambda bars, rng: None,
}


def bars(name: str, days: int, seed: int) -> dict[str, Series]:
    """Return all kernel inputs of one case over ``days`` days."""
    made = awkward_bars(STOCKS + 1, max(days, 130), seed)
    made = {field: array[:, -days:].copy() for field, array in made.items()}
    BARS[name](made, np.random.default_rng(seed))
    if name == "one stock bars":
        made = {field: array[:1] for field, array in made.items()}
    return made
