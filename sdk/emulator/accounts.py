"""The accounts of a run and their sums: one stock account, or several after ``set_subportfolios``.

``parts[pindex]`` is the account of a subportfolio. Sums run over the accounts in the order of ``pindex`` and in
each over the holdings in the order in which they were opened; with one account they are its own numbers, bit for
bit. Source: JOINQUANT.md §2.2, §4.2; the platform's page on inout_cash: money paid in or out counts as capital
from its day on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sdk.emulator.account import Account, Holding


class Accounts:
    """All accounts; ``starting_cash`` is the capital of the run, ``units`` its shares of a unitised value.

    ``units`` start as the capital, one CNY each; money paid in buys units at the value of the moment, so that
    total value ÷ units is the growth of one CNY whatever was paid in or out.
    """

    def __init__(self, cash: float) -> None:
        self.starting_cash = self.units = float(cash)
        self.parts = [Account(cash)]

    def divide(self, shares_of_cash: Sequence[float]) -> None:
        """Make one account for each amount of CNY; the first one stays the object it was."""
        first = self.parts[0]
        first.cash = first.inout_cash = float(shares_of_cash[0])
        self.parts = [first, *(Account(cash) for cash in shares_of_cash[1:])]

    def part(self, pindex: object) -> Account | None:
        """Return the account of a subportfolio, None for a number that does not exist."""
        if isinstance(pindex, int) and 0 <= pindex < len(self.parts):
            return self.parts[pindex]
        return None

    def lots(self) -> Iterator[tuple[str, Holding]]:
        """Every (code, holding), account after account."""
        for part in self.parts:
            yield from part.holdings.items()

    # --------------------------------------------------------------------------------------------------- sums
    @property
    def holdings(self) -> Mapping[str, Holding]:
        """Code -> holding; a code in several accounts is added up."""
        if len(self.parts) == 1:
            return self.parts[0].holdings
        found: dict[str, list[Holding]] = {}
        for code, holding in self.lots():
            found.setdefault(code, []).append(holding)
        return {code: _together(several) for code, several in found.items()}

    cash = property(lambda self: self._sum("cash"))
    available = property(lambda self: self._sum("available"))
    transferable = property(lambda self: self._sum("transferable"))
    locked_cash = property(lambda self: self._sum("locked_cash"))
    inout_cash = property(lambda self: self._sum("inout_cash"))
    bought_today = property(lambda self: self._sum("bought_today"))
    sold_today = property(lambda self: self._sum("sold_today"))

    def _sum(self, name: str) -> float:
        first, *others = self.parts
        total: float = getattr(first, name)
        for part in others:
            total += getattr(part, name)
        return total

    # ---------------------------------------------------------------------------------------------------- days
    def start_day(self, previous_closes: Mapping[str, float]) -> None:
        """Make yesterday's buys sellable in every account."""
        for part in self.parts:
            part.start_day(previous_closes)

    def drop_empty(self) -> None:
        """Remove positions that were closed during the day."""
        for part in self.parts:
            part.drop_empty()


def _together(several: Sequence[Holding]) -> Holding:
    """One holding for the same security in several accounts; costs are means by shares."""
    if len(several) == 1:
        return several[0]
    whole = Holding(several[0].instrument, min(holding.init_time for holding in several))
    whole.transact_time = max(holding.transact_time for holding in several)
    for name in ("amount", "today", "locked"):
        setattr(whole, name, sum(getattr(holding, name) for holding in several))
    if whole.amount:
        for name in ("avg_cost", "acc_avg_cost", "hold_cost"):
            cost = sum(getattr(holding, name) * holding.amount for holding in several)
            setattr(whole, name, cost / whole.amount)
    return whole
