"""A strategy file as the local side: the emulator runs it over the platform's dates, with the platform's capital.

Dates and capital are read off the download: the days of its daily tables (the first also of a log that begins with
``initialize``), and the total value of the first day less that day's gain. What the files do not tell must be given.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parity.curves import capital_of_returns, days_of, starting_cash
from parity.records import Side
from sdk.errors import ParityError
from sdk.report.plain_text import plain


@dataclass(frozen=True)
class RunPlan:
    """From when to when, with how much (CNY), how often."""

    start: str
    end: str
    cash: float
    frequency: str = "day"


def plan_run(
    platform: Side, start: str | None, end: str | None, cash: float | None, frequency: str = "day"
) -> RunPlan:
    """Return the run that the platform's files describe; given values win. ParityError where one is unknown."""
    days = days_of(platform)
    found = (starting_cash(platform) or capital_of_returns(platform)) if cash is None else cash
    known = {"--start": start or days[0], "--end": end or days[1], "--cash": found}
    lacking = [name for name, value in known.items() if not value]
    if lacking:
        raise ParityError(
            f"{plain(platform.name)}: 下载中看不出 the download does not tell {', '.join(lacking)}; 请给出 give them "
            "(position.csv with result.csv tell all three)" + "".join(f"; {note}" for note in platform.notes[:3])
        )
    assert found is not None
    return RunPlan(str(known["--start"]), str(known["--end"]), float(found), frequency)


def run_strategy(strategy: Path, market: Path, out: Path, plan: RunPlan) -> str:
    """Run the strategy in its own process into ``out``; returns why it failed, or an empty text."""
    from sdk.emulator.isolated import run_isolated

    summary = run_isolated(
        strategy, market, out, None, start=plan.start, end=plan.end, cash=plan.cash, frequency=plan.frequency
    )
    return "" if summary.status == "done" else summary.verdict
