"""The figures of a backtest page: readers of the files that hold them, and how the page prints them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

from sdk.errors import ParityError
from sdk.report.numbers import Reading
from sdk.report.plain_text import plain
from sdk.report.premises import premises_of
from sdk.report.text_files import Decoding, TextSource, read_lines
from sdk.scoring.figure_names import NAMES, FigureName

_OTHER_KEYS = ("annual_bm_return", "turnover_rate", "avg_trade_return", "treasury_return", "trading_days")
_OTHER_LABELS = {
    "策略总收益": "algorithm_return",
    "Alpha": "alpha",
    "Beta": "beta",
    "基准收益(000300)": "benchmark_return",
}
_KEYS = {name.key: name.key for name in NAMES} | {key: key for key in _OTHER_KEYS}
_KEYS |= {name.label: name.key for name in NAMES} | _OTHER_LABELS
_NUMBER = re.compile(r"([+-]?\d+(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?)(%?)", re.ASCII)
_MAX_CHARS = 2 * 1024 * 1024  # parsed JSON takes up to 40 times its text
_FULL_DIGITS = 10  # a file that prints a number with so many significant digits prints full floats


class _Number(str):
    """The text of a JSON number, kept so that its digits can be counted."""


def read_figures(source: TextSource, decoding: Decoding) -> dict[str, Reading]:
    """Read run.json (``figures``), stats.json (``stats``) or a flat JSON with keys or page labels.

    Returns get_risk key → reading, as ratios (12.5 % is 0.125); an empty dict where the file holds no figure.
    Raises ParityError for text that is no JSON object.
    """
    text = _whole_text(source, decoding)
    try:
        data = json.loads(text, parse_float=_Number, parse_int=_Number)
    except (ValueError, RecursionError) as error:
        raise ParityError(f"{plain(source.name)}: 不是 JSON not a JSON file ({plain(str(error), 80)})") from error
    if not isinstance(data, dict):
        raise ParityError(f"{plain(source.name)}: a JSON object was expected")
    for part in ("figures", "stats"):
        if isinstance(data.get(part), dict):
            data = data[part]
    found = {_KEYS[name]: value for name, value in data.items() if name in _KEYS}
    digits = max((_significant(value) for value in found.values() if isinstance(value, _Number)), default=0)
    decimals = max((_decimals(value) for value in found.values() if isinstance(value, _Number)), default=0)
    full = digits if digits >= _FULL_DIGITS else 0
    readings = {key: _reading(value, full, decimals) for key, value in found.items()}
    return {key: reading for key, reading in readings.items() if reading is not None}


def read_premises(source: TextSource, decoding: Decoding) -> dict[str, str]:
    """Return the premises that a run.json states; empty for another file of figures."""
    try:
        data = json.loads(_whole_text(source, decoding))
    except (ValueError, RecursionError) as error:  # ValueError also for an integer of thousands of digits
        raise ParityError(f"{plain(source.name)}: 不是 JSON not a JSON file ({plain(str(error), 80)})") from error
    known = premises_of(data) if isinstance(data, dict) else {}
    return {plain(name, 60): plain(value, 120) for name, value in known.items()}


def show(name: FigureName, value: object) -> str:
    """Return a figure as the page prints it; ``--`` where there is none."""
    if name.form == "period":
        return " ~ ".join(str(day) for day in value) if isinstance(value, list | tuple) and value else "--"
    if isinstance(value, str):
        return plain(value, 40)
    if not isinstance(value, int | float) or not math.isfinite(value):
        return "--"
    forms: Mapping[str, str] = {"percent": f"{value * 100:.2f}%", "count": f"{value:.0f}"}
    return forms.get(name.form, f"{value:.3f}")


def _whole_text(source: TextSource, decoding: Decoding) -> str:
    parts, size = [], 0
    for line in read_lines(source, decoding):
        parts.append(line.text)
        size += len(line.text)
        if size > _MAX_CHARS:
            raise ParityError(f"{plain(source.name)}: larger than any file of figures ({_MAX_CHARS} characters)")
    return "\n".join(parts)


def _significant(text: str) -> int:
    mantissa = re.split("[eE]", text)[0]
    return len(mantissa.lstrip("+-").replace(".", "").lstrip("0"))


def _decimals(text: str) -> int:
    match = _NUMBER.fullmatch(text)
    return len(match[2] or "") if match else 0


def _reading(value: object, full_digits: int, decimals: int) -> Reading | None:
    """Return the reading of one JSON value; texts that are no number (a period) are compared as texts."""
    if isinstance(value, list):
        return Reading(" ~ ".join(plain(str(item), 20) for item in value[:4]))
    if not isinstance(value, str):
        return None
    match = _NUMBER.fullmatch(value.strip())
    if match is None:
        return Reading(re.sub(r"(\d{4})/(\d\d)/(\d\d)", r"\1-\2-\3", plain(value.strip(), 60)))
    scale = 0.01 if match[4] else 1.0
    amount = float(match[1]) * scale
    if not math.isfinite(amount):
        return Reading(plain(value, 60))
    if isinstance(value, _Number):
        if full_digits:
            unit = 10.0 ** (math.floor(math.log10(abs(amount))) + 1 - full_digits) if amount else 0.0
            return Reading(str(value), amount, 0.5 * unit)
        whole = "." not in value
        return Reading(str(value), amount, 0.0 if whole else 0.5 * 10.0**-decimals)
    return Reading(value.strip(), amount, 0.5 * scale * 10.0 ** -len(match[2] or ""))
