"""transaction.csv, position.csv and result.csv as the platform lets a user download them: GBK, its columns.

# platform: headers, number forms and the odd 17th value of position rows from gbk_exports_2023 (JOINQUANT.md
§7.3). position.csv has one ``Cash`` row a day; a cancelled order shows ``-0股`` or ``0股``, ``--`` and 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from sdk.emulator.instruments import Instrument
from sdk.emulator.number_text import percent, plain, signed
from sdk.emulator.orders import LimitOrderStyle, OrderStatus, StockOrder
from sdk.emulator.recorder import PositionRow, Recorder

ENCODING = "gbk"
TRANSACTION = (
    "日期,委托时间,品种,标的,交易类型,下单类型,成交数量,成交价,成交额,"
    "委托数量,委托价格,平仓盈亏,手续费,状态,最后更新时间"
)
POSITION = (
    "日期,品种,标的,多空,数量,可用数量,收盘价/结算价,市值/价值,盈亏/逐笔浮盈,"
    "开仓均价,持仓均价（期货）,保证金,当日盈亏,今手数,盈亏占比,仓位占比"
)
RESULT = "时间,基准收益,策略收益,当日盈利,当日亏损,当日买入,当日卖出,超额收益(%)"
_STATUS = {OrderStatus.held: "全部成交", OrderStatus.canceled: "已撤单", OrderStatus.filled: "部分成交"}

Lookup = Callable[[str], Instrument]


def transactions(orders: Iterable[StockOrder], instrument: Lookup) -> str:
    """Return transaction.csv, one row an order that reached the market, in the order of placing."""
    return _lines(TRANSACTION, (_transaction(order, instrument(order.request.security)) for order in orders))


def _transaction(order: StockOrder, item: Instrument) -> str:
    sign = "" if order.is_buy else "-"
    style = order.request.style
    limit = isinstance(style, LimitOrderStyle)
    date, time = order.entrust_text.split(" ")
    value = order.traded_value if order.is_buy else -order.traded_value
    cells = (
        *(date, time, item.chinese_kind, f"{item.name}({item.code})", "买" if order.is_buy else "卖"),
        *("限价单" if limit else "市价单", f"{sign}{order.filled}股"),
        plain(order.price, 3) if order.filled else "--",
        plain(value) if order.filled else "0",
        f"{sign}{order.amount}股",
        plain(style.limit_price or 0.0, 3) if limit else "-",
        *(plain(order.gains), plain(order.commission)),
        _STATUS.get(order.status, "已撤单"),
        order.finish_text or order.cancel_text or order.entrust_text,
    )
    return ",".join(cells)


def positions(recorder: Recorder, days: np.ndarray, instrument: Lookup) -> str:
    """Return position.csv: the positions of each close, then the cash of the day."""
    by_day: dict[int, list[PositionRow]] = {}
    for row in recorder.positions:
        by_day.setdefault(row.day, []).append(row)

    def rows() -> Iterable[str]:
        for day in range(recorder.done):
            date, total = str(days[day]), float(recorder.total_value[day])
            for row in by_day.get(day, ()):
                yield _position(date, row, instrument(row.code), total)
            yield f"{date},,Cash,,,,,{plain(float(recorder.cash[day]))},,,,,,,,0"

    return _lines(POSITION, rows())


def _position(date: str, row: PositionRow, item: Instrument, total: float) -> str:
    value = row.close * row.amount
    cells = (
        *(date, item.chinese_kind, f"{item.name}({item.code})", "多", f"{row.amount}股", f"{row.closeable}股"),
        *(
            plain(row.close, 3),
            plain(value),
            plain((row.close - row.avg_cost) * row.amount),
            plain(row.avg_cost, 3),
            "-",
            "0",
        ),
        *(
            plain(row.day_gain),
            f"{row.today}股",
            percent((row.close - row.avg_cost) / row.avg_cost if row.avg_cost else 0.0),
        ),
        *(plain(total), percent(value / total if total else 0.0)),
    )
    return ",".join(cells)


def results(recorder: Recorder, days: np.ndarray, starting_cash: float, benchmark: np.ndarray) -> str:
    """Return result.csv: one row a day stamped 16:00, cumulative returns in percent, recorded curves last."""
    names = list(recorder.curves)
    header = ",".join([RESULT, *names])
    before = np.r_[starting_cash, recorder.total_value[: recorder.done - 1]]

    def rows() -> Iterable[str]:
        for day in range(recorder.done):
            value = float(recorder.total_value[day])
            gain = value - float(before[day])
            own, base = value / starting_cash, float(benchmark[day])
            cells: Sequence[str] = (
                f"{days[day]} 16:00:00",
                *(plain((base - 1) * 100), plain((own - 1) * 100)),
                *(plain(max(gain, 0.0)), plain(min(gain, 0.0))),
                *(plain(float(recorder.bought[day])), plain(-float(recorder.sold[day]))),
                plain((own / base - 1) * 100),
                *(signed(recorder.curves[name][day], 4) if day in recorder.curves[name] else "" for name in names),
            )
            yield ",".join(cells)

    return _lines(header, rows())


def _lines(header: str, rows: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in (header, *rows))
