"""Are the scores in a log the scores of the formula? Each audit line against the kernel and onnxruntime, bit for bit.

For every rebalance in a log the bars of its pool are read from a market bundle, scored by the kernel and by the
exported model, ranked again, and compared with what the strategy said: the 64 bits of each score, and which stocks
were chosen. The pool is the one of the audit line; the choice is the line's targets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exporter.verify import onnx_scores, open_model
from jq_strategy import formula as language
from jq_strategy.audit import score_hex
from jq_strategy.ranking import choose
from parity.audit import AuditLine
from sdk.errors import ParityError
from sdk.formula.bars import bars_until
from sdk.formula.formula_file import load
from sdk.market.bundle import Bundle


@dataclass(frozen=True)
class ScoreAgreement:
    """How many rebalances, scores and choices were compared, and the first of each kind that differ."""

    rebalances: int
    scores: int
    first_difference: str

    @property
    def equal(self) -> bool:
        return self.rebalances > 0 and not self.first_difference


def compare_scores(export: Path, audits: Iterable[AuditLine], bundle: Bundle) -> ScoreAgreement:
    """Compare the audit lines of a run with the kernel and the model of its export directory.

    Raises ParityError for an export directory without its files and for a log without audit lines.
    """
    for name in ("formula.json", "model.onnx"):
        if not (export / name).is_file():
            raise ParityError(f"{export}: no {name}; give the directory that `jqalpha export` wrote")
    formula = load(export / "formula.json")
    session = open_model((export / "model.onnx").read_bytes())
    rebalances = scores = 0
    for audit in audits:
        codes = sorted(stock.code for stock in audit.stocks)
        bars = bars_until(bundle, codes, formula.inputs, audit.get("lag"), formula.lookback_days)
        kernel_scores = language.evaluate(formula.tree, bars)[:, 0]
        rebalances, scores = rebalances + 1, scores + len(codes)
        difference = _difference(audit, codes, kernel_scores, onnx_scores(session, bars))
        if difference:
            return ScoreAgreement(rebalances, scores, difference)
    if not rebalances:
        raise ParityError("the log has no AUDIT line: it is not the log of an exported strategy, or it is cut")
    return ScoreAgreement(rebalances, scores, "")


def _difference(audit: AuditLine, codes: list[str], kernel_scores: np.ndarray, model_scores: np.ndarray) -> str:
    """Return the first difference of one rebalance in words, or an empty string."""
    logged = {stock.code: stock for stock in audit.stocks}
    for code, by_kernel, by_model in zip(codes, kernel_scores, model_scores, strict=True):
        said = _bits(logged[code].score.text)
        found = {"kernel": score_hex(by_kernel), "onnxruntime": score_hex(by_model)}
        for name, bits in found.items():
            if bits != said:
                return f"{audit.day} {code}: log {said}, {name} {bits}"
    chosen = {stock.code for stock in audit.stocks if stock.target != "-"}
    for name, values in (("kernel", kernel_scores), ("onnxruntime", model_scores)):
        again = choose(codes, list(values), len(chosen))
        if set(again) != chosen:
            return f"{audit.day}: chosen {sorted(chosen)}, by {name} {sorted(again)}"
    return ""


def _bits(text: str) -> str:
    """Return the hex digits of a score as the audit reader shows it: ``value [digits]`` or ``nan``."""
    return text.rpartition("[")[2].rstrip("]") if "[" in text else text
