"""Read a run directory for its page: result.csv, and the other tables, log.txt and run.json where they are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdk.errors import ParityError
from sdk.report.log_header import HEADER
from sdk.report.plain_text import plain
from sdk.report.run_tables import DayResult, Position, Table, Transaction, read_table
from sdk.report.run_ties import RebalanceTies, ties_of_line
from sdk.report.text_files import TextSource, detect, read_lines

CASH = "Cash"
_LOUD = ("WARNING", "ERROR", "CRITICAL")
_KEPT_MESSAGES = 200
_CODE = re.compile(r"\b[0-9A-Z]{4,8}\.[A-Z]{4}\b")
_VARYING = re.compile(r"\b[0-9A-Z]{4,8}\.[A-Z]{4}\b|\d+(?:\.\d+)?")
_ORDER = re.compile(r"\w*Order\((?=[^()]{0,400}?security=(?P<code>\S+))[^()]*?(?:\berror=(?P<error>[^()]*))?\)")


@dataclass(frozen=True)
class LoudMessage:
    """A warning or error of the log: its text (of the first, where they differ in the code only), how often it came,
    of how many securities, and the first day.
    """

    level: str
    text: str
    count: int
    codes: int
    first: str


@dataclass(frozen=True)
class RunFiles:
    """What a run directory says. Tables are empty where their file is absent; ``problems`` says what is doubtful."""

    name: str
    results: tuple[DayResult, ...]
    transactions: tuple[Transaction, ...]
    positions: tuple[Position, ...]
    settings: Mapping[str, Any]
    figures: Mapping[str, Any]
    loud: tuple[LoudMessage, ...]
    ties: tuple[RebalanceTies, ...]
    log_lines: int
    problems: tuple[str, ...]


def read_run(run_dir: Path) -> RunFiles:
    """Read ``run_dir``; raise ParityError without a readable result.csv."""
    path = run_dir / "result.csv"
    if not path.is_file():
        raise ParityError(f"{plain(str(run_dir))}: 没有 result.csv; is it a run directory of `jqalpha backtest`?")
    tables = {kind: _table(run_dir / f"{kind}.csv", kind) for kind in ("result", "transaction", "position")}
    results = tables["result"]
    assert results is not None
    if not results.rows:
        raise ParityError(f"{plain(str(path))}: 没有任何交易日 no day could be read")
    settings = _json(run_dir / "run.json")
    figures = settings.get("figures", {})
    loud, ties, lines = _log(run_dir / "log.txt")
    return RunFiles(
        name=run_dir.resolve().name,
        results=results.rows,
        transactions=_rows(tables["transaction"]),
        positions=_rows(tables["position"]),
        settings={key: value for key, value in settings.items() if key != "figures"},
        figures=figures if isinstance(figures, dict) else {},
        loud=loud,
        ties=ties,
        log_lines=lines,
        problems=tuple(problem for table in tables.values() if table for problem in table.problems),
    )


def _table(path: Path, kind: str) -> Table | None:
    if not path.is_file() or path.stat().st_size == 0:
        return None
    source = TextSource.of(path)
    table = read_table(source, detect(source))
    if table.kind != kind:
        raise ParityError(f"{plain(str(path))}: holds a {table.kind} table, not {kind}")
    return table


def _rows(table: Table | None) -> tuple[Any, ...]:
    return table.rows if table else ()


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ParityError(f"{plain(str(path))}: not a JSON file ({plain(str(error), 80)})") from error
    if not isinstance(data, dict):
        raise ParityError(f"{plain(str(path))}: a JSON object was expected")
    return data


@dataclass
class _Loud:
    text: str
    first: str
    count: int = 0
    codes: set[str] = field(default_factory=set)


def _short(text: str) -> str:
    """Leave of a printed order only its code and error, so that equal complaints are equal texts."""
    return plain(_ORDER.sub(lambda order: f"{order['code']} {order['error'] or ''}".strip(), text[:2_000]), 160)


def _log(path: Path) -> tuple[tuple[LoudMessage, ...], tuple[RebalanceTies, ...], int]:
    """Return warnings and errors, texts that differ in codes and numbers only together; ties; the number of lines."""
    if not path.is_file() or path.stat().st_size == 0:
        return (), (), 0
    source = TextSource.of(path)
    found: dict[tuple[str, str], _Loud] = {}
    ties: list[RebalanceTies] = []
    lines = 0
    for line in read_lines(source, detect(source)):
        lines += 1
        rebalance = ties_of_line(line.text) if line.whole else None
        ties += [rebalance] if rebalance else []
        header = HEADER.fullmatch(line.text)
        if header is None or header["level"] not in _LOUD:
            continue
        text = _short(header["text"] or "")
        key = (header["level"], _VARYING.sub("#", text))
        if key not in found and len(found) >= _KEPT_MESSAGES:
            continue
        loud = found.setdefault(key, _Loud(text, header["moment"][:10]))
        loud.count += 1
        loud.codes.update(_CODE.findall(text))
    messages = (
        LoudMessage(level, loud.text, loud.count, len(loud.codes), loud.first) for (level, _), loud in found.items()
    )
    return tuple(messages), tuple(ties), lines
