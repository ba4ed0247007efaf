"""transaction.csv, position.csv and result.csv: the three tables of a run, as the platform lets a user download them.

Headers and number forms: gbk_exports_2023 (the exports), ma_crossover_2026 and etf_three_2023_2026 (the same tables
of the web page under other headers). The emulator writes the exports' form. A table is recognised by its header,
never by its name. A row that cannot be read is left out and said in ``problems``; it is never guessed.

A spreadsheet program that saves a table again writes 2024/1/3 16:00, 45,920 in quotes, and blank cells at the end.

Facts of the form: position.csv has 16 headers and 17 values (组合总值, the total value, stands unnamed before
仓位占比), and one extra row ``Cash`` a day; sells have negative amounts; a cancelled order has ``-0股,--,0``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sdk.errors import ParityError
from sdk.report.numbers import MONEY, PERCENT, PRICE, SHARES, Reading, number
from sdk.report.plain_text import plain
from sdk.report.text_files import Decoding, TextSource, read_lines

MAX_PROBLEMS = 20
MAX_WORD_CHARS = 200
MAX_CELLS = 2_000  # of a row; the tables have 17
MAX_ROW_LINES = 200  # a quoted cell may hold line breaks; a row of more lines has lost a quote
_DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{1,2}:\d{2}(?::\d{2})?))?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_SECURITY = re.compile(r"(?P<name>.*)\((?P<code>[\w.\-]+)\)", re.DOTALL)
_DIRECTIONS = {"买": "buy", "卖": "sell", "买入": "buy", "卖出": "sell", "开多": "buy", "平多": "sell"}


@lru_cache(maxsize=1 << 12)
def day(text: str) -> str:
    """Return ``YYYY-MM-DD`` of a date or a date and time."""
    match = _DAY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a date: {text[:40]!r}")
    return f"{match[1]}-{int(match[2]):02d}-{int(match[3]):02d}"


@lru_cache(maxsize=1 << 12)
def clock(text: str) -> str:
    """Return ``HH:MM:SS``; an empty cell stays empty."""
    cell = text.strip()
    match = _CLOCK.fullmatch(cell)
    if match is None and cell:
        raise ValueError(f"not a time of day: {text[:40]!r}")
    return f"{int(match[1]):02d}:{match[2]}:{match[3] or '00'}" if match else ""


def direction(text: str) -> str:
    """Return ``buy`` or ``sell``."""
    if text.strip() not in _DIRECTIONS:
        raise ValueError(f"neither 买 nor 卖: {text[:40]!r}")
    return _DIRECTIONS[text.strip()]


def _word(text: str) -> str:
    """Return a short text; so a kept row has a bounded size."""
    if len(text) > MAX_WORD_CHARS:
        raise ValueError(f"a cell of {len(text)} characters: {text[:40]!r}")
    return text.strip()


def _cell(decimals: int) -> Callable[[str], Reading | None]:
    return lambda text: number(text, decimals)


_money, _price, _percent, _shares = _cell(MONEY), _cell(PRICE), _cell(PERCENT), _cell(SHARES)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One row of 交易详情: an order and what became of it. Amounts in shares, negative for sells; money in CNY."""

    day: str
    security: str
    direction: str
    filled: Reading | None
    price: Reading | None
    time: str = ""
    kind: str = ""
    code: str = ""
    order_type: str = ""
    value: Reading | None = None
    ordered: Reading | None = None
    limit_price: Reading | None = None
    gain: Reading | None = None
    fee: Reading | None = None
    status: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """One row of 每日持仓 after the close: a holding, or (code ``Cash``) the cash. Shares, and money in CNY."""

    day: str
    security: str
    value: Reading | None
    price: Reading | None = None
    kind: str = ""
    code: str = ""
    amount: Reading | None = None
    closeable: Reading | None = None
    gain: Reading | None = None
    avg_cost: Reading | None = None
    day_gain: Reading | None = None
    today_amount: Reading | None = None
    gain_percent: Reading | None = None
    total_value: Reading | None = None
    weight: Reading | None = None
    cash: Reading | None = None


@dataclass(frozen=True, slots=True)
class DayResult:
    """One row of 收益概述: cumulative returns in percent, money of the day in CNY (losses and sells negative)."""

    day: str
    strategy: Reading | None
    benchmark: Reading | None = None
    earned: Reading | None = None
    lost: Reading | None = None
    bought: Reading | None = None
    sold: Reading | None = None
    excess: Reading | None = None


@dataclass(frozen=True)
class Shape:
    """How to recognise and read one table: row class, and field → (headers it may stand under, reader)."""

    kind: str
    row: type
    needs: tuple[str, ...]
    columns: dict[str, tuple[tuple[str, ...], Callable[[str], Any]]]


SHAPES = (
    Shape(
        "transaction",
        Transaction,
        ("day", "security", "direction", "filled", "price"),
        {
            "day": (("日期",), day),
            "time": (("委托时间",), clock),
            "kind": (("品种",), _word),
            "security": (("标的",), _word),
            "code": (("代码",), _word),
            "direction": (("交易类型", "方向"), direction),
            "order_type": (("下单类型",), _word),
            "filled": (("成交数量", "数量"), _shares),
            "price": (("成交价",), _price),
            "value": (("成交额",), _money),
            "ordered": (("委托数量",), _shares),
            "limit_price": (("委托价格",), _price),
            "gain": (("平仓盈亏",), _money),
            "fee": (("手续费",), _money),
            "status": (("状态",), _word),
        },
    ),
    Shape(
        "position",
        Position,
        ("day", "security", "value"),
        {
            "day": (("日期", "date"), day),
            "kind": (("品种",), _word),
            "security": (("标的", "security"), _word),
            "amount": (("数量",), _shares),
            "closeable": (("可用数量",), _shares),
            "price": (("收盘价/结算价", "price"), _price),
            "value": (("市值/价值", "value"), _money),
            "gain": (("盈亏/逐笔浮盈", "gain"), _money),
            "avg_cost": (("开仓均价", "avgCost"), _price),
            "day_gain": (("当日盈亏", "dailyGains"), _money),
            "today_amount": (("今手数", "todayAmount"), _shares),
            "gain_percent": (("盈亏占比",), _percent),
            "total_value": (("组合总值", "totalValue"), _money),
            "weight": (("仓位占比", "positionPersent"), _percent),
            "cash": (("cash_row_value",), _money),
        },
    ),
    Shape(
        "result",
        DayResult,
        ("day", "strategy"),
        {
            "day": (("时间", "date"), day),
            "benchmark": (("基准收益", "benchmark_cum_return_pct"), _percent),
            "strategy": (("策略收益", "strategy_cum_return_pct"), _percent),
            "earned": (("当日盈利", "day_gain_earn"), _money),
            "lost": (("当日亏损", "day_gain_lose"), _money),
            "bought": (("当日买入", "day_buy_value"), _money),
            "sold": (("当日卖出",), _money),
            "excess": (("超额收益(%)",), _percent),
        },
    ),
)


@dataclass(frozen=True)
class Table:
    """The rows of one file in file order, what could not be read, and whether its end looks whole."""

    name: str
    kind: str
    rows: tuple[Any, ...]
    problems: tuple[str, ...] = ()
    whole: bool = True
    headers: tuple[str, ...] = field(default=(), repr=False)


def shape_of(headers: list[str]) -> Shape | None:
    """Return the shape whose needed columns are all among ``headers``, or None."""
    names = {header.strip().lstrip("\ufeff") for header in headers}
    for shape in SHAPES:
        if all(names.intersection(shape.columns[need][0]) for need in shape.needs):
            return shape
    return None


def read_table(source: TextSource, decoding: Decoding) -> Table:
    """Read one of the three tables; raise ParityError where the header is none of theirs."""
    seen = TableReading()
    rows = tuple(table_rows(source, decoding, seen))
    return Table(source.name, seen.kind, rows, seen.problems, seen.whole, seen.headers)


@dataclass
class TableReading:
    """What a reading of a table found beside its rows; complete when the rows are at their end."""

    kind: str = ""
    headers: tuple[str, ...] = ()
    whole: bool = True
    bad_rows: int = 0
    shown: list[str] = field(default_factory=list)

    @property
    def problems(self) -> tuple[str, ...]:
        more = f"… 共 {self.bad_rows} 行读不出 rows could not be read"
        return tuple(self.shown) + ((more,) if self.bad_rows > MAX_PROBLEMS else ())


def table_rows(source: TextSource, decoding: Decoding, seen: TableReading) -> Iterator[Any]:
    """Yield the rows of one of the three tables, one in memory at a time; raise ParityError for another header."""
    records = csv_records(source, decoding)
    _, headers, whole = next(records, (0, [], True))
    shape = shape_of(headers)
    if shape is None:
        raise ParityError(f"{plain(source.name)}: unknown header {plain(','.join(headers), 120)}")
    names = [header.strip().lstrip("\ufeff") for header in _without_blank_end(headers, 1)]
    seen.kind, seen.headers = shape.kind, tuple(headers)
    layouts = _layouts(shape, names)
    plainest, widest = layouts[len(names)], max(layouts)
    for line, cells, whole in records:
        cells = _without_blank_end(cells, widest)
        try:
            row = layouts.get(len(cells), plainest).read(cells, whole)
        except ValueError as error:
            seen.bad_rows += 1
            if seen.bad_rows <= MAX_PROBLEMS:
                seen.shown.append(f"{plain(source.name)}:{line}: {plain(str(error), 100)}")
            continue
        yield row
    seen.whole = whole
    if not whole:
        seen.shown.append(
            f"{plain(source.name)}: 最后一行没有换行 the last line has no end; its last cell is not believed"
        )


def _without_blank_end(cells: list[str], width: int) -> list[str]:
    """Return the cells without blank ones beyond ``width``: a spreadsheet program fills short rows up with them."""
    end = len(cells)
    while end > width and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def csv_records(source: TextSource, decoding: Decoding) -> Iterator[tuple[int, list[str], bool]]:
    """Yield (line number, cells, whole); ``whole`` is False for a last record that no newline ends."""
    whole, lines = True, 0

    def physical() -> Iterator[str]:
        nonlocal whole, lines
        for line in read_lines(source, decoding):
            whole, lines = line.whole, lines + 1
            if line.text.count(",") > MAX_CELLS or lines > MAX_ROW_LINES:
                raise ParityError(
                    f"{plain(source.name)}:{line.number}: more than {MAX_CELLS} cells or {MAX_ROW_LINES} lines "
                    "in a row; a quote was opened and never closed, or this is no table of the platform"
                )
            yield line.text + ("\n" if line.whole else "")

    reader = csv.reader(physical())
    try:
        for cells in reader:
            lines = 0
            if cells:
                yield reader.line_num, cells, whole
    except csv.Error as error:
        raise ParityError(f"{plain(source.name)}:{reader.line_num}: not a CSV table ({error})") from error


class _Columns:
    """Where each field stands in the rows of one file."""

    def __init__(self, shape: Shape, headers: list[str]) -> None:
        self.row, self.width = shape.row, len(headers)
        places = {header: place for place, header in enumerate(headers)}
        self.fields: list[tuple[str, int, Callable[[str], Any]]] = []
        for name, (titles, reader) in shape.columns.items():
            title = next((title for title in titles if title in places), None)
            if title is not None:
                self.fields.append((name, places[title], reader))

    def read(self, cells: list[str], whole: bool) -> Any:
        """Return the row; ValueError for cells that do not fit."""
        if len(cells) != self.width:
            raise ValueError(f"{len(cells)} cells under {self.width} headers; the row is cut or damaged")
        if not whole:
            cells = [*cells[:-1], ""]
        return self.row(**_with_code({name: reader(cells[place]) for name, place, reader in self.fields}))


def _layouts(shape: Shape, headers: list[str]) -> dict[int, _Columns]:
    """Return number of cells → columns: a position row has one value more than headers (组合总值)."""
    layouts = {len(headers): _Columns(shape, headers)}
    if shape.kind == "position" and headers[-1] == "仓位占比":
        longer = [*headers[:-1], "组合总值", headers[-1]]
        layouts[len(longer)] = _Columns(shape, longer)
    return layouts


def _with_code(values: dict[str, Any]) -> dict[str, Any]:
    """Split ``平安银行(000001.XSHE)`` into name and code, where no column of its own holds the code."""
    if "security" in values and not values.get("code"):
        values["security"], values["code"] = _name_and_code(values["security"])
    return values


@lru_cache(maxsize=1 << 12)
def _name_and_code(text: str) -> tuple[str, str]:
    match = _SECURITY.fullmatch(text)
    return (match["name"], match["code"]) if match else (text, text)
