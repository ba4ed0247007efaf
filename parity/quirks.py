"""One-off answers of the platform, listed by hand: what they are, how it is known, and until when to believe it.

``quirks.toml`` holds one table a quirk. A quirk explains a difference whose layer, code and day fit and whose field
and values match; it is left out of the search for causes, and the report says how well the sides agree with and
without it. A quirk without evidence or without an expiry is an error, and so is one that has expired on the last day
of the run that is compared: someone has to look again.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from parity.compare import Verdict
from parity.layers import LAYERS, Comparison
from sdk.errors import ParityError, nearest

BUILT_IN = Path(__file__).with_name("quirks.toml")
_LEAST_EVIDENCE = 20


@dataclass(frozen=True)
class Quirk:
    """One quirk. ``code`` and ``field`` are regular expressions (full match); days are inclusive, ISO."""

    name: str
    layer: str
    code: str
    first_day: str
    last_day: str
    field: str
    words: str
    evidence: str
    expires: str
    local: str = ".*"
    platform: str = ".*"


_NAMES = tuple(one.name for one in fields(Quirk))
_NEEDED = tuple(name for name in _NAMES if name not in ("name", "local", "platform"))


def load_quirks(path: Path = BUILT_IN, on: str = "") -> tuple[Quirk, ...]:
    """Read quirks; ``on``: the day (ISO) on which they have to be believed, empty for no check of the expiry.

    ParityError for what is missing, unknown or expired.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ParityError(f"{path}: 无法读取 cannot be read: {error}") from error
    return tuple(_checked(path, name, table, on) for name, table in tables.items())


def _checked(path: Path, name: str, table: object, on: str) -> Quirk:
    where = f"{path.name} [{name}]"
    if not isinstance(table, dict):
        raise ParityError(f"{where}: 应为一个表 must be a table")
    for key, value in table.items():
        if key not in _NAMES or not isinstance(value, str):
            raise ParityError(f"{where}: {key} = {value!r}{nearest(key, _NAMES)}; texts named {', '.join(_NEEDED)}")
    lacking = [key for key in _NEEDED if not table.get(key)]
    if lacking:
        raise ParityError(f"{where}: 缺 lacks {', '.join(lacking)}; a quirk without evidence is a wish")
    quirk = Quirk(name=name, **{key: value for key, value in table.items() if key != "name"})
    if quirk.layer not in LAYERS:
        raise ParityError(f"{where}: layer = {quirk.layer!r}{nearest(quirk.layer, LAYERS)}")
    if len(quirk.evidence) < _LEAST_EVIDENCE:
        raise ParityError(f"{where}: evidence = {quirk.evidence!r}: say in which file or run it was seen")
    for key in ("first_day", "last_day", "expires"):
        _day(where, key, getattr(quirk, key))
    for key in ("code", "field", "local", "platform"):
        try:
            re.compile(getattr(quirk, key))
        except re.error as error:
            raise ParityError(f"{where}: {key} = {getattr(quirk, key)!r}: {error}") from error
    if on and on > quirk.expires:
        raise ParityError(
            f"{where}: 已过期 expired on {quirk.expires}; 核对后改日期或删除 look again, then set a new day"
        )
    return quirk


def _day(where: str, key: str, text: str) -> None:
    try:
        dt.date.fromisoformat(text)
    except ValueError as error:
        raise ParityError(f"{where}: {key} = {text!r} is not a day; write it like 2026-12-31") from error


def matching(one: Comparison, quirks: Iterable[Quirk]) -> Quirk | None:
    """Return the quirk that explains a difference, or None."""
    for quirk in quirks:
        if (
            one.layer == quirk.layer
            and quirk.first_day <= one.moment[:10] <= quirk.last_day
            and all(
                re.fullmatch(getattr(quirk, key), text, re.S)
                for key, text in (
                    *(("code", one.code), ("field", one.field)),
                    *(("local", one.local), ("platform", one.platform)),
                )
            )
        ):
            return quirk
    return None


def quirk_remark(verdict: Verdict, quirks: Sequence[Quirk]) -> list[str]:
    """Return how well the sides agree with and without quirks, in words; nothing where no quirk fits."""
    found = [quirk for one in verdict.differences if (quirk := matching(one, quirks)) is not None]
    if not found:
        return []
    bad = sum(layer.different for layer in verdict.layers)
    good = verdict.compared - bad
    with_them = good / max(verdict.compared, 1)
    without = (good + len(found)) / max(verdict.compared, 1)
    names = ", ".join(f"{quirk.name} (至 {quirk.expires})" for quirk in dict.fromkeys(found))
    return [f"QUIRK {names}: {len(found)} 个值；一致率 {with_them:.4%}，不计怪癖 without quirks {without:.4%}"]
