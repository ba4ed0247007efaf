"""Line charts as inline SVG: no script, no request, readable in print."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 1040, 56, 66, 26, 24
MAX_POINTS = 2_000
_MONTHS_PER_TICK = (1, 2, 3, 6, 12, 24, 60, 120)
_MAX_DAY_TICKS = 12


@dataclass(frozen=True)
class Curve:
    """One line: a value for each day (NaN breaks it), its name and colour; ``fill`` paints down from zero."""

    name: str
    colour: str
    values: Sequence[float]
    fill: bool = False


def line_chart(
    labels: Sequence[str],
    curves: Sequence[Curve],
    height: int,
    unit: str = "%",
    band: tuple[str, str] | None = None,
    marks: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> Markup:
    """Return an SVG of ``curves`` over ``labels`` (days or step numbers).

    ``band`` shades the stretch between two labels (the deepest drawdown). The value axis always holds zero. ``marks``
    (label → short text) draws an upright line there; ``notes``, one a label, show when the pointer rests on it.
    """
    finite = [value for curve in curves for value in curve.values if math.isfinite(value)] or [0.0]
    ticks = value_ticks(min(0.0, *finite), max(0.0, *finite))
    scale = _Scale(len(labels), height, ticks[0], ticks[-1])
    parts = [_band(labels, scale, band)] if band else []
    parts += [_value_tick(scale, value, unit) for value in ticks]
    parts += _label_row(scale, label_ticks(labels))
    parts += [_curve(scale, curve) for curve in curves]
    parts += _end_labels(scale, curves, unit)
    parts += [_legend(curves)] if len(curves) > 1 else []
    parts += _marks(labels, scale, marks or {})
    parts += _notes(scale, notes)
    title = escape("、".join(curve.name for curve in curves))
    body = Markup("").join(parts)
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(WIDTH, height, title, body)


def value_ticks(low: float, high: float) -> list[float]:
    """Return 4 to 8 round values that enclose ``low`` … ``high``; a flat line gets one unit of room above it."""
    high = high if high - low > 1e-9 else low + 1.0
    width = high - low
    power = 10.0 ** math.floor(math.log10(width / 4))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if width / (power * factor) <= 6)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, max(last, first + 1) + 1)]


def label_ticks(labels: Sequence[str]) -> list[tuple[int, str]]:
    """Return the places to label: the first day of every n-th month, or evenly spaced labels."""
    months = [label[:7] for label in labels]
    starts = [index for index in range(1, len(labels)) if months[index] != months[index - 1]]
    dated = bool(labels) and len(labels[0]) == 10
    if not dated or len(starts) < 2:
        step = max(1, math.ceil(len(labels) / _MAX_DAY_TICKS))
        return [(index, labels[index]) for index in range(0, len(labels), step)]
    every = next((n for n in _MONTHS_PER_TICK if len(starts) / n <= _MAX_DAY_TICKS), _MONTHS_PER_TICK[-1])
    chosen = [index for index in starts if _month_number(months[index]) % every == 0]
    return [(index, months[index]) for index in chosen]


def _month_number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:7]) - 1


@dataclass(frozen=True)
class _Scale:
    """From (index, value) to picture coordinates."""

    points: int
    height: int
    low: float
    high: float

    def x(self, index: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * index / max(self.points - 1, 1)

    def y(self, value: float) -> float:
        return TOP + (self.height - TOP - BOTTOM) * (self.high - value) / (self.high - self.low)


def _value_tick(scale: _Scale, value: float, unit: str) -> Markup:
    y = scale.y(value)
    zero = abs(value) < 1e-12
    return Markup(
        '<line x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}" class="{}"/><text x="{}" y="{:.1f}" class="v">{:g}{}</text>'
    ).format(LEFT, WIDTH - RIGHT, y, y, "zero" if zero else "grid", LEFT - 8, y + 4, round(value, 10), unit)


def _label_row(scale: _Scale, ticks: list[tuple[int, str]]) -> list[Markup]:
    """Print labels under the axis; one that would touch the last printed is left out."""
    parts, free = [], 0.0
    for index, text in ticks:
        x = scale.x(index)
        if x >= free:
            parts.append(Markup('<text x="{:.1f}" y="{}" class="d">{}</text>').format(x, scale.height - 6, text))
            free = x + 8.0 * len(text)
    return parts


def _band(labels: Sequence[str], scale: _Scale, band: tuple[str, str]) -> Markup:
    places = [labels.index(day) for day in band if day in labels]
    if len(places) < 2:
        return Markup("")
    start, end = scale.x(places[0]), scale.x(places[1])
    return Markup('<rect x="{:.1f}" y="{}" width="{:.1f}" height="{}" class="band"/>').format(
        start, TOP, max(end - start, 1.0), scale.height - TOP - BOTTOM
    )


def _marks(labels: Sequence[str], scale: _Scale, marks: Mapping[str, str]) -> list[Markup]:
    places = {label: index for index, label in enumerate(labels)}
    line = Markup(
        '<g class="mark"><line x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/><text x="{3:.1f}" y="{4}">{5}</text></g>'
    )
    parts, row = [], 0
    for label, text in marks.items():
        if label in places:
            x = scale.x(places[label])
            parts.append(line.format(x, TOP, scale.height - BOTTOM, x + 4, TOP + 12 + 15 * (row % 5), text))
            row += 1
    return parts


def _notes(scale: _Scale, notes: Sequence[str]) -> list[Markup]:
    """One invisible strip a label (of a long run: a few labels) with its words as a tooltip."""
    every = max(1, math.ceil(len(notes) / MAX_POINTS))
    strip = Markup('<rect x="{:.1f}" y="{}" width="{:.1f}" height="{}" class="note"><title>{}</title></rect>')
    width = every * (WIDTH - LEFT - RIGHT) / max(len(notes) - 1, 1)
    tall = scale.height - TOP - BOTTOM
    return [
        strip.format(scale.x(at) - width / 2, TOP, width, tall, "\n".join(notes[at : at + every]))
        for at in range(0, len(notes), every)
    ]


def _curve(scale: _Scale, curve: Curve) -> Markup:
    """One path a stretch without NaN; long curves are thinned, the last point always stays."""
    step = max(1, math.ceil(len(curve.values) / MAX_POINTS))
    indices = [*range(0, len(curve.values), step)]
    if indices and indices[-1] != len(curve.values) - 1:
        indices.append(len(curve.values) - 1)
    words, pen = [], "M"
    for index in indices:
        value = curve.values[index]
        if not math.isfinite(value):
            pen = "M"
            continue
        words.append(f"{pen}{scale.x(index):.1f} {scale.y(value):.1f}")
        pen = "L"
    path = "".join(words)
    area = Markup("")
    if curve.fill and words:
        zero = scale.y(0.0)
        outline = f"M{scale.x(0):.1f} {zero:.1f}L{path[1:]}L{scale.x(indices[-1]):.1f} {zero:.1f}Z"
        area = Markup('<path d="{}" fill="{}" opacity="0.18"/>').format(outline, curve.colour)
    line = Markup('<path d="{}" fill="none" stroke="{}" stroke-width="1.6" stroke-linejoin="round"/>')
    return area + line.format(path, curve.colour)


def _end_labels(scale: _Scale, curves: Sequence[Curve], unit: str) -> list[Markup]:
    """Print the last value of each curve beside its end, pushed apart where two would overlap."""
    ends = [(curve, curve.values[-1]) for curve in curves if len(curve.values) and math.isfinite(curve.values[-1])]
    parts, free = [], float(TOP)
    for curve, value in sorted(ends, key=lambda end: -end[1]):
        y = max(scale.y(value) + 4, free)
        free = y + 14
        shown = f"{value:.2f}%" if unit == "%" else f"{value:.4g}{unit}"
        text = Markup('<text x="{}" y="{:.1f}" style="fill:{}">{}</text>')
        parts.append(text.format(WIDTH - RIGHT + 6, y, curve.colour, shown))
    return parts


def _legend(curves: Sequence[Curve]) -> Markup:
    parts, x = [], LEFT + 10
    for curve in curves:
        parts.append(
            Markup(
                '<rect x="{}" y="{}" width="14" height="3" fill="{}"/><text x="{}" y="{}" class="l">{}</text>'
            ).format(x, 8, curve.colour, x + 20, 14, curve.name)
        )
        x += 44 + 14 * len(curve.name)
    return Markup("").join(parts)
