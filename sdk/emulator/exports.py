"""transaction.csv, position.csv and result.csv as the platform lets a user download them: GBK, its columns.

# platform: headers, number forms and the odd 17th value of position rows from gbk_exports_2023 (JOINQUANT.md
§7.3). position.csv has one ``Cash`` row a day; a cancelled order shows ``-0股`` or ``0股``, ``--`` and 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from sdk.emulator.instruments import Instrument
from sdk.emulator.number_text import column, hundredths, plain
from sdk.emulator.orders import LimitOrderStyle, OrderStatus, StockOrder
from sdk.emulator.recorder import Recorder

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
    style = order.live_style
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
    dates = [str(day) for day in days[: recorder.done]]
    cash = column(recorder.cash[: recorder.done])
    rows: list[list[str]] = [[] for _ in dates]
    for day, line in _position_lines(recorder, dates, instrument):
        rows[day].append(line)
    for day, date in enumerate(dates):
        rows[day].append(f"{date},,Cash,,,,,{cash[day]},,,,,,,,0")
    return _lines(POSITION, (line for day in rows for line in day))


def _position_lines(recorder: Recorder, dates: Sequence[str], instrument: Lookup) -> Iterable[tuple[int, str]]:
    """(day, line) of each position, the numbers made text column by column."""
    if not recorder.positions:
        return
    day, code, amount, closeable, close, cost, gain, today, _ = zip(*recorder.positions, strict=True)
    shares, price, average = np.array(amount), np.array(close), np.array(cost)
    days, total = list(day), recorder.total_value
    value = price * shares
    names = {each: instrument(each) for each in dict.fromkeys(code)}
    labels = {each: f"{item.chinese_kind},{item.name}({item.code}),多" for each, item in names.items()}
    columns = zip(
        *(day, code, amount, closeable, today, column(price, 3), column(value), column((price - average) * shares)),
        *(column(average, 3), column(gain), hundredths((price - average) / np.where(average == 0, np.nan, average))),
        *(map(column(total[: recorder.done]).__getitem__, day), hundredths(value / total[days])),
        strict=True,
    )
    for at, each, held, free, new, last, worth, profit, mean, daily, ratio, whole, part in columns:
        yield (
            at,
            f"{dates[at]},{labels[each]},{held}股,{free}股,{last},{worth},{profit},{mean},-,0,"
            f"{daily},{new}股,{ratio}%,{whole},{part}%",
        )


def results(recorder: Recorder, days: np.ndarray, own: np.ndarray, gain: np.ndarray, benchmark: np.ndarray) -> str:
    """Return result.csv: one row a day stamped 16:00, cumulative returns in percent, recorded curves last.

    ``own`` is what one CNY has become at each close, ``gain`` the day's change of the total value without
    money paid in or out.
    """
    done, curves = recorder.done, recorder.curves
    columns = [
        [f"{day} 16:00:00" for day in days[:done]],
        *(column((benchmark - 1) * 100), column((own - 1) * 100)),
        *(column(np.maximum(gain, 0.0)), column(np.minimum(gain, 0.0))),
        *(column(recorder.bought[:done]), column(-recorder.sold[:done]), column((own / benchmark - 1) * 100)),
        *([plain(points[day], 4) if day in points else "" for day in range(done)] for points in curves.values()),
    ]
    return _lines(",".join([RESULT, *curves]), map(",".join, zip(*columns, strict=True)))


def _lines(header: str, rows: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in (header, *rows))
