"""``jqalpha market check``: what a bundle covers and what was found, as a page of text."""

from __future__ import annotations

import sys

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sdk.market.bundle import Bundle
from sdk.market.optional_tables import table_names
from sdk.market.quality import LEVELS, Finding, inspect, is_sound

PLAIN_WIDTH, _NAMED = 140, 8
COLOURS = {"note": "cyan", "doubt": "yellow", "defect": "red"}


def show(bundle: Bundle, console: Console | None = None) -> bool:
    """Print coverage, fields, findings and the verdict; return True when the bundle is sound."""
    console = console or Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False)
    findings = inspect(bundle)
    console.print(_coverage(bundle))
    if findings:
        console.print(_findings(findings))
    counts = {level: sum(finding.level == level for finding in findings) for level in LEVELS}
    sound = is_sound(findings)
    verdict = "可靠 sound" if sound else "存疑 doubtful: read the findings before you trust a result"
    console.print(
        f"结论 verdict: {verdict} ({counts['defect']} defects, {counts['doubt']} doubts, {counts['note']} notes)"
    )
    return sound


def _coverage(bundle: Bundle) -> Table:
    table = Table(title=str(bundle.path), show_header=False, title_justify="left")
    coverage, types = bundle.manifest["coverage"], bundle.securities["type"].value_counts()
    members = bundle.index_members.groupby("index_code")["code"].nunique()
    actions = bundle.corporate_actions["source"].value_counts()
    planted = bundle.manifest.get("planted") or {}
    rows = (
        ("指纹 fingerprint", bundle.fingerprint),
        ("来源 source", str(bundle.manifest.get("source", {}).get("kind", "unknown"))),
        ("区间 coverage", f"{coverage['start']} … {coverage['end']}, {coverage['trading_days']:,} trading days"),
        ("日线 daily bars", f"{coverage['bars']:,} of {coverage['codes']:,} codes"),
        ("分钟线 minute bars", _months(bundle)),
        ("字段 fields", " ".join(bundle.fields)),
        ("证券 securities", _counted(types)),
        ("成分 members", _counted(members)),
        ("除权除息 corporate actions", _counted(actions)),
        ("其他表 tables", " ".join(table_names(bundle.manifest["files"])) or "none"),
        ("植入 planted", f"{planted['formula']}, monthly RankIC {planted['monthly_rank_ic']}" if planted else "—"),
    )
    for name, value in rows:
        table.add_row(name, value)
    return table


def _months(bundle: Bundle) -> str:
    if bundle.minutes is None:
        return "none"
    first, last = (f"{month[:4]}-{month[4:]}" for month in (bundle.minutes.months[0], bundle.minutes.months[-1]))
    return f"{first} … {last}, {len(bundle.minutes.months)} months"


def _counted(counts: pd.Series[int]) -> str:
    """Return names and counts; of many the largest, and how many there are: the findings must stay in sight."""
    largest = sorted(counts.items(), key=lambda one: (-one[1], str(one[0])))[:_NAMED]
    words = ", ".join(f"{name}: {count:,}" for name, count in sorted(largest)) or "none"
    return words if len(counts) <= _NAMED else f"{words} … 共 {len(counts)} 个"


def _findings(findings: tuple[Finding, ...]) -> Table:
    table = Table("级别", "数量 count", "说明 finding", "例 examples", title="发现 findings", title_justify="left")
    for finding in sorted(findings, key=lambda one: -LEVELS.index(one.level)):
        level = f"[{COLOURS[finding.level]}]{finding.level}[/]"
        examples = ", ".join(finding.examples[:3]) + (" …" if finding.count > 3 and finding.examples else "")
        table.add_row(level, f"{finding.count:,}", escape(finding.words), escape(examples))
    return table
