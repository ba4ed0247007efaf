"""Read everything that one side offers into one ``Side``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from parity.contradictions import contradictions
from parity.csv_readers import (
    DailyTotals,
    TableFile,
    daily_results,
    holdings,
    trading_of_orders,
    trading_of_table,
)
from parity.log_orders import audits_of_log, coverage_of, trading_of_log
from parity.log_reader import Log, read_log
from parity.platform_files import Found, find_files
from parity.records import Side, Trading
from sdk.report.audit_lines import AuditLine
from sdk.report.figures import read_figures, read_premises
from sdk.report.plain_text import plain

_SHOWN_PROBLEMS, _MOST_NOTES = 3, 30
_TIMINGS = "timings.json"  # of our own run directory: how long it took, which says nothing about the run
PREFERRED = {
    "log": "log.txt",
    "transaction": "transaction.csv",
    "position": "position.csv",
    "result": "result.csv",
    "orders": "orders.csv",
    "figures": "run.json",
}


@dataclass
class _Draft:
    """The parts of a Side while its files are read."""

    trading: dict[str, Trading] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_side(path: Path) -> Side:
    """Read a run directory, a platform download, one file or a zip; raise ParityError where nothing is readable."""
    found, remarks = find_files(path)
    draft = _Draft(notes=list(remarks))
    used = _one_of_each(found, draft)
    for file in used:
        if file.decoding.bad:
            draft.notes.append(f"{plain(file.source.name)}: {file.decoding.bad} 处乱码 undecodable places")
        _READERS[file.kind](file, draft)
    files = tuple((plain(file.source.name, 60), f"{file.kind}, {_encoding(file)}") for file in used)
    side = Side(plain(path.name or str(path), 60), files, draft.trading, notes=tuple(draft.notes), **draft.parts)
    told = tuple(plain(words, 300) for words in contradictions(side))
    return replace(side, contradictions=told, notes=(*told, *side.notes))


def _encoding(file: Found) -> str:
    return {"utf-8-sig": "UTF-8", "gb18030": "GB18030"}[file.decoding.encoding]


def _one_of_each(found: list[Found], draft: _Draft) -> list[Found]:
    """Keep one file of each kind, the one with the platform's name or the first; say which were left aside."""
    used: dict[str, Found] = {}
    for file in sorted(found, key=lambda file: (file.source.name != PREFERRED[file.kind], file.source.name)):
        if file.kind == "figures" and file.source.name == _TIMINGS:
            continue
        if file.kind == "figures" and not read_figures(file.source, file.decoding):
            draft.notes.append(f"{plain(file.source.name)}: 未使用 not used (no figures)")
        elif file.kind in used:
            chosen = plain(used[file.kind].source.name)
            draft.notes.append(f"{plain(file.source.name)}: 未使用 not used, {chosen} is taken as the {file.kind}")
        else:
            used[file.kind] = file
    if "log" in used and "orders" in used:
        dropped = used.pop("orders")
        draft.notes.append(f"{plain(dropped.source.name)}: 未使用 not used, the log is taken for the orders")
    return [used[kind] for kind in PREFERRED if kind in used]


def _read_log(file: Found, draft: _Draft) -> None:
    log = read_log(file.source, file.decoding)
    draft.trading["log"] = trading_of_log(log)
    problems: Counter[str] = Counter()

    def see(audit: AuditLine) -> None:
        problems.update(f"audit {audit.day}: {plain(problem)}" for problem in audit.problems[:_SHOWN_PROBLEMS])

    audits = audits_of_log(log, see)
    draft.notes += log.cut
    draft.notes += list(problems)[:_MOST_NOTES]
    draft.notes += [f"… {len(problems)} audit problems in all"] if len(problems) > _MOST_NOTES else []
    draft.notes += _log_notes(log)
    draft.parts |= {
        "audits": audits or None,
        "audit_coverage": coverage_of(log),
        "lines": log.lines,
        "log_span": (log.first, log.last),
        "unknown": log.unknown,
        "errors": log.errors,
    }


def _log_notes(log: Log) -> list[str]:
    left_out = [gap for gap in log.gaps if gap[0] != gap[1]]
    notes = [f"{plain(log.name)}: 省略 lines left out between {after} and {before}" for after, before in left_out]
    if not log.end_known:
        notes.append(
            f"{plain(log.name)}: 可能不完整 the log may end early, at {log.last}; later orders cannot be judged"
        )
    if log.errors:
        moment, text = log.errors[0]
        notes.append(
            f"{plain(log.name)}: 策略报错 {len(log.errors)} 次 errors of the strategy, first {moment}: {text}"
        )
    if log.lines.get("unknown"):
        notes.append(f"{plain(log.name)}: {log.lines['unknown']} 行未识别 unknown lines, first: {log.unknown[0]}")
    return notes


def _read_transaction(file: Found, draft: _Draft) -> None:
    table = TableFile(file.source, file.decoding)
    draft.trading["transaction"] = trading_of_table(table)
    draft.notes += table.seen.problems


def _read_position(file: Found, draft: _Draft) -> None:
    table, totals = TableFile(file.source, file.decoding), DailyTotals(file.source.name)
    draft.parts["positions"] = holdings(table, totals)
    draft.parts |= {"positions_daily": totals.cash_rows, "cash": totals.cash, "total_value": totals.total}
    draft.notes += table.seen.problems


def _read_result(file: Found, draft: _Draft) -> None:
    table = TableFile(file.source, file.decoding)
    draft.parts["results"] = daily_results(table)
    draft.notes += table.seen.problems


def _read_orders(file: Found, draft: _Draft) -> None:
    draft.trading["log"], problems = trading_of_orders(file.source, file.decoding)
    draft.notes += problems


def _read_figures(file: Found, draft: _Draft) -> None:
    draft.parts["figures"] = read_figures(file.source, file.decoding)
    draft.parts["premises"] = read_premises(file.source, file.decoding)


_READERS = {
    "log": _read_log,
    "transaction": _read_transaction,
    "position": _read_position,
    "result": _read_result,
    "orders": _read_orders,
    "figures": _read_figures,
}
