"""The verdict as one page: verdict and what to change on top, then curves, figures, layers, differences.

The page asks for nothing: styles and the chart stand in it, there is no script, and its own policy forbids both
scripts and requests. Text from files is untrusted; it passes ``plain`` and jinja2's autoescape.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from parity.causes import BY_CODE
from parity.compare import Verdict
from parity.curves import Curves, curves_of, day_words
from parity.explanation import Explanation
from parity.first_steps import first_step
from parity.layers import CHINESE, contrast
from parity.log_lines import LABELS
from parity.report import as_dict, day_of, derived_words, write_text
from parity.terminal import points
from sdk.report.charts import Curve, line_chart
from sdk.report.plain_text import plain

PLATFORM, LOCAL, GAP = "#2f6fd0", "#e08a3c", "#c53030"
_NO_GAP = 1e-9  # percentage points
_SHOWN_DIFFERENCES = 200
_HEADLINES = {"equal": "一致", "different": "不同", "not judged": "无法判断"}


def write_html(verdict: Verdict, path: Path, explanation: Explanation | None = None) -> None:
    """Write the page; ParityError where the file cannot be written."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    template = environment.get_template("parity.html.j2")
    write_text(path, template.render(_view(verdict, explanation)))


def _view(verdict: Verdict, explanation: Explanation | None) -> dict[str, Any]:
    told = as_dict(verdict, explanation)
    curves = curves_of(verdict)
    return {
        "verdict": told,
        "headline": _headline(verdict, told),
        "changes": _changes(verdict, explanation),
        "causes": [{**cause, "points": points(cause["basis_points"])} for cause in told["causes"] or ()],
        "derived": {layer.layer: derived_words(layer) for layer in explanation.rederived} if explanation else {},
        "unattributed": points(told["unattributed_bp"]) if explanation else "",
        "nav": _chart(verdict, curves, explanation) if curves.shown else "",
        "nav_gap": _gap_chart(curves) if curves.shown else "",
        "gap": _gap(curves) if curves.shown else "",
        "told_figures": any(row["platform"] != "--" for row in told["figures"]),
        "differences": told["differences"][:_SHOWN_DIFFERENCES],
        "different": sum(layer.different for layer in verdict.layers),
        "chinese": CHINESE,
        "labels": LABELS,
    }


def _headline(verdict: Verdict, told: dict[str, Any]) -> dict[str, str]:
    """Return the big words, the line under them, and the colour."""
    state = str(told["verdict"])
    words, first = _HEADLINES[state], verdict.first
    if first is not None:
        local, platform = contrast(first.local, first.platform, 70)
        named = " ".join(filter(None, (plain(first.code, 20), plain(first.field, 40))))
        big = f"{words}：从 {day_of(first)} 起" if first.moment else f"{words}：{CHINESE[first.layer]}"
        return {"big": big, "small": f"{named}：平台 {platform}，本地 {local}", "state": state}
    if state == "equal" and verdict.partial:
        lacking = [CHINESE[layer.layer] for layer in verdict.lacking]
        small = f"比较了 {verdict.compared} 个值，全部一致" + (f"；未能判断：{'、'.join(lacking)}" if lacking else "")
        whole = not verdict.unjudged and {layer.layer for layer in verdict.lacking} == {
            "figure"
        }  # no download has any
        return {"big": "可比部分一致", "small": small, "state": "equal" if whole else "partial"}
    small = f"比较了 {verdict.compared} 个值" if verdict.judged else "两侧没有一个可比的值"
    return {"big": words, "small": small, "state": state}


def _changes(verdict: Verdict, explanation: Explanation | None) -> list[dict[str, str]]:
    """Return what the user should change, in order; the first look of the layer where no cause is known."""
    if explanation is not None and explanation.causes:
        return [
            {
                "name": BY_CODE[cause.code].name.split()[0] if cause.code in BY_CODE else "",
                "code": plain(cause.code, 12),
                "points": points(cause.basis_points),
                "text": plain(cause.change, 300),
                "why": plain(cause.sentence.partition("：")[2], 300),
            }
            for cause in explanation.causes
        ]
    if verdict.first is None:
        return []
    layer = verdict.first.layer
    return [{"name": CHINESE[layer], "code": "", "points": "", "text": first_step(verdict), "why": ""}]


def _chart(verdict: Verdict, curves: Curves, explanation: Explanation | None) -> Any:
    causes: dict[str, list[str]] = {}
    for cause in explanation.causes if explanation else ():
        causes.setdefault(cause.day, []).append(plain(cause.code, 12))
    marks = {day: " ".join(codes) for day, codes in sorted(causes.items())}
    if not marks and verdict.first is not None:
        marks = {verdict.first.moment[:10]: "首个差异"}
    notes = [
        day_words(day, local, platform, verdict.first_by_day.get(day), " ".join(causes.get(day, ())))
        for day, local, platform in zip(curves.days, curves.local, curves.platform, strict=True)
    ]
    lines = [Curve("平台", PLATFORM, curves.platform), Curve("本地", LOCAL, curves.local)]
    return line_chart(curves.days, lines, 320, marks=marks, notes=notes)


def _gap_chart(curves: Curves) -> Any:
    """Return the chart of the difference; empty where the curves print the same on every common day."""
    if not any(abs(gap) > _NO_GAP for gap in curves.gaps):
        return ""
    return line_chart(curves.days, [Curve("差", GAP, curves.gaps, fill=True)], 130)


def _gap(curves: Curves) -> str:
    """Return the difference of the last common day in words."""
    for day, local, platform in reversed(list(zip(curves.days, curves.local, curves.platform, strict=True))):
        if local == local and platform == platform:
            return f"{day}：平台 {platform:+.2f}%，本地 {local:+.2f}%，差 {platform - local:+.2f} 个百分点"
    return ""
