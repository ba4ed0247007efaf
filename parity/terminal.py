"""The verdict on a terminal: one line, causes, layers, remarks, and the line again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from parity.compare import LayerCount, Verdict
from parity.explanation import Explanation
from parity.first_steps import first_step
from parity.layers import CHINESE, contrast
from parity.log_lines import LABELS
from parity.report import day_of, derived_words, exit_code, verdict_line
from sdk.report.plain_text import plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_SHOWN_NOTES = 12
_PLAIN_WIDTH = 130  # of the table where the output is no terminal
_STYLES = ("bold green", "bold red", "bold yellow")


def print_verdict(verdict: Verdict, console: Console, explanation: Explanation | None = None) -> None:
    """Print verdict, causes, layers, reasons and remarks; the verdict again at the end."""
    from rich.text import Text

    style = _STYLES[exit_code(verdict)]
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    console.print(Text(verdict_line(verdict), style), soft_wrap=True)
    if explanation is not None and not verdict.equal:
        _print_causes(explanation, console)
    if verdict.first is not None and not (explanation and explanation.causes):
        console.print(Text(f"先看 first look: {first_step(verdict)}", "bold"), soft_wrap=True)
    derived = {layer.layer: derived_words(layer) for layer in explanation.rederived} if explanation else {}
    shown = [layer for layer in verdict.layers if layer.compared or layer.unjudged or layer.layer in derived]
    console.print(_layers(shown, derived))
    for text in _not_judged([layer for layer in verdict.layers if layer not in shown and layer.layer != "features"]):
        console.print(Text(text, "dim"), soft_wrap=True)
    for line in _remarks(verdict):
        console.print(Text(line), soft_wrap=True)
    console.print(Text(verdict_line(verdict), style), soft_wrap=True)


def _print_causes(explanation: Explanation, console: Console) -> None:
    from rich.text import Text

    titles = ("原因", "首日", "标的", "层", "平台", "本地", "bp")
    table = _table([(title, "right" if title == "bp" else "left") for title in titles])
    for cause in explanation.causes:
        named = (cause.code, cause.day, cause.security, CHINESE.get(cause.layer, cause.layer))
        cells = (*named, cause.platform, cause.local, points(cause.basis_points))
        table.add_row(*(Text(plain(cell, 60)) for cell in cells))
    if explanation.causes:
        console.print(table)
    for cause in explanation.causes:
        console.print(Text(f"{plain(cause.code, 12)} {plain(cause.sentence, 400)}"), soft_wrap=True)
        console.print(Text(f"  要改 change: {plain(cause.change, 400)}", "bold"), soft_wrap=True)
    console.print(Text(f"未归因 unattributed: {points(explanation.unattributed_bp)} bp"))
    for remark in explanation.remarks:
        console.print(Text(f"  {plain(remark, 300)}"), soft_wrap=True)


def points(value: float | None) -> str:
    """Return basis points with their sign; ``--`` where they were not measured."""
    return "--" if value is None else f"{round(value, 2) + 0.0:+.2f}"  # + 0.0: no minus before a zero


def _layers(layers: Iterable[LayerCount], derived: Mapping[str, str]) -> Table:
    from rich.text import Text

    table = _table(
        [("层 layer", "left"), ("比较", "right"), ("不同", "right"), ("不可比", "right"), ("说明", "left")]
    )
    for layer in layers:
        colour = "red" if layer.different else "green" if layer.compared else "dim"
        counts = (str(count) for count in (layer.compared, layer.different, layer.unjudged))
        cells = (f"{CHINESE[layer.layer]} {layer.layer}", *counts, derived.get(layer.layer) or _remark(layer))
        table.add_row(*(Text(cell, colour) for cell in cells))
    return table


def _not_judged(layers: Iterable[LayerCount]) -> list[str]:
    """Return one line a reason: the layers that it keeps from being judged."""
    names: dict[str, list[str]] = {}
    for layer in layers:
        names.setdefault(layer.why, []).append(CHINESE[layer.layer])
    return [f"未能判断 not judged: {'、'.join(told)}: {why}" for why, told in names.items()]


def _table(columns: Iterable[tuple[str, str]]) -> Table:
    from rich.table import Table

    table = Table(show_edge=False, pad_edge=False)
    for title, side in columns:
        table.add_column(title, justify=side, overflow="fold")  # type: ignore[arg-type]
    return table


def _remark(layer: LayerCount) -> str:
    if layer.first is None:
        return "" if layer.compared else f"未能判断 not judged: {layer.why}"
    one = layer.first
    named = " ".join(filter(None, (day_of(one), plain(one.code, 20), plain(one.field, 30))))
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
