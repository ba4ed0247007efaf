"""What a changed thing is called in a sentence: Chinese for the names of rules, market changes and inputs.

The names themselves (``dividend_tax = 0``) stay beside it: docs/emulator.md and ``--rule`` know those. Settings
(``set_slippage(…)``) are the platform's own words and need none.
"""

from __future__ import annotations

import re

CHINESE = {
    "no dividends": "不派现金红利",
    "no bonus shares": "不送股、不拆分",
    "no corporate actions": "不派息也不送股",
    "dividend_tax = 0": "红利不扣税",
    "dividend_tax = 0.1": "红利税 10%",
    "dividend_tax = 0.2": "红利税 20%",
    "dividend_tax = 0.05": "红利税 5%",
    "no price limits": "没有涨跌停",
    "halts ignored": "停牌照常成交",
    "intraday_price_without_minutes = close": "按当日收盘价成交",
    "intraday_price_without_minutes = average": "按当日均价成交",
    "stock_price_rounding = floor": "成交价截到分",
    "stock_price_rounding = none": "成交价不取整",
    "commission_rounding = cent": "手续费取整到分",
    "value_order_shares = delta_first": "先算差额再取整",
    "cash_cap_price = fill": "资金上限按成交价算",
    "factor 1": "不复权",
    "factor of the signal day 1": "前复权（信号日为 1）",
    "factor of the first day 1": "后复权（窗口首日为 1）",
    "pre-adjusted prices to the cent": "前复权价取整到分",
    "prices in float32": "价格为 float32",
    "volume in float32": "成交量为 float32",
    "volume in lots": "成交量取整到手",
    "volume in lots, not shares": "成交量以手为单位",
    "halted days without a bar": "停牌日没有行情",
    "closes of the other side": "收盘价取另一侧所写",
}
_LATE = re.compile(r"corporate actions (\d+) days late")


def in_chinese(words: str) -> str:
    """Return the words of a change, with Chinese before a name that has one."""
    late = _LATE.fullmatch(words)
    told = f"除权除息晚 {late[1]} 日" if late else CHINESE.get(words, "")
    return f"{told} [{words}]" if told else words
