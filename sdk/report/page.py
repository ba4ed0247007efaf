"""``report.html``: one run on one page, readable in ten seconds, from the files of the run directory alone.

The page asks for nothing: styles and charts stand in it, there is no script. Text from the files is untrusted; it
passes ``plain`` and jinja2's autoescape. Gains are red and losses green, as Chinese readers expect.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from sdk import files
from sdk.report.charts import Curve, line_chart
from sdk.report.figures import show
from sdk.report.monthly_returns import drawdown, monthly_returns
from sdk.report.numbers import Reading
from sdk.report.plain_text import plain
from sdk.report.run_files import CASH, RunFiles, read_run
from sdk.report.run_ties import tie_words
from sdk.report.tie_impact import impact_words
from sdk.scoring.figure_names import NAMES

STRATEGY, BENCHMARK, DRAWDOWN = "#2f6fd0", "#e08a3c", "#2f9e63"
_HEADLINE = ("algorithm_return", "annual_algo_return", "benchmark_return", "excess_return", "max_drawdown", "sharpe")
_SIGNED = frozenset(("algorithm_return", "annual_algo_return", "benchmark_return", "excess_return", "alpha"))
_SHOWN_ELSEWHERE = frozenset(("error", "notes", "ties"))
_LAST_TRADES, _LAST_MESSAGES, _MAX_SETTINGS = 20, 12, 60


def write_report(run_dir: Path, extra: Mapping[str, Sequence[Any]] | None = None) -> Path:
    """Write ``report.html`` into ``run_dir`` and return its path; raise ParityError where result.csv is unreadable.

    ``extra`` is shown on top, title → rows. Rows that are numbers become a curve, texts a paragraph each, mappings a
    table with their keys as head, sequences a table without head.
    """
    run = read_run(run_dir)
    page = _environment().get_template("run.html.j2").render(_view(run, extra or {}))
    path = run_dir / "report.html"
    files.write_text(path, page)
    return path


def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)


def _view(run: RunFiles, extra: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    days = [row.day for row in run.results]
    strategy = [_value(row.strategy) for row in run.results]
    benchmark = [_value(row.benchmark) for row in run.results]
    curves = [Curve("策略收益", STRATEGY, strategy), Curve("基准收益", BENCHMARK, benchmark)]
    figures = [_figure(run, name.key) for name in NAMES]
    return {
        "title": plain(str(run.settings.get("name") or run.name), 80),
        "period": f"{days[0]} ~ {days[-1]}",
        "days": len(days),
        "capital": _capital(run),
        "headline": [_figure(run, key) for key in _HEADLINE],
        "figures": figures,
        "has_figures": bool(run.figures),
        "nav": line_chart(days, curves, 320, band=_band(run)),
        "drawdown": line_chart(days, [Curve("回撤", DRAWDOWN, drawdown(strategy), fill=True)], 150, band=_band(run)),
        "years": _years(days, strategy, benchmark),
        "positions": _last_positions(run),
        "trades": _trades(run),
        "last_trades": [_trade(row) for row in run.transactions[: -_LAST_TRADES - 1 : -1]],
        "loud": sorted(run.loud, key=lambda message: (message.level, -message.count))[:_LAST_MESSAGES],
        "loud_count": sum(message.count for message in run.loud),
        "ties": {"words": plain(tie_words(run.ties), 200), "impact": _impact(run), "rows": _ties(run)},
        "log_lines": run.log_lines,
        "problems": run.problems,
        "settings": _settings({key: value for key, value in run.settings.items() if key not in _SHOWN_ELSEWHERE}),
        "error": plain(str(run.settings.get("error") or ""), 400),
        "notes": [plain(str(note), 300) for note in _list(run.settings.get("notes"))],
        "extra": [_extra(title, rows) for title, rows in extra.items()],
    }


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _value(reading: Reading | None) -> float:
    return math.nan if reading is None or reading.value is None else reading.value


def _figure(run: RunFiles, key: str) -> dict[str, str]:
    name = next(name for name in NAMES if name.key == key)
    value = run.figures.get(key)
    sign = ""
    if key in _SIGNED and isinstance(value, int | float) and math.isfinite(value):
        sign = "up" if value > 0 else "down" if value < 0 else ""
    return {"label": name.label, "key": key, "text": show(name, value), "sign": sign}


def _capital(run: RunFiles) -> str:
    for key in ("cash", "capital", "starting_cash"):
        value = run.settings.get(key)
        if isinstance(value, int | float):
            return f"{value:,.0f} 元"
    return ""


def _band(run: RunFiles) -> tuple[str, str] | None:
    period = run.figures.get("max_drawdown_period")
    return (str(period[0]), str(period[1])) if isinstance(period, list) and len(period) == 2 else None


def _years(days: list[str], strategy: list[float], benchmark: list[float]) -> list[dict[str, Any]]:
    theirs = {year.year: year for year in monthly_returns(days, benchmark)}
    rows = []
    for year in monthly_returns(days, strategy):
        other = theirs.get(year.year)
        cells = [_month(own, other.months[at] if other else None) for at, own in enumerate(year.months)]
        rows.append({"year": year.year, "cells": [*cells, _month(year.total, other.total if other else None)]})
    return rows


def _month(own: float | None, other: float | None) -> dict[str, str]:
    if own is None or math.isnan(own):
        return {"own": "", "other": "", "shade": ""}
    strength = min(0.32, 0.04 + abs(own) / 40)
    colour = "214,69,65" if own >= 0 else "47,158,99"
    return {
        "own": f"{own:+.2f}",
        "other": "" if other is None or math.isnan(other) else f"{other:+.2f}",
        "shade": f"background:rgba({colour},{strength:.2f})",
    }


def _last_positions(run: RunFiles) -> dict[str, Any]:
    last = run.positions[-1].day if run.positions else ""
    rows = [row for row in run.positions if row.day == last]
    cells = [
        {
            "name": plain(row.security, 30),
            "code": plain(row.code, 20) if row.code != CASH else "",
            "cells": [
                _shown(part) for part in (row.amount, row.price, row.value, row.gain, row.avg_cost, row.weight)
            ],
            "sign": _sign(row.gain),
        }
        for row in rows
    ]
    return {"day": last, "rows": cells}


def _trades(run: RunFiles) -> list[tuple[str, str]]:
    rows = run.transactions
    status = Counter(row.status or "成交" for row in rows)
    done = [row for row in rows if _value(row.filled)]
    bought = sum(abs(_value(row.value)) for row in done if row.direction == "buy" and row.value)
    sold = sum(abs(_value(row.value)) for row in done if row.direction == "sell" and row.value)
    fees = sum(_value(row.fee) for row in done if row.fee)
    gains = [_value(row.gain) for row in done if row.gain and row.direction == "sell"]
    return [
        (
            "委托笔数",
            f"{len(rows)}（" + "，".join(f"{plain(word, 10)} {count}" for word, count in status.items()) + "）",
        ),
        (
            "买入 / 卖出",
            f"{sum(row.direction == 'buy' for row in done)} / {sum(row.direction == 'sell' for row in done)} 笔",
        ),
        ("买入额 / 卖出额", f"{bought:,.2f} / {sold:,.2f} 元"),
        ("手续费合计", f"{fees:,.2f} 元"),
        ("平仓盈亏合计", f"{sum(gains):+,.2f} 元"),
    ]


def _trade(row: Any) -> dict[str, Any]:
    texts = (row.filled, row.price, row.value, row.gain, row.fee)
    return {
        "when": f"{row.day} {row.time}".strip(),
        "name": plain(row.security, 30),
        "code": plain(row.code, 20),
        "direction": {"buy": "买", "sell": "卖"}.get(row.direction, ""),
        "cells": [_shown(part) for part in texts],
        "status": plain(row.status, 10),
    }


def _impact(run: RunFiles) -> str:
    found = run.settings.get("ties")
    return plain(impact_words(found), 300) if isinstance(found, dict) else ""


def _ties(run: RunFiles) -> list[dict[str, Any]]:
    rows = []
    for rebalance in run.ties:
        day = rebalance.ties
        ranks = f"{day.first}-{day.last}" if day.size > 1 else str(day.first or "--")
        cells = [str(cell) for cell in (day.scored, day.distinct, day.size, ranks, day.inside)]
        rows.append({"day": plain(rebalance.day, 10), "cells": cells, "cut": day.cut_in_tie})
    return rows


def _shown(reading: Reading | None) -> str:
    return reading.text if reading else "--"


def _sign(reading: Reading | None) -> str:
    value = _value(reading)
    return "up" if value > 0 else "down" if value < 0 else ""


def _settings(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return run.json as dotted keys and short texts."""
    rows: list[tuple[str, str]] = []

    def walk(prefix: str, value: Any, depth: int) -> None:
        if isinstance(value, dict) and depth < 4:
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else str(key), inner, depth + 1)
        elif len(rows) < _MAX_SETTINGS:
            rows.append((plain(prefix, 60), plain(str(value), 120)))

    walk("", dict(settings), 0)
    return rows


def _extra(title: str, rows: Sequence[Any]) -> dict[str, Any]:
    """Return a section of ``extra`` in the form that the template shows."""
    items = list(rows)
    section: dict[str, Any] = {"title": plain(title, 80), "chart": "", "head": [], "rows": [], "texts": []}
    if items and all(isinstance(item, int | float) and not isinstance(item, bool) for item in items):
        labels = [str(number + 1) for number in range(len(items))]
        section["chart"] = line_chart(labels, [Curve(section["title"], STRATEGY, items)], 180, unit="")
    elif items and all(isinstance(item, Mapping) for item in items):
        section["head"] = [plain(str(key), 40) for key in items[0]]
        section["rows"] = [[plain(str(item.get(key, "")), 160) for key in items[0]] for item in items]
    else:
        for item in items:
            if isinstance(item, list | tuple):
                section["rows"].append([plain(str(cell), 160) for cell in item])
            else:
                section["texts"].append(plain(str(item), 400))
    return section
