"""Does the export compute what the kernel computes? Bit for bit, or the export is refused.

Three computations of the same scores are compared: the kernel following the formula's tree, the exported file's own
text, and onnxruntime. The history model, where there is one, is compared over many days at once. Cases are made bars
(awkward ones too: halts, gaps, one stock) and, when a market bundle is given, the index members of rebalance days
spread over it. Where exposures are taken out of the scores, all three do so, on made exposures and the bundle's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnxruntime

from exporter.exported import load_names
from exporter.neutral_data import NeutralData, made_neutral_data, neutral_data
from jq_strategy import formula as language
from jq_strategy.audit import made_bars
from sdk.errors import ExportError
from sdk.formula.bars import bars_until
from sdk.formula.formula_file import FormulaFile
from sdk.market.bundle import Bundle
from sdk.scoring.neutral_choice import NOTHING, NeutralChoice

Bars = dict[str, np.ndarray]
_MADE_DAYS, _MADE_STOCKS = 40, 12
_MADE_CODES = [f"made stock {row}" for row in range(_MADE_STOCKS)]


@dataclass(frozen=True)
class Verification:
    """How many scores were compared and how many of them had the same 64 bits in all computations."""

    cases: int
    scores: int
    bitwise_equal: int
    market: str
    history_scores: int = 0


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


def onnx_features(session: onnxruntime.InferenceSession, bars: Bars) -> Bars:
    """Return the feature outputs of a last-day model, name -> (stocks,); empty when it was made without them."""
    names = [output.name for output in session.get_outputs() if output.name != "score"]
    wanted = [argument.name for argument in session.get_inputs()]
    given = {name: np.ascontiguousarray(bars[name]) for name in wanted}
    return dict(zip(names, session.run(names, given), strict=True)) if names else {}


def verify(
    formula: FormulaFile,
    strategy: str,
    model: bytes,
    bundle: Bundle | None,
    pool_index: str,
    benchmark: str,
    history: bytes | None = None,
    neutral: NeutralChoice = NOTHING,
) -> Verification:
    """Compare the computations on all cases. Raises ExportError at the first score that differs."""
    exported, session, tree = load_names(strategy), open_model(model), formula.tree
    cases = scores = 0
    for name, codes, bars in _cases(formula, bundle, pool_index, benchmark):
        want, scored = language.evaluate(tree, bars)[:, 0], exported["score_stocks"](bars)
        if neutral.names:
            data = _neutral_data(neutral, bundle, name, codes, benchmark, cases)
            want, bars = data.apply(want), {**bars, **data.model_inputs}
            scored = exported["neutral_scores"](scored, exported["Exposed"](*data.exposed), neutral.standard)
        for label, got in (("strategy.py", scored), ("onnxruntime", onnx_scores(session, bars))):
            _require_same(formula, label, name, codes, want, got)
        for feature, got in onnx_features(session, bars).items():
            alone = language.evaluate((feature,), bars)[:, 0]
            _require_same(formula, f"output {feature} of onnxruntime", name, codes, alone, got)
        cases, scores = cases + 1, scores + len(want)
    market = bundle.fingerprint if bundle else "none"
    in_history = _verify_history(formula, history) if history else 0
    return Verification(cases, scores, scores, market, in_history)


def _neutral_data(
    neutral: NeutralChoice, bundle: Bundle | None, case: str, codes: list[str], benchmark: str, number: int
) -> NeutralData:
    """Return the exposures of a case: those of the bundle where its name is a day of it, else made ones."""
    if bundle is not None and codes[0] not in _MADE_CODES:
        return neutral_data(bundle, codes, case, neutral, benchmark)
    return made_neutral_data(len(codes), neutral, number)


def _verify_history(formula: FormulaFile, model: bytes) -> int:
    """Compare a history model with the kernel over made days, gaps and halts among them; return the scores."""
    session, days = open_model(model), formula.lookback_days + _MADE_DAYS
    for bars in (_long_made_bars(formula), with_gaps(_long_made_bars(formula))):
        got = onnx_scores(session, bars)
        if got.shape != (_MADE_STOCKS, days) or not np.isnan(got[:, : formula.lookback_days - 1]).all():
            raise ExportError(f"the history model of {formula.expression} scores days without history")
        for day in range(_MADE_DAYS + 1):
            part = {name: array[:, day : day + formula.lookback_days] for name, array in bars.items()}
            want = language.evaluate(formula.tree, part)[:, 0]
            label, case = "the history model", f"made bars, day {day}"
            _require_same(formula, label, case, _MADE_CODES, want, got[:, formula.lookback_days - 1 + day])
    return 2 * (_MADE_DAYS + 1) * _MADE_STOCKS


def _require_same(
    formula: FormulaFile, label: str, case: str, codes: list[str], want: np.ndarray, got: np.ndarray
) -> None:
    wrong = np.flatnonzero(~same_bits(want, got))
    if len(wrong):
        place = int(wrong[0])
        raise ExportError(
            f"{label} does not reproduce the kernel for {formula.expression}: case {case}, "
            f"{codes[place]}: kernel {want[place].hex()}, {label} {got[place].hex()}; nothing was exported"
        )


def _cases(
    formula: FormulaFile, bundle: Bundle | None, pool_index: str, benchmark: str
) -> Iterator[tuple[str, list[str], Bars]]:
    names, days = formula.inputs, formula.lookback_days
    long = _long_made_bars(formula)
    for first in range(_MADE_DAYS):
        yield (
            f"made bars, day {first}",
            _MADE_CODES,
            {name: bars[:, first : first + days] for name, bars in long.items()},
        )
    made = {name: bars[:, :days] for name, bars in long.items()}
    yield "one stock", _MADE_CODES[:1], {name: bars[:1] for name, bars in made.items()}
    yield "gaps and halts", _MADE_CODES, with_gaps(made)
    if bundle is not None:
        for place in np.linspace(days, len(bundle.days) - 1, 6).astype(int):
            day = bundle.days[place]
            codes = list(bundle.members(pool_index, day))
            if codes:
                yield str(day), codes, bars_until(bundle, codes, names, day, days, benchmark)


def _long_made_bars(formula: FormulaFile) -> Bars:
    return made_bars(formula.inputs, formula.lookback_days + _MADE_DAYS, stocks=_MADE_STOCKS)


def with_gaps(bars: Bars) -> Bars:
    """Return a copy with a stock listed a day late, one without bars, and one halted in the second half."""
    gaps = {name: array.copy() for name, array in bars.items()}
    for name, array in gaps.items():
        if name != "benchmark":
            middle = array.shape[1] // 2
            array[0, 0] = np.nan
            array[1, :] = np.nan
            array[2, middle:] = 0.0 if name in ("volume", "money") else array[2, middle : middle + 1]
    return gaps
