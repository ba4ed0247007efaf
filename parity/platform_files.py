"""Open one side of a comparison: a run directory, a download directory, one file, or a zip of them.

Nothing is unpacked to disk. Archive members are read as streams, and every limit is enforced on the bytes that
really come out, not on what the archive claims. What a file is, is decided by its content (``sniff``); the name only
settles which of several of one kind is taken.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO, cast

from parity.log_lines import FENCE
from sdk.errors import ParityError
from sdk.report.log_header import HEADER
from sdk.report.plain_text import plain
from sdk.report.run_tables import csv_records, shape_of
from sdk.report.text_files import Decoding, TextSource, detect, read_lines

MAX_MEMBERS = 500
MAX_TOTAL_BYTES = 1024 * 1024 * 1024
MAX_RATIO = 300  # a log of repeated warnings compresses about 60 times; deflate can reach 1,032
RATIO_FREE_BYTES = 8 * 1024 * 1024  # below this size no ratio can hurt
_END_BYTES = 22 + 65_535  # the end record of a zip and its longest comment
_MEMBER_BYTES = 4_096  # of one entry in the list: a name is far shorter
_SNIFF_LINES = 400
_MOST_DEPTH = 4  # folders within folders
_TEXT_ENDINGS = (".txt", ".log", ".md", ".csv", ".json")
_ORDERS_HEADER = {"entrust_id", "time", "security", "amount", "price", "commission"}


@dataclass(frozen=True)
class Found:
    """One readable file of a side and what it is: log, transaction, position, result, orders or figures."""

    source: TextSource
    decoding: Decoding
    kind: str


def find_files(path: Path) -> tuple[list[Found], list[str]]:
    """Return the readable files under ``path``, in name order, and remarks on those that were left aside.

    Raises ParityError where ``path`` does not exist, is damaged or hostile, or holds nothing readable.
    """
    if not path.exists():
        raise ParityError(f"{plain(str(path))}: 不存在 no such file or directory")
    try:
        return _find(path)
    except OSError as error:
        raise ParityError(f"{plain(str(path))}: 无法读取 cannot be read: {error.strerror}") from error


def _find(path: Path, depth: int = 0) -> tuple[list[Found], list[str]]:
    if path.is_dir():
        children = [child for child in sorted(path.iterdir()) if not child.name.startswith((".", "__MACOSX"))]
        inner = [child for child in children if child.is_dir() or child.suffix.lower() == ".zip"]
        if inner and not any(child.is_file() and child.suffix.lower() in _TEXT_ENDINGS for child in children):
            return _find_inside(path, inner, depth)
        members = [TextSource.of(child) for child in children if child.is_file()]
    elif zipfile.is_zipfile(path):
        members = list(_archive_members(path))
    else:
        source = TextSource.of(path)
        decoding = detect(source)
        kind = sniff(source, decoding)
        if kind is None:
            raise ParityError(
                f"{plain(path.name)}: 认不出 neither a log nor transaction / position / result / figures"
            )
        return [Found(source, decoding, kind)], []
    return _readable(path, members)


def _find_inside(path: Path, inner: list[Path], depth: int) -> tuple[list[Found], list[str]]:
    """Look into the one folder or zip that a folder holds, as unpacking makes them; of several the user chooses."""
    if len(inner) > 1 or depth == _MOST_DEPTH:
        listed = ", ".join(plain(child.name, 40) for child in inner[:8])
        raise ParityError(
            f"{plain(path.name)}: 里面有 {len(inner)} 个目录或压缩包，请给出其中一个 give one of them: {listed}"
        )
    return _find(inner[0], depth + 1)


def _readable(path: Path, members: list[TextSource]) -> tuple[list[Found], list[str]]:
    found, remarks = [], []
    texts = [source for source in members if source.name.lower().endswith(_TEXT_ENDINGS)]
    for source in texts[:MAX_MEMBERS]:
        try:
            decoding = detect(source)
            kind = sniff(source, decoding)
        except ParityError as error:
            remarks.append(str(error))
            continue
        if kind is None:
            remarks.append(f"{plain(source.name)}: 未使用 not used (no known header)")
        else:
            found.append(Found(source, decoding, kind))
    if not found:
        listed = ", ".join(plain(source.name, 40) for source in members[:8]) or "nothing"
        raise ParityError(
            f"{plain(path.name)}: 没有可读的文件 no log.txt, transaction.csv, position.csv or result.csv; "
            f"it holds {listed}" + "".join(f"; {remark}" for remark in remarks[:3])
        )
    return found, remarks


def sniff(source: TextSource, decoding: Decoding) -> str | None:
    """Return what the file is by its first lines, or None."""
    head = [line.text for line in islice(read_lines(source, decoding), _SNIFF_LINES)]
    first = next((text for text in head if text.strip()), "")
    if first.lstrip().startswith("{"):
        return "figures"
    if any(HEADER.match(text) for text in head):
        return "log"
    if any(FENCE.match(text) for text in head):
        return None
    try:
        _, cells, _ = next(csv_records(source, decoding), (0, [], True))
    except ParityError:
        return None
    if {cell.strip() for cell in cells} >= _ORDERS_HEADER:
        return "orders"
    shape = shape_of(cells)
    return shape.kind if shape else None


def _archive_members(path: Path) -> Iterator[TextSource]:
    """Yield the members of a zip; raise ParityError for an encrypted, damaged or oversized one."""
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ParityError(f"{plain(path.name)}: 压缩包损坏 not a readable zip ({plain(str(error), 80)})") from error
    if len(infos) > MAX_MEMBERS:
        raise ParityError(f"{plain(path.name)}: {len(infos)} files in the zip, at most {MAX_MEMBERS} are allowed")
    if sum(info.file_size for info in infos) > MAX_TOTAL_BYTES:
        raise ParityError(f"{plain(path.name)}: 解压后过大 the zip unpacks to more than {MAX_TOTAL_BYTES} bytes")
    for info in sorted(infos, key=lambda info: _member_name(info)):
        _check_ratio(path, info, info.file_size)
        if info.flag_bits & 0x1:
            raise ParityError(f"{plain(path.name)}: 加密 the zip is encrypted; unpack it first")
        yield TextSource(_member_name(info), partial(_open_member, path, info))


def _check_directory(path: Path) -> None:
    """Refuse an archive whose list of members is too large to be read at all (a million names take a gigabyte)."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - _END_BYTES))
        tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    listed = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    if listed > MAX_MEMBERS * _MEMBER_BYTES or b"PK\x06\x07" in tail[max(0, at - 20) : max(0, at)]:
        raise ParityError(
            f"{plain(path.name)}: 压缩包的目录过大 the list of the zip's members is too large "
            f"(at most {MAX_MEMBERS} files, no zip64); unpack it and give the directory"
        )


def _check_ratio(path: Path, info: zipfile.ZipInfo, size: int) -> None:
    if size > RATIO_FREE_BYTES and size > MAX_RATIO * max(info.compress_size, 1):
        raise ParityError(
            f"{plain(path.name)}: 疑似压缩炸弹 {plain(_member_name(info), 60)} unpacks to more than "
            f"{MAX_RATIO} times its size; refused. If it is genuine, unpack it and give the directory"
        )


def _member_name(info: zipfile.ZipInfo) -> str:
    """Return the last part of a member's name; names without the UTF-8 flag are read as GBK, as Windows writes."""
    name = info.filename
    if not info.flag_bits & 0x800:
        raw = name.encode("cp437", "replace")
        name = raw.decode("gbk", "replace")
    return re.split(r"[/\\]", name)[-1] or name


def _open_member(path: Path, info: zipfile.ZipInfo) -> BinaryIO:
    return cast(BinaryIO, _Member(path, info))


class _Member:
    """A binary stream of one archive member that stops at the limits, whatever the archive's headers say."""

    def __init__(self, path: Path, info: zipfile.ZipInfo) -> None:
        self._path, self._info, self._size = path, info, 0
        self._archive = zipfile.ZipFile(path)
        self._stream: IO[bytes] | None = None

    def read(self, count: int = -1) -> bytes:
        try:
            if self._stream is None:
                self._stream = self._archive.open(self._info)
            data = self._stream.read(count)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            name = plain(_member_name(self._info), 60)
            raise ParityError(f"{plain(self._path.name)}: {name} 损坏 cannot be unpacked ({error})") from error
        self._size += len(data)
        _check_ratio(self._path, self._info, self._size)
        if self._size > MAX_TOTAL_BYTES:
            raise ParityError(f"{plain(self._path.name)}: 解压后过大 unpacks to more than {MAX_TOTAL_BYTES} bytes")
        return data

    def __enter__(self) -> _Member:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._stream is not None:
            self._stream.close()
        self._archive.close()
