"""A seeded generator of damaged downloads, made from the real files (and from the made run where those are absent).

Each input is a part of a file with one to four mutations of a table. Input ``n`` of a seed is always the same bytes.
"""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

from tests.report import made_run

ENCODINGS = ("utf-8", "gbk", "gb18030", "utf-8-sig")
HOSTILE = (
    *(
        "\x1b[2J\x1b[31m",
        "[/end]",
        "[bold red]",
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "@SUM(1)",
        "\x00",
    ),
    *(
        "\u202e",
        "\ufeff",
        "\ud7ff",
        "\U0001f600",
        "𠮷",
        '"',
        '""',
        ",",
        "\r",
        "\n",
        "\r\n",
        "\t",
        "|",
        "```",
        "… （剩余） …",
    ),
    *("Order(", "StockOrder(entrust_id=", "error=", ")", "AUDIT|v1|", "nan", "inf", "1e999", "-0", "９", "9" * 5_000),
    *("2024-13-45 25:61:61 - INFO  - ", "0000-00-00", "9999-99-99", "股", "%", "--", "trade price: ", "调整为 "),
)
MAX_BYTES = 24_000


def corpus(shared: Path | None) -> list[tuple[str, bytes]]:
    """Return (name, bytes) of the files to damage: logs, tables and figures, cut to ``MAX_BYTES``."""
    files = [("log.txt", ("\n".join(made_run.log_lines()) + "\n").encode())]
    tables = (
        ("transaction.csv", made_run.TRANSACTION_HEADER, made_run.TRANSACTIONS),
        ("position.csv", made_run.POSITION_HEADER, made_run.POSITIONS),
        ("result.csv", made_run.RESULT_HEADER, made_run.RESULTS),
    )
    files += [(name, "\n".join((header, *rows, "")).encode("gbk")) for name, header, rows in tables]
    if shared is not None:
        for path in sorted(shared.rglob("*")):
            if path.is_file() and path.name != "README.md":
                files.append((path.name, path.read_bytes()[:MAX_BYTES]))
    return files


def inputs(files: list[tuple[str, bytes]], seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of ``count`` damaged downloads."""
    for number in range(count):
        random_ = random.Random(f"{seed} {number}")
        name, data = files[random_.randrange(len(files))]
        data = _part(random_, data)
        for _ in range(random_.randint(1, 4)):
            data = random_.choice(MUTATIONS)(random_, data)
        yield (name, data) if random_.random() > 0.04 else ("download.zip", _zip(random_, name, data))


def _part(random_: random.Random, data: bytes) -> bytes:
    """Keep the head and a few following lines, so that an input is small but still a file of its kind."""
    lines = data.splitlines(keepends=True)
    start = random_.randrange(len(lines))
    return b"".join([*lines[:1], *lines[start : start + random_.randint(1, 25)]])


def _place(random_: random.Random, data: bytes) -> int:
    return random_.randrange(len(data) + 1)


def _flip(random_: random.Random, data: bytes) -> bytes:
    at = _place(random_, data)
    return data[:at] + bytes([random_.randrange(256)]) + data[at + 1 :]


def _cut(random_: random.Random, data: bytes) -> bytes:
    return data[: _place(random_, data)]


def _drop(random_: random.Random, data: bytes) -> bytes:
    at = _place(random_, data)
    return data[:at] + data[at + random_.randint(1, 60) :]


def _hostile(random_: random.Random, data: bytes) -> bytes:
    at = _place(random_, data)
    text = random_.choice(HOSTILE) * random_.choice((1, 1, 1, 3, 50))
    return data[:at] + text.encode(random_.choice(ENCODINGS), "replace") + data[at:]


def _double(random_: random.Random, data: bytes) -> bytes:
    at = _place(random_, data)
    piece = data[at : at + random_.randint(1, 200)]
    return data[:at] + piece * random_.choice((2, 3, 40)) + data[at:]


def _shuffle(random_: random.Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    random_.shuffle(lines)
    return b"".join(lines)


def _recode(random_: random.Random, data: bytes) -> bytes:
    text = data.decode(random_.choice(ENCODINGS), "replace")
    return text.encode(random_.choice((*ENCODINGS, "utf-16", "cp1252")), "replace")


def _digits(random_: random.Random, data: bytes) -> bytes:
    digits = [at for at, byte in enumerate(data) if 48 <= byte <= 57]
    for at in random_.sample(digits, min(len(digits), 6)):
        data = data[:at] + str(random_.randrange(10)).encode() + data[at + 1 :]
    return data


def _ends(random_: random.Random, data: bytes) -> bytes:
    return data.replace(b"\n", random_.choice((b"\r\n", b"\r", b"\n\n", b"")))


def _long(random_: random.Random, data: bytes) -> bytes:
    at = _place(random_, data)
    return data[:at] + random_.choice((b"A", b"0", b"(", b"\xe5\xbc\x80", b" ", b",", b"=")) * 40_000 + data[at:]


MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    *(_flip, _flip, _cut, _drop, _hostile, _hostile, _double, _shuffle, _recode, _digits, _digits, _ends),
    _long,
)


def _zip(random_: random.Random, name: str, data: bytes) -> bytes:
    """Pack the input, and sometimes damage the archive."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
        archive.writestr("../" + name, data[::-1])
    packed = stream.getvalue()
    return packed if random_.random() < 0.5 else random_.choice((_flip, _cut, _drop))(random_, packed)
