"""The verdict in words and as plain data (JSON); the terminal and the page are made of the same parts.

All text that comes from files passes ``plain`` (no control characters) and then a sink that knows no markup: rich
``Text`` objects, ``json.dumps``, jinja2 with autoescape.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from parity.compare import Verdict
from parity.curves import days_of
from parity.explanation import Cause, Explanation, Rederived
from parity.first_steps import first_step
from parity.layers import FIGURE_TOLERANCE, Comparison, contrast
from parity.records import Side
from sdk import files
from sdk.errors import ParityError
from sdk.report.figures import show
from sdk.report.numbers import Reading, same
from sdk.report.plain_text import plain
from sdk.scoring.figure_names import NAMES, FigureName

WHOLE_RUN = "全期 whole run"
_CAUSE_TEXTS = ("code", "day", "security", "layer", "field", "local", "platform", "sentence", "change")


def verdict_line(verdict: Verdict) -> str:
    """Return the verdict on one line, first or last of every report."""
    if not verdict.judged:
        nothing = "无法判断 could not judge: 两侧没有一个可比的值 not one value of both sides can be compared"
        return nothing + _spans(verdict)
    first = verdict.first
    if first is not None:
        named = " ".join(filter(None, (day_of(first), plain(first.code, 40), f"layer={first.layer}")))
        values = "local={} platform={}".format(*contrast(first.local, first.platform, 80))
        return f"首个差异 first difference: {named} {values} ({plain(first.field, 40)})"
    if verdict.partial:
        lacking = [f"{layer.layer} ({layer.why})" for layer in verdict.lacking]
        missing = f"; 未能判断 not judged: {', '.join(lacking)}" if lacking else ""
        missing += (
            f"; {sum(count for _, count in verdict.unjudged)} 个值不可比 values not comparable"
            if verdict.unjudged
            else ""
        )
        return f"可比部分一致 equal where comparable: {verdict.compared} 个值 values{missing}"
    return f"一致 equal: {verdict.compared} 个值 values"


def _spans(verdict: Verdict) -> str:
    """Return the days of both sides, where both tell them: often the reason why nothing is in common."""
    spans = [days_of(side) for side in (verdict.local, verdict.platform)]
    if not all(all(span) for span in spans):
        return ""
    return "; 本地 {} … {}，平台 {} … {}".format(*spans[0], *spans[1])


def exit_code(verdict: Verdict) -> int:
    """Return 0 equal, 1 different, 2 could not judge."""
    return 2 if not verdict.judged else 0 if verdict.equal else 1


def as_dict(verdict: Verdict, explanation: Explanation | None = None) -> dict[str, Any]:
    """Return the whole verdict as plain data (docs/parity.md, JSON)."""
    return {
        "format": "jqalpha-parity-2",
        "verdict": ("equal", "different", "not judged")[exit_code(verdict)],
        "partial": verdict.partial,
        "line": verdict_line(verdict),
        "next_step": first_step(verdict),
        "causes": [_cause(cause) for cause in explanation.causes] if explanation else None,
        "unattributed_bp": explanation.unattributed_bp if explanation else None,
        "cause_remarks": [plain(remark, 300) for remark in explanation.remarks] if explanation else [],
        "rederived": [_rederived(layer) for layer in explanation.rederived] if explanation else [],
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
        "figures": figure_rows(verdict),
        "differences": [_difference(one) for one in verdict.differences],
        "local": _side(verdict.local),
        "platform": _side(verdict.platform),
    }


def write_json(verdict: Verdict, path: Path, explanation: Explanation | None = None) -> None:
    """Write the verdict as JSON, in one step."""
    page = as_dict(verdict, explanation)
    write_text(path, json.dumps(page, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a report in one step; ParityError where that is not possible."""
    try:
        files.write_text(path, text)
    except OSError as error:
        raise ParityError(f"{plain(str(path))}: 无法写入 cannot be written: {error.strerror}") from error


def day_of(comparison: Comparison) -> str:
    """Return the day of a comparison, or that it concerns the whole run."""
    return comparison.moment[:10] or WHOLE_RUN


def figure_rows(verdict: Verdict) -> list[dict[str, str]]:
    """Return the 21 figures: label, platform, local, difference (platform − local), and whether they agree."""
    local, platform = verdict.local.figures or {}, verdict.platform.figures or {}
    return [_figure(name, platform.get(name.key), local.get(name.key)) for name in NAMES]


def _figure(name: FigureName, platform: Reading | None, local: Reading | None) -> dict[str, str]:
    shown = {"key": name.key, "label": name.label, "platform": _shown(name, platform), "local": _shown(name, local)}
    if platform is None or local is None:
        return {**shown, "difference": "--", "state": "none"}
    state = "same" if same(local, platform, FIGURE_TOLERANCE) else "different"
    if platform.value is None or local.value is None:
        return {**shown, "difference": "" if state == "same" else "≠", "state": state}
    gap = platform.value - local.value
    words = "0" if state == "same" else f"{gap * 100:+.4g} 个百分点" if name.form == "percent" else f"{gap:+.4g}"
    return {**shown, "difference": words, "state": state}


def _shown(name: FigureName, reading: Reading | None) -> str:
    if reading is None:
        return "--"
    return plain(reading.text, 40) if reading.value is None else show(name, reading.value)


def _cause(cause: Cause) -> dict[str, Any]:
    texts = {name: plain(str(getattr(cause, name)), 300) for name in _CAUSE_TEXTS}
    points = cause.basis_points
    return {**texts, "basis_points": points if points is not None and math.isfinite(points) else None}


def _rederived(layer: Rederived) -> dict[str, Any]:
    local, platform = contrast(layer.local, layer.platform, 200)
    row = asdict(layer) | {"local": local, "platform": platform}
    return {key: plain(value, 200) if isinstance(value, str) else value for key, value in row.items()}


def derived_words(layer: Rederived) -> str:
    """Return what was derived of a layer, on one line, marked as derived."""
    span = f"（至 {layer.until}）" if layer.until else ""
    head = f"本地重算 re-derived{span}: "
    if not layer.different:
        return f"{head}{layer.compared} 个值一致 equal"
    named = " ".join(filter(None, (layer.day, plain(layer.security, 20), plain(layer.field, 30))))
    values = "平台 {1}，本地 {0}".format(*contrast(layer.local, layer.platform, 40))
    return f"{head}{layer.different} / {layer.compared} 不同，首个 {named}: {values}"


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
        "name": plain(side.name, 60),
        "files": [{"name": plain(name, 60), "kind": kind} for name, kind in side.files],
        "log_lines": dict(side.lines),
        "unknown_lines": [plain(text) for text in side.unknown],
        "notes": [plain(note) for note in side.notes],
    }
