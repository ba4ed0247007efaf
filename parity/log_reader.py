"""The log of a run, read line by line: every line gets a kind, every order message its fields.

A header ``YYYY-MM-DD HH:MM:SS - LEVEL - `` opens a message; lines without one continue it (tracebacks, error texts
of two lines). In a Markdown file the log is what stands between the fences. A marker such as ``... （剩余 1018
行未展开） ...`` is a gap. A line that no newline ends may be cut anywhere, so it is believed only where its own form
proves it whole: an order object that is closed by its bracket.

Memory: order, audit and missing-position messages are given one at a time (``Log.events`` keeps them while they are
few and reads the file again when they are many), of all others only the count is kept. Samples, gaps and the lines of
one message are bounded too, so a log of any size costs a few tens of megabytes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from parity.log_lines import FENCE, OMITTED, STOPPED, TRACEBACK, classify
from parity.order_text import OrderText, parse_order
from parity.record_stream import Records
from sdk.errors import ParityError
from sdk.report.log_header import HEADER
from sdk.report.plain_text import plain
from sdk.report.text_files import Decoding, Line, TextSource, read_lines

PAGE_LINES = 100  # the platform shows pages of 100 lines, and 1,000 lines in all to most users (JOINQUANT.md §7.3)
_MAX_SAMPLES = 50
_MAX_MESSAGE_LINES = 5_000
_MAX_MESSAGE_CHARS = 1_000_000  # the audit line of all 5,500 A-shares has 200,000
_MAX_ERROR_LINES = 50  # of a printed order, blank ones included
_MAX_GAPS = 200
_MAX_ERRORS = 2_000  # moments with an error of the strategy
_KEPT_EVENTS = 12_000
_PROVED_BY_BRACKET = frozenset(("quantity_check", "submitted", "entrusted", "failed", "cancelled", "rounding"))
_COUNTED_ONLY = frozenset(("user", *STOPPED))


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One message of the platform (or an audit line): where, when, what, and the named parts of its pattern."""

    line: int
    moment: str
    level: str
    kind: str
    parts: dict[str, str]

    @property
    def order(self) -> OrderText | None:
        """The printed order; parsed when asked for, because counting the lines of a log needs none of it."""
        return parse_order(self.parts["order"]) if "order" in self.parts else None


@dataclass(frozen=True)
class Log:
    """A whole log. ``lines`` counts physical lines by kind; ``cut`` names the lines that are not believed.

    ``errors``: (moment, what it says) of the first error of each moment that made the strategy die or not trade.
    """

    name: str
    events: Records[LogEvent]
    lines: dict[str, int]
    unknown: tuple[str, ...]
    cut: tuple[str, ...]
    first: str
    last: str
    gaps: tuple[tuple[str, str], ...]
    end_known: bool
    errors: tuple[tuple[str, str], ...] = ()


@dataclass
class _Message:
    line: int
    moment: str
    level: str
    texts: list[str]
    whole: bool
    chars: int = 0
    open_end: bool | None = None  # whether it looks like a sentence that goes on; None: not looked at yet

    def takes(self, text: str) -> bool:
        """Whether one more line still fits."""
        return len(self.texts) < _MAX_MESSAGE_LINES and self.chars + len(text) <= _MAX_MESSAGE_CHARS

    def add(self, text: str) -> None:
        self.texts.append(text)
        self.chars += len(text)
        self.open_end = None

    def goes_on(self) -> bool:
        """Whether a blank line may still belong to it: it opened an order and has not closed it."""
        if self.open_end is None:
            short = len(self.texts) <= _MAX_ERROR_LINES
            self.open_end = short and classify("\n".join(self.texts))[0] == "cut"
        return self.open_end


@dataclass
class _Reading:
    """What is gathered while a log is read."""

    name: str
    believed_end: bool = True
    lines: Counter[str] = field(default_factory=Counter)
    unknown: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    gaps: list[tuple[str, str]] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    first: str = ""
    last: str = ""
    gap_after: str | None = None

    def close(self, message: _Message | None) -> Iterator[LogEvent]:
        """Classify a message that is complete, and give it out if it says something about orders or inputs."""
        if message is None:
            return
        text = "\n".join(message.texts)
        kind, match = classify(text) if len(text) <= _MAX_MESSAGE_CHARS else ("unknown", None)
        if not message.whole and kind not in _PROVED_BY_BRACKET and kind not in _COUNTED_ONLY:
            kind, match = "cut", None
        self.lines[kind] += 1
        self.lines["continuation"] += len(message.texts) - 1
        if kind == "cut" or not message.whole:
            self.note_cut(message.line, text, believed=kind != "cut")
            if kind == "cut":
                self.add_gap(message.moment, message.moment)
        elif kind == "unknown" and len(self.unknown) < _MAX_SAMPLES:
            self.unknown.append(f"{self.name}:{message.line}: {plain(text)}")
        if kind in STOPPED:
            self.note_error(message)
        if match is not None and kind not in _COUNTED_ONLY:
            parts = {key: value for key, value in match.groupdict().items() if value is not None}
            yield LogEvent(message.line, message.moment, message.level, kind, parts)

    def note_error(self, message: _Message) -> None:
        """Remember the first error of a moment: the last line of a traceback, else the first line."""
        said = [text for text in message.texts if text.strip()]
        if said and len(self.errors) < _MAX_ERRORS:
            place = -1 if TRACEBACK in said[0] else 0
            self.errors.setdefault(message.moment, plain(said[place], 200))

    def note_cut(self, line: int, text: str, believed: bool = False) -> None:
        if len(self.cut) < _MAX_SAMPLES:
            words = "没有行尾 no line end" if believed else "被截断，不采信 cut off, not believed"
            self.cut.append(f"{plain(self.name)}:{line}: {words}: {plain(text, 100)}")

    def add_gap(self, after: str, before: str) -> None:
        """Remember a stretch that is not covered; beyond a number of them they grow together."""
        if self.gaps and self.gaps[-1] == (after, before):
            return
        if len(self.gaps) >= _MAX_GAPS:
            self.gaps[-1] = min(after, self.gaps[-1][0]), max(before, self.gaps[-1][1])
        else:
            self.gaps.append((after, before))

    def see(self, moment: str) -> None:
        self.first = self.first or moment
        if self.gap_after is not None:
            self.add_gap(self.gap_after, moment)
            self.gap_after = None
        self.last = max(self.last, moment)


def read_log(source: TextSource, decoding: Decoding) -> Log:
    """Read a log; raise ParityError where no line has the platform's header."""
    reading = _Reading(source.name)
    first = [reading]

    def read() -> Iterator[LogEvent]:
        return _events(source, decoding, first.pop() if first else _Reading(source.name))

    events = Records(read, kept=_KEPT_EVENTS, weigh=_weight)
    if not reading.first:
        raise ParityError(f"{plain(source.name)}: 不是日志 no line begins with '2025-01-02 09:30:00 - INFO  - '")
    return _finish(reading, events)


def _weight(event: LogEvent) -> int:
    """Return how much a message costs, an ordinary order line being 1."""
    return 1 + sum(len(part) for part in event.parts.values()) // 1_000


def _events(source: TextSource, decoding: Decoding, reading: _Reading) -> Iterator[LogEvent]:
    """Yield the messages that say something; ``reading`` is complete when they are at their end."""
    message: _Message | None = None
    for line, inside in _log_lines(source, decoding):
        if not inside:
            yield from reading.close(message)
            message = None
            reading.lines["outside"] += 1
            continue
        reading.believed_end = line.whole
        header = HEADER.fullmatch(line.text)
        if header:
            yield from reading.close(message)
            reading.see(header["moment"])
            text = header["text"] or ""
            message = _Message(line.number, header["moment"], header["level"], [text], line.whole, len(text))
        else:
            if _ends_message(line):
                yield from reading.close(message)
            message = _without_header(reading, message, line)
    yield from reading.close(message)


def _ends_message(line: Line) -> bool:
    """A line without header that belongs to no message: a marker of what was left out, or one that was cut off."""
    return bool(OMITTED.fullmatch(line.text)) or not line.whole


def _without_header(reading: _Reading, message: _Message | None, line: Line) -> _Message | None:
    """Place a line without header: a gap marker, a cut line, the rest of a message, or a head cut off."""
    if OMITTED.fullmatch(line.text):
        reading.lines["omitted"] += 1
        reading.gap_after = reading.last
        return None
    if not line.whole:
        reading.lines["cut"] += 1
        reading.note_cut(line.number, line.text)
        return None
    if not line.text.strip() and (message is None or not message.goes_on()):
        reading.lines["blank"] += 1
    elif message is not None and message.takes(line.text):
        message.add(line.text)
    elif reading.first:
        reading.lines["continuation"] += 1
    else:
        reading.lines["cut"] += 1
        reading.note_cut(line.number, line.text)
    return message


def _finish(reading: _Reading, events: Records[LogEvent]) -> Log:
    said = sum(reading.lines.values()) - reading.lines["outside"]
    return Log(
        name=reading.name,
        events=events,
        lines=dict(sorted((kind, count) for kind, count in reading.lines.items())),
        unknown=tuple(reading.unknown),
        cut=tuple(reading.cut),
        first=reading.first,
        last=reading.last,
        gaps=tuple(reading.gaps),
        errors=tuple(sorted(reading.errors.items())),
        end_known=reading.believed_end and said % PAGE_LINES != 0 and not reading.lines["omitted"],
    )


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
