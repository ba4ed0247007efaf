"""The verdict in words, as a table for the terminal, as JSON and as a page.

All text that comes from files passes ``plain`` (no control characters) and then a sink that knows no markup: rich
``Text`` objects, ``json.dumps``, jinja2 with autoescape.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.compare import LayerCount, Verdict
from parity.layers import CHINESE, Comparison
from parity.log_lines import LABELS
from parity.records import Side
from sdk import files
from sdk.errors import ParityError
from sdk.report.plain_text import plain

if TYPE_CHECKING:
    from rich.console import Console

WHOLE_RUN = "全期 whole run"
_SHOWN_NOTES = 12
_PLAIN_WIDTH = 130  # of the table where the output is no terminal


def verdict_line(verdict: Verdict) -> str:
    """Return the verdict on one line, first or last of every report."""
    first = verdict.first
    if first is not None:
        named = " ".join(filter(None, (_day(first), plain(first.code, 40), f"layer={first.layer}")))
        values = "local={} platform={}".format(*contrast(first.local, first.platform, 80))
        return f"首个差异 first difference: {named} {values} ({plain(first.field, 40)})"
    if verdict.partial:
        lacking = [layer.layer for layer in verdict.layers if not layer.compared]
        missing = f"; 未能判断 not judged: {', '.join(lacking)}" if lacking else ""
        missing += (
            f"; {sum(count for _, count in verdict.unjudged)} 个值不可比 values not comparable"
            if verdict.unjudged
            else ""
        )
        return f"可比部分一致 equal where comparable: {verdict.compared} 个值 values{missing}"
    return f"一致 equal: {verdict.compared} 个值 values"


def print_verdict(verdict: Verdict, console: Console) -> None:
    """Print verdict, layers, reasons and remarks; the verdict again at the end."""
    from rich.table import Table
    from rich.text import Text

    style = "bold green" if verdict.equal else "bold red"
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    console.print(Text(verdict_line(verdict), style), soft_wrap=True)
    table = Table(show_edge=False, pad_edge=False)
    for title, side in (
        ("层 layer", "left"),
        ("比较", "right"),
        ("不同", "right"),
        ("不可比", "right"),
        ("说明", "left"),
    ):
        table.add_column(title, justify=side, overflow="fold")  # type: ignore[arg-type]
    for layer in verdict.layers:
        colour = "red" if layer.different else "green" if layer.compared else "dim"
        cells = (
            f"{CHINESE[layer.layer]} {layer.layer}",
            str(layer.compared),
            str(layer.different),
            str(layer.unjudged),
        )
        table.add_row(*(Text(cell, colour) for cell in cells), Text(_remark(layer), colour))
    console.print(table)
    for line in _remarks(verdict):
        console.print(Text(line), soft_wrap=True)
    console.print(Text(verdict_line(verdict), style), soft_wrap=True)


def as_dict(verdict: Verdict) -> dict[str, Any]:
    """Return the whole verdict as plain data (see docs of ``--json``)."""
    return {
        "format": "jqalpha-parity-1",
        "verdict": "equal" if verdict.equal else "different",
        "partial": verdict.partial,
        "line": verdict_line(verdict),
        "first": _difference(verdict.first) if verdict.first else None,
        "layers": [
            {
                "layer": layer.layer,
                "compared": layer.compared,
                "different": layer.different,
                "not_comparable": layer.unjudged,
                "first": _difference(layer.first) if layer.first else None,
                "why": layer.why,
            }
            for layer in verdict.layers
        ],
        "not_judged": [{"why": plain(why), "values": count} for why, count in verdict.unjudged],
        "differences": [_difference(one) for one in verdict.differences],
        "local": _side(verdict.local),
        "platform": _side(verdict.platform),
    }


def write_json(verdict: Verdict, path: Path) -> None:
    """Write the verdict as JSON, in one step."""
    _write(path, json.dumps(as_dict(verdict), ensure_ascii=False, indent=1) + "\n")


def write_html(verdict: Verdict, path: Path) -> None:
    """Write the verdict as a page that needs no network and runs no script."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    template = environment.get_template("parity.html.j2")
    _write(path, template.render(verdict=as_dict(verdict), chinese=CHINESE, labels=LABELS))


def _write(path: Path, text: str) -> None:
    try:
        files.write_text(path, text)
    except OSError as error:
        raise ParityError(f"{plain(str(path))}: 无法写入 cannot be written: {error.strerror}") from error


def contrast(one: str, other: str, limit: int) -> tuple[str, str]:
    """Return both texts in at most ``limit`` characters, from shortly before the place where they part."""
    shorter = min(len(one), len(other))
    start = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    if max(len(one), len(other)) <= limit or start < limit // 2:
        return plain(one, limit), plain(other, limit)
    start -= limit // 4
    return plain("…" + one[start:], limit), plain("…" + other[start:], limit)


def _day(comparison: Comparison) -> str:
    return comparison.moment[:10] or WHOLE_RUN


def _remark(layer: LayerCount) -> str:
    if layer.first is None:
        return "" if layer.compared else f"未能判断 not judged: {layer.why}"
    one = layer.first
    named = " ".join(filter(None, (_day(one), plain(one.code, 20), plain(one.field, 30))))
    return "{}: {} | {}".format(named, *contrast(one.local, one.platform, 40))


def _remarks(verdict: Verdict) -> list[str]:
    lines = []
    for label, side in (("本地 local", verdict.local), ("平台 platform", verdict.platform)):
        files = ", ".join(f"{name} ({kind})" for name, kind in side.files)
        lines.append(f"{label}: {side.name}: {files}")
        if side.lines:
            counts = ", ".join(f"{LABELS.get(kind, kind)} {count}" for kind, count in side.lines.items() if count)
            lines.append(f"  日志行 log lines: {counts}")
        lines += [f"  注意 note: {plain(note)}" for note in side.notes[:_SHOWN_NOTES]]
        if len(side.notes) > _SHOWN_NOTES:
            lines.append(f"  … 另有 {len(side.notes) - _SHOWN_NOTES} 条 more notes, see --json")
    lines += [f"不可比 not comparable: {count} × {plain(why)}" for why, count in verdict.unjudged[:_SHOWN_NOTES]]
    return lines


def _difference(one: Comparison) -> dict[str, Any]:
    local, platform = contrast(one.local, one.platform, 200)
    return {
        "moment": one.moment,
        "code": plain(one.code, 40),
        "layer": one.layer,
        "field": plain(one.field, 60),
        "local": local,
        "platform": platform,
        "where": {"local": plain(one.where[0], 80), "platform": plain(one.where[1], 80)},
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "name": side.name,
        "files": [{"name": name, "kind": kind} for name, kind in side.files],
        "log_lines": dict(side.lines),
        "unknown_lines": [plain(text) for text in side.unknown],
        "notes": [plain(note) for note in side.notes],
    }
