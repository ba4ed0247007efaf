"""Text of unknown encoding, read line by line in bounded memory.

The platform writes GBK or GB18030 (its exports) and UTF-8 (its pages); spreadsheet programs add a byte order
mark. The encoding is decided by one pass over the whole file: UTF-8 if (nearly) everything is valid UTF-8, else
GB18030, which contains GBK. Chinese text in the one is never nearly valid in the other: GBK text breaks UTF-8
in almost every character. A few bad bytes are replaced and counted; a file of neither kind is refused.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sdk.errors import ParityError
from sdk.report.plain_text import plain

MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_LINE_CHARS = 4 * 1024 * 1024
MAX_LINES = 5_000_000
_CHUNK = 1 << 16
_BAD_SHARE = 0.05  # of the non-ASCII bytes; more than this is another encoding, not damage
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class TextSource:
    """A named file that can be opened more than once: a path, or a member of an archive."""

    name: str
    open: Callable[[], BinaryIO]

    @staticmethod
    def of(path: Path) -> TextSource:
        return TextSource(path.name, lambda: path.open("rb"))


@dataclass(frozen=True)
class Decoding:
    """How a file is read: codec name, and how many byte sequences had no meaning in it."""

    encoding: str
    bad: int


@dataclass(frozen=True)
class Line:
    """One physical line without its end; ``whole`` is False for a last line that no newline ends."""

    number: int
    text: str
    whole: bool


def detect(source: TextSource) -> Decoding:
    """Return the encoding of ``source``; raise ParityError for an empty, binary or undecodable file."""
    head = b"".join(_first_chunk(source))
    if not head.strip():
        raise ParityError(f"{plain(source.name)}: 空文件 the file is empty; download it again")
    if head.startswith(_UTF16):
        raise ParityError(f"{plain(source.name)}: UTF-16 text; save it as UTF-8 or GBK and try again")
    non_ascii = _count_non_ascii(source)
    for encoding in ("utf-8-sig", "gb18030"):
        bad = _count_bad(source, encoding)
        if bad == 0 or bad < _BAD_SHARE * non_ascii:
            return Decoding(encoding, bad)
    raise ParityError(f"{plain(source.name)}: 无法解码 neither UTF-8 nor GB18030 text; is it the right file?")


def read_lines(source: TextSource, decoding: Decoding) -> Iterator[Line]:
    """Yield the lines of ``source``; only ``\\n`` and ``\\r\\n`` end a line. Characters cut in half are dropped."""
    decoder = codecs.getincrementaldecoder(decoding.encoding)(errors="replace")
    rest, number = "", 0
    for chunk in _chunks(source):
        *done, rest = (rest + decoder.decode(chunk)).split("\n")
        for text in done:
            number += 1
            if number > MAX_LINES:
                raise ParityError(f"{plain(source.name)}: more than {MAX_LINES} lines; split the period")
            yield Line(number, text.removesuffix("\r"), True)
        if len(rest) > MAX_LINE_CHARS:
            raise ParityError(f"{plain(source.name)}: line {number + 1} is longer than {MAX_LINE_CHARS} characters")
    if rest:
        yield Line(number + 1, rest, False)


def _chunks(source: TextSource) -> Iterator[bytes]:
    size = 0
    with source.open() as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > MAX_FILE_BYTES:
                raise ParityError(f"{plain(source.name)}: larger than {MAX_FILE_BYTES} bytes; split the period")
            yield chunk


def _first_chunk(source: TextSource) -> Iterator[bytes]:
    with source.open() as stream:
        yield stream.read(_CHUNK)


def _count_non_ascii(source: TextSource) -> int:
    """Count bytes above 127; raise ParityError at a NUL, which no text file has."""
    count = 0
    for chunk in _chunks(source):
        if b"\x00" in chunk:
            raise ParityError(f"{plain(source.name)}: 二进制文件 not a text file (it holds NUL bytes)")
        count += len(chunk) - len(chunk.decode("ascii", "ignore"))
    return count


def _count_bad(source: TextSource, encoding: str) -> int:
    """Count undecodable sequences; one that the end of the file cuts in half is not counted."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    return sum(decoder.decode(chunk).count("\ufffd") for chunk in _chunks(source))
