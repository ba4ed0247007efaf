"""From what was asked to a number of shares: whole shares, cash, lots, and the platform's sentences.

Order of the steps (219 of 219 orders of small_cap_2021; JOINQUANT.md §14.1, §14.2, §14.15):

1. target shares = floor(value ÷ latest price), latest price before slippage; delta = target − held;
2. buys are cut to floor(cash ÷ latest price); the fee is not reserved, so cash may end slightly below zero;
3. |delta| is cut to a multiple of the lot, for buys and partial sells; selling everything is exempt.

Pure functions; amounts in shares, prices and cash in CNY.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sdk.emulator.instruments import Instrument
from sdk.emulator.orders import OrderRequest

NO_PROTECT_PRICE = "科创板市价单需要指定保护限价，取值必须大于 0 且小于 1 万元"


@dataclass(frozen=True)
class Checked:
    """Shares that may be sent, the note that ``error=`` shows, and whether the order is refused."""

    amount: int
    note: str = ""
    refused: bool = False


def wanted_delta(request: OrderRequest, held: int, price: float, target_first: bool = True) -> int:
    """Return the signed number of shares asked for, before cash and lots."""
    if not request.is_value:
        return int(request.quantity) - (held if request.is_target else 0)
    shares = request.quantity / price
    if request.is_target and not target_first:
        return math.trunc(shares - held)
    return math.trunc(shares) - (held if request.is_target else 0)


def cut_to_lot(amount: int, instrument: Instrument) -> int:
    """Return the largest multiple of the lot ≤ ``amount``, 0 below the first lot."""
    if amount < instrument.first_lot:
        return 0
    return amount - amount % instrument.lot


def check_buy(delta: int, cash: float, cash_price: float, instrument: Instrument) -> Checked:
    """Return how many of ``delta`` shares can be bought with ``cash``."""
    notes, amount = [], delta
    affordable = max(math.floor(cash / cash_price), 0)
    if amount > affordable:
        amount = affordable
        notes.append(f"因为资金有限，下单数量调整为 {amount}")
    lots = cut_to_lot(amount, instrument)
    if lots == 0:
        notes.append(f"开仓数量不能小于 {instrument.first_lot}")
    elif lots != amount:
        notes.append(f"开仓数量必须是 {instrument.lot} 的整数倍，调整为 {lots}")
    return Checked(lots, "\n".join(notes), refused=lots == 0)


def check_sell(delta: int, held: int, closeable: int, instrument: Instrument, first_lot: int = 0) -> Checked:
    """Return how many of ``−delta`` shares can be sold of ``held``, of which ``closeable`` may go today.

    ``first_lot`` is the least number of a sale that leaves shares behind (rule ``star_partial_sell``).
    """
    amount, notes = min(-delta, held), []
    if amount > closeable:
        amount = closeable
        notes.append(f"因为可平仓数量有限，下单数量调整为 {amount}")
    if amount == held:
        return Checked(amount, "\n".join(notes), refused=amount == 0)
    step = instrument.lot
    lots = amount - amount % step
    if lots < first_lot:
        return Checked(0, "\n".join([*notes, f"平仓数量不能小于 {first_lot}"]), refused=True)
    if lots != amount:
        notes.append(f"平仓数量必须是 {step} 的整数倍，调整为 {lots}")
    return Checked(lots, "\n".join(notes), refused=lots == 0)


def needs_protect_price(instrument: Instrument, limit_price: float | None) -> bool:
    """True for a market order of a STAR stock without a limit price in (0, 10000) CNY."""
    return instrument.is_star and not 0 < (limit_price or 0) < 10_000
