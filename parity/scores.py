"""Are the scores in a log the scores of the formula? Each audit line against the kernel and onnxruntime, bit for bit.

For every rebalance in a log the bars of its pool are read from a market bundle, scored by the kernel and by the
exported model, ranked again, and compared with what the strategy said: the 64 bits of each score, the order, and
which stocks were chosen. Pool, keys of equal scores and positions held are those of the audit line, the traded value
of the signal day is the bundle's; the choice is the line's targets. Where the line says that exposures were taken
out of the scores, those of the bundle are taken out, and their digest is compared too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from exporter.neutral_data import EXPOSURES_INPUT, INDUSTRY_INPUT, NeutralData, neutral_data
from exporter.verify import onnx_scores, open_model
from jq_strategy import formula as language
from jq_strategy.audit import array_bytes, score_hex, short_digest
from jq_strategy.exposed import neutral_part
from jq_strategy.ranking import choose, rank_stocks
from sdk.errors import ParityError
from sdk.formula.bars import DEFAULT_BENCHMARK, bars_until
from sdk.formula.formula_file import load
from sdk.market.bundle import Bundle
from sdk.report.audit_lines import AuditLine
from sdk.scoring.neutral_choice import NeutralChoice, checked_names, checked_standard
from sdk.scoring.ties import checked_keys


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
        money = _signal_money(audit, codes, bundle)
        neutral = _neutral(audit, codes, bundle)
        difference = _other_exposures(audit, neutral)
        if neutral is not None:
            kernel_scores, bars = neutral.apply(kernel_scores), {**bars, **neutral.model_inputs}
        _require_inputs(session, bars, audit)
        difference = difference or _difference(audit, codes, kernel_scores, onnx_scores(session, bars), money)
        if difference:
            return ScoreAgreement(rebalances, scores, difference)
    if not rebalances:
        raise ParityError("the log has no AUDIT line: it is not the log of an exported strategy, or it is cut")
    return ScoreAgreement(rebalances, scores, "")


def _signal_money(audit: AuditLine, codes: list[str], bundle: Bundle) -> np.ndarray | None:
    """Return the traded values (stocks,) of the signal day where the line ranked by them."""
    keys = checked_keys(audit.rank_keys, f"AUDIT line of {audit.day}", ParityError)
    if "money" not in keys:
        return None
    return bars_until(bundle, codes, ["money"], audit.get("lag"), 1)["money"][:, 0]


def _neutral(audit: AuditLine, codes: list[str], bundle: Bundle) -> NeutralData | None:
    """Return the exposures that the line took out of the scores, read from the bundle; None where it took none."""
    names, standard = audit.neutral
    if not names:
        return None
    where = f"AUDIT line of {audit.day}"
    choice = NeutralChoice(checked_names(names, where, ParityError), checked_standard(standard, where, ParityError))
    return neutral_data(bundle, codes, audit.get("lag"), choice, DEFAULT_BENCHMARK)


def _other_exposures(audit: AuditLine, neutral: NeutralData | None) -> str:
    """Return in words that the bundle has other exposures than the line, or an empty string."""
    if neutral is None:
        return ""
    found = neutral_part(neutral.choice.names, neutral.choice.standard, neutral.exposed).partition("=")[2]
    said = audit.get("neutral")
    return "" if found == said else f"{audit.day}: exposures {said}, of the bundle {found}"


def _require_inputs(session: Any, bars: dict[str, np.ndarray], audit: AuditLine) -> None:
    """Raise ParityError where the model takes exposures out and the line does not, or the other way round."""
    wanted = {given.name for given in session.get_inputs()}
    for name in (EXPOSURES_INPUT, INDUSTRY_INPUT):
        if (name in wanted) != (name in bars):
            raise ParityError(
                f"AUDIT line of {audit.day}: neutral={audit.get('neutral') or 'none'}, but the model of this export "
                f"{'reads' if name in wanted else 'does not read'} {name!r}: it is not the export that was run"
            )


def _difference(
    audit: AuditLine,
    codes: list[str],
    kernel_scores: np.ndarray,
    model_scores: np.ndarray,
    money: np.ndarray | None,
) -> str:
    """Return the first difference of one rebalance in words, or an empty string."""
    logged = {stock.code: stock for stock in audit.stocks}
    for code, by_kernel, by_model in zip(codes, kernel_scores, model_scores, strict=True):
        said = _bits(logged[code].score.text)
        found = {"kernel": score_hex(by_kernel), "onnxruntime": score_hex(by_model)}
        for name, bits in found.items():
            if bits != said:
                return f"{audit.day} {code}: log {said}, {name} {bits}"
    if money is not None and short_digest(array_bytes(money)) != audit.get("money"):
        return f"{audit.day}: traded values {audit.get('money')}, of the bundle {short_digest(array_bytes(money))}"
    for name, values in (("kernel", kernel_scores), ("onnxruntime", model_scores)):
        order = rank_stocks(codes, list(values), audit.rank_keys, audit.held, money)
        again = choose(codes, list(values), len(audit.chosen), audit.rank_keys, audit.held, money)
        if set(again) != set(audit.chosen):
            return f"{audit.day}: chosen {sorted(audit.chosen)}, by {name} {sorted(again)}"
        for rank, place in enumerate(order, 1):
            if logged[codes[place]].rank != str(rank):
                return f"{audit.day} {codes[place]}: rank {logged[codes[place]].rank}, by {name} {rank}"
    return ""


def _bits(text: str) -> str:
    """Return the hex digits of a score as the audit reader shows it: ``value [digits]`` or ``nan``."""
    return text.rpartition("[")[2].rstrip("]") if "[" in text else text
