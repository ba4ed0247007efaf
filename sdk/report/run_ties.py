"""How often the cut of a run fell into a tie, and how large the tie was: read from the audit lines of its log.

The cut is the number of stocks that got a target; the group at the cut is measured by sdk.scoring.ties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from sdk.report.audit_lines import AuditLine, parse_audit
from sdk.report.log_header import HEADER
from sdk.scoring.ties import DayTies, day_ties, tie_share

_MARK = "AUDIT|"


@dataclass(frozen=True)
class RebalanceTies:
    """One rebalance: its day, the keys that ranked equal scores, and the ties around its cut."""

    day: str
    keys: tuple[str, ...]
    ties: DayTies


def ties_of_line(line: str) -> RebalanceTies | None:
    """Return the ties of a log line, header included; None for a line that is no audit line."""
    header = HEADER.fullmatch(line)
    text = (header["text"] or "") if header else ""
    if header is None or not text.startswith(_MARK):
        return None
    return ties_of_audit(parse_audit(text.removeprefix(_MARK), header["moment"]))


def ties_of_audit(audit: AuditLine) -> RebalanceTies:
    """Return the ties around the cut of one rebalance."""
    scores = np.array([float(stock.score.text.partition(" ")[0]) for stock in audit.stocks])
    return RebalanceTies(audit.day, audit.rank_keys, day_ties(scores, len(audit.chosen)))


def tie_words(rebalances: Sequence[RebalanceTies]) -> str:
    """Return one line on the ties of a run; empty where it has no audit line."""
    days = [rebalance.ties for rebalance in rebalances]
    if not days:
        return ""
    tied = [day.size for day in days if day.cut_in_tie]
    sizes = f"，组平均 {fmean(tied):.1f} 名，最大 {max(tied)} 名" if tied else ""
    keys = " / ".join(dict.fromkeys(",".join(rebalance.keys) for rebalance in rebalances))
    return f"{len(days)} 次调仓中 {len(tied)} 次切口落在并列组内（{tie_share(days):.1%}）{sizes}；同分先后 {keys}"
