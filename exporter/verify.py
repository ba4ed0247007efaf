"""Does the export compute what the kernel computes? Bit for bit, or the export is refused.

Three computations of the same scores are compared: the kernel following the formula's tree, the exported file's own
text, and onnxruntime. Cases are made bars (awkward ones too: halts, gaps, one stock) and, when a market bundle is
given, the index members of rebalance days spread over it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnxruntime

from exporter.exported import load_scorer
from jq_strategy import formula as language
from jq_strategy.audit import made_bars
from sdk.errors import ExportError
from sdk.formula.bars import bars_until
from sdk.formula.formula_file import FormulaFile
from sdk.market.bundle import Bundle

Bars = dict[str, np.ndarray]
_MADE_DAYS = 40


@dataclass(frozen=True)
class Verification:
    """How many scores were compared and how many of them had the same 64 bits in all three computations."""

    cases: int
    scores: int
    bitwise_equal: int
    market: str


def open_model(data: bytes) -> onnxruntime.InferenceSession:
    """Open model bytes so that onnxruntime computes what is written: one thread, no rewriting of roundings."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def onnx_scores(session: onnxruntime.InferenceSession, bars: Bars) -> np.ndarray:
    """Return the scores (stocks,) of the last day of ``bars``."""
    wanted = [argument.name for argument in session.get_inputs()]
    return session.run(["score"], {name: np.ascontiguousarray(bars[name]) for name in wanted})[0]


def same_bits(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return where two score arrays have equal bits; both NaN is equal, and -0 is 0."""
    return ((x + 0.0).view(np.int64) == (y + 0.0).view(np.int64)) | (np.isnan(x) & np.isnan(y))


def verify(
    formula: FormulaFile, strategy: str, model: bytes, bundle: Bundle | None, pool_index: str, benchmark: str
) -> Verification:
    """Compare the three computations on all cases. Raises ExportError at the first score that differs."""
    scorer, session, tree = load_scorer(strategy), open_model(model), formula.tree
    cases = scores = 0
    for name, codes, bars in _cases(formula, bundle, pool_index, benchmark):
        want = language.evaluate(tree, bars)[:, 0]
        for label, got in (("strategy.py", scorer(bars)), ("onnxruntime", onnx_scores(session, bars))):
            wrong = np.flatnonzero(~same_bits(want, got))
            if len(wrong):
                place = int(wrong[0])
                raise ExportError(
                    f"{label} does not reproduce the kernel for {formula.expression}: case {name}, "
                    f"{codes[place]}: kernel {want[place].hex()}, {label} {got[place].hex()}; nothing was exported"
                )
        cases, scores = cases + 1, scores + len(want)
    market = bundle.fingerprint if bundle else "none"
    return Verification(cases, scores, scores, market)


def _cases(
    formula: FormulaFile, bundle: Bundle | None, pool_index: str, benchmark: str
) -> Iterator[tuple[str, list[str], Bars]]:
    names, days = formula.inputs, formula.lookback_days
    long = made_bars(names, days + _MADE_DAYS, stocks=12)
    made_codes = [f"made stock {row}" for row in range(12)]
    for first in range(_MADE_DAYS):
        yield (
            f"made bars, day {first}",
            made_codes,
            {name: bars[:, first : first + days] for name, bars in long.items()},
        )
    made = {name: bars[:, :days] for name, bars in long.items()}
    yield "one stock", made_codes[:1], {name: bars[:1] for name, bars in made.items()}
    gaps = {name: bars.copy() for name, bars in made.items()}
    for name, bars in gaps.items():
        if name != "benchmark":
            bars[0, 0] = np.nan  # listed one day too late
            bars[1, :] = np.nan  # no bars at all
            bars[2, days // 2 :] = bars[2, days // 2]  # halted: everything stands still
            if name in ("volume", "money"):
                bars[2, days // 2 :] = 0.0
    yield "gaps and halts", made_codes, gaps
    if bundle is not None:
        for place in np.linspace(days, len(bundle.days) - 1, 6).astype(int):
            day = bundle.days[place]
            codes = list(bundle.members(pool_index, day))
            if codes:
                yield str(day), codes, bars_until(bundle, codes, names, day, days, benchmark)
