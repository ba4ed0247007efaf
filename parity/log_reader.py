"""The log of a run, read line by line: every line gets a kind, every order message its fields.

A header ``YYYY-MM-DD HH:MM:SS - LEVEL - `` opens a message; lines without one continue it (tracebacks, error texts
of two lines). In a Markdown file the log is what stands between the fences. A marker such as ``... （剩余 1018
行未展开） ...`` is a gap. A line that no newline ends may be cut anywhere, so it is believed only where its own form
proves it whole: an order object that is closed by its bracket.

Memory: order, audit and missing-position messages are kept, of all others only the count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from parity.log_lines import FENCE, OMITTED, classify
from parity.order_text import OrderText, parse_order
from sdk.errors import ParityError
from sdk.report.log_header import HEADER
from sdk.report.plain_text import plain
from sdk.report.text_files import Decoding, Line, TextSource, read_lines

PAGE_LINES = 100  # the platform shows pages of 100 lines, and 1,000 lines in all to most users (JOINQUANT.md §7.3)
_MAX_SAMPLES = 50
_MAX_MESSAGE_LINES = 5_000
_PROVED_BY_BRACKET = frozenset(("quantity_check", "submitted", "entrusted", "failed", "cancelled", "rounding"))
_COUNTED_ONLY = frozenset(("user", "traceback"))


@dataclass(frozen=True)
class LogEvent:
    """One message of the platform (or an audit line): where, when, what, and the named parts of its pattern."""

    line: int
    moment: str
    level: str
    kind: str
    parts: dict[str, str]
    order: OrderText | None = None


@dataclass(frozen=True)
class Log:
    """A whole log. ``lines`` counts physical lines by kind; ``cut`` names the lines that are not believed."""

    name: str
    events: tuple[LogEvent, ...]
    lines: dict[str, int]
    unknown: tuple[str, ...]
    cut: tuple[str, ...]
    first: str
    last: str
    gaps: tuple[tuple[str, str], ...]
    end_known: bool

    @property
    def message_lines(self) -> int:
        return sum(self.lines.values()) - self.lines.get("outside", 0)


@dataclass
class _Message:
    line: int
    moment: str
    level: str
    texts: list[str]
    whole: bool


@dataclass
class _Reading:
    """What is gathered while a log is read."""

    name: str
    events: list[LogEvent] = field(default_factory=list)
    lines: Counter[str] = field(default_factory=Counter)
    unknown: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    gaps: list[tuple[str, str]] = field(default_factory=list)
    first: str = ""
    last: str = ""
    gap_after: str | None = None

    def close(self, message: _Message | None) -> None:
        """Classify a message that is complete, and keep it if it says something about orders or inputs."""
        if message is None:
            return
        text = "\n".join(message.texts)
        kind, match = classify(text)
        if not message.whole and kind not in _PROVED_BY_BRACKET and kind not in _COUNTED_ONLY:
            kind, match = "cut", None
        self.lines[kind] += 1
        self.lines["continuation"] += len(message.texts) - 1
        if kind == "cut" or not message.whole:
            self.note_cut(message.line, text, believed=kind != "cut")
            self.gaps += [(message.moment, message.moment)] if kind == "cut" else []
        elif kind == "unknown" and len(self.unknown) < _MAX_SAMPLES:
            self.unknown.append(f"{self.name}:{message.line}: {plain(text)}")
        if match is not None and kind not in _COUNTED_ONLY:
            parts = {key: value for key, value in match.groupdict().items() if value is not None}
            order = parse_order(parts["order"]) if "order" in parts else None
            self.events.append(LogEvent(message.line, message.moment, message.level, kind, parts, order))

    def note_cut(self, line: int, text: str, believed: bool = False) -> None:
        if len(self.cut) < _MAX_SAMPLES:
            words = "没有行尾 no line end" if believed else "被截断，不采信 cut off, not believed"
            self.cut.append(f"{plain(self.name)}:{line}: {words}: {plain(text, 100)}")

    def see(self, moment: str) -> None:
        self.first = self.first or moment
        if self.gap_after is not None:
            self.gaps.append((self.gap_after, moment))
            self.gap_after = None
        self.last = max(self.last, moment)


def read_log(source: TextSource, decoding: Decoding) -> Log:
    """Read a log; raise ParityError where no line has the platform's header."""
    reading = _Reading(source.name)
    message: _Message | None = None
    believed_end = True
    for line, inside in _log_lines(source, decoding):
        if not inside:
            reading.close(message)
            message = None
            reading.lines["outside"] += 1
            continue
        believed_end = line.whole
        header = HEADER.fullmatch(line.text)
        if header:
            reading.close(message)
            reading.see(header["moment"])
            message = _Message(line.number, header["moment"], header["level"], [header["text"] or ""], line.whole)
        else:
            message = _without_header(reading, message, line)
    reading.close(message)
    if not reading.first:
        raise ParityError(f"{plain(source.name)}: 不是日志 no line begins with '2025-01-02 09:30:00 - INFO  - '")
    return _finish(reading, believed_end)


def _without_header(reading: _Reading, message: _Message | None, line: Line) -> _Message | None:
    """Place a line without header: a gap marker, a cut line, the rest of a message, or a head cut off."""
    if OMITTED.fullmatch(line.text):
        reading.close(message)
        reading.lines["omitted"] += 1
        reading.gap_after = reading.last
        return None
    if not line.whole:
        reading.close(message)
        reading.lines["cut"] += 1
        reading.note_cut(line.number, line.text)
        return None
    if not line.text.strip() and (message is None or classify("\n".join(message.texts))[0] != "cut"):
        reading.lines["blank"] += 1
    elif message is not None and len(message.texts) < _MAX_MESSAGE_LINES:
        message.texts.append(line.text)
    elif reading.first:
        reading.lines["continuation"] += 1
    else:
        reading.lines["cut"] += 1
        reading.note_cut(line.number, line.text)
    return message


def _finish(reading: _Reading, believed_end: bool) -> Log:
    log = Log(
        name=reading.name,
        events=tuple(reading.events),
        lines=dict(sorted(reading.lines.items())),
        unknown=tuple(reading.unknown),
        cut=tuple(reading.cut),
        first=reading.first,
        last=reading.last,
        gaps=tuple(reading.gaps),
        end_known=True,
    )
    paged = log.message_lines % PAGE_LINES == 0
    omitted = bool(reading.lines["omitted"])
    return log if believed_end and not paged and not omitted else _with_unknown_end(log)


def _with_unknown_end(log: Log) -> Log:
    return Log(**{**{name: getattr(log, name) for name in log.__dataclass_fields__}, "end_known": False})


def _log_lines(source: TextSource, decoding: Decoding) -> Iterator[tuple[Line, bool]]:
    """Yield each line and whether it belongs to the log: in Markdown only what is fenced does."""
    fenced = _is_fenced(source, decoding)
    inside = not fenced
    for line in read_lines(source, decoding):
        if fenced and FENCE.match(line.text):
            inside = not inside
            yield line, False
        else:
            yield line, inside


def _is_fenced(source: TextSource, decoding: Decoding) -> bool:
    """A file is Markdown if a fence stands before the first line with a header."""
    for line in read_lines(source, decoding):
        if HEADER.fullmatch(line.text):
            return False
        if re.match(r"```", line.text):
            return True
    return False
