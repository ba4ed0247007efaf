"""Everything that can be said about one formula without data: the answer of ``jqalpha formula explain``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from jq_strategy import formula as language
from jq_strategy import kernel
from sdk.formula.canonical import Canonical, canonical, formula_hash
from sdk.formula.checks import Finding, check
from sdk.formula.formula_file import FormulaFile
from sdk.formula.ranges import Range, range_of
from sdk.formula.reading import Reading
from sdk.formula.token_lists import to_names
from sdk.formula.trees import Tree, in_words, lookback_chain

# The rules of jq_strategy.formula.REPAIR_RULES in Chinese.
REPAIR_WORDS = {
    "keep": "特征，或操作数齐全的算子：保留",
    "drop_starved_operator": "操作数不足的算子：丢弃",
    "replace_empty": "什么也没留下：以 0 号 token 代替",
    "append_add": "剩下不止一个值：补 ADD",
}


@dataclass(frozen=True)
class Explanation:
    """One formula explained; ``formula`` holds raw and repaired tokens side by side."""

    formula: FormulaFile
    form: str
    words: str
    repair: language.RepairReport
    chain: tuple[tuple[str, int], ...]
    canonical: Canonical
    hash: str
    findings: tuple[Finding, ...]

    @property
    def tree(self) -> Tree:
        """The tree of the repaired tokens."""
        return self.formula.tree

    def as_json(self) -> dict[str, Any]:
        """Return the machine form: plain values only."""
        stored = asdict(self.formula)
        names = language.token_names(self.formula.vocabulary)
        return {
            **{key: stored[key] for key in ("vocabulary", "token_mode", "tokens_raw", "tokens_repaired")},
            "expression": self.formula.expression,
            "words": self.words,
            "names": [names[token] for token in self.formula.tokens_repaired],
            "postfix": to_names(self.tree),
            "prefix": to_names(self.tree, "prefix"),
            "repair": [
                {"rule": step.rule, "position": step.position, "token": step.token, "name": names[step.token]}
                for step in self.repair.steps
            ],
            "lookback_days": self.formula.lookback_days,
            "lookback_chain": [{"name": name, "days": days} for name, days in self.chain],
            "inputs": self.formula.inputs,
            "range": [range_of(self.tree).low, range_of(self.tree).high],
            "canonical": self.canonical.expression,
            "rewrites": [asdict(step) for step in self.canonical.steps],
            "hash": self.hash,
            "findings": [asdict(finding) for finding in self.findings],
        }


def explain(reading: Reading) -> Explanation:
    """Explain a formula that was read."""
    formula = reading.formula
    tree = formula.tree
    return Explanation(
        formula=formula,
        form=reading.form,
        words=in_words(tree),
        repair=language.repair(formula.tokens_raw, formula.vocabulary, formula.token_mode),
        chain=tuple(lookback_chain(tree)),
        canonical=canonical(tree),
        hash=formula_hash(tree),
        findings=check(tree),
    )


def range_text(found: Range) -> str:
    """Print a range: {-1, 0, 1} where there are few values, else [-5, 5]."""
    if found.values is not None and len(found.values) <= 5:
        return "{" + ", ".join(f"{value:.3g}" for value in found.values) + "}"
    if found.largest >= kernel.LARGEST:
        return "(-∞, ∞)" if found.low < 0 else "[0, ∞)"
    return f"[{found.low:.3g}, {found.high:.3g}]"
