"""``docs/emulator.md``: the rules of ``rules.py`` as a page, made by ``python -m sdk.emulator.rules_page``."""

from __future__ import annotations

from pathlib import Path

from sdk.emulator.rules import RULES, Rule
from sdk.emulator.unsupported import UNBUILT

PAGE = Path(__file__).resolve().parents[2] / "docs" / "emulator.md"
SURE = {
    "observed": "见于平台输出 observed",
    "documented": "平台文档 documented",
    "inferred": "推断 inferred",
    "guess": "待证 guess",
}
HEAD = """# 本地回测：平台规则表 · The emulator's rules

<!-- Made by `python -m sdk.emulator.rules_page` from rules_trading.py and rules_data.py of sdk/emulator. -->

The emulator runs a JoinQuant strategy file as it is and writes the files that the platform lets you download.
Where the platform's documentation is silent or contradicts itself, what the emulator does is a **rule**: it has a
value, alternatives, evidence, and a statement of how sure we are. Choose another value with

```
jqalpha backtest strategy.py --market DIR --start 2020-01-01 --end 2020-12-31 --rule delisted_position=cash
```

or `run_backtest(..., rules={"delisted_position": "cash"})`; `run.json` lists the rules that were changed.

## Frequencies and minute bars · 频率与分钟线

`jqalpha backtest … --frequency minute` (or `run_backtest(..., frequency="minute")`) calls `handle_data` and
`every_bar` 240 times a day, 09:30:00 … 11:29:00 and 13:00:00 … 14:59:00; `data` holds the previous minute's
bar. It needs a bundle with minute bars in every month of the run. **Tick frequency**
(`--frequency tick`) runs on the same bars: `handle_tick` is called with what is subscribed at 09:25:00 and at the end
of each minute that traded (the platform sends a snapshot every three seconds, with an order book);
`handle_data` and `every_bar` are not called, as on the platform. Day frequency uses the same bars where the
bundle has them: an order at 14:50 is priced by the bar 14:50, waiting limit and stop orders are tried against
each bar that ends, history, get_price and get_bars answer in minutes.

Minute bars live in `minute/202401.parquet` …, one file a month, one row group a code, with the columns `code
date minute open high low close volume money` (raw prices in CNY, shares, CNY; sorted by code, date, minute).
`minute` is the label of the bar's end as HHMM, 931 … 1130 and 1301 … 1500; a code has all 240 bars of a day or
none, and none on a halted day. `write_bundle(..., minutes=[("202401", frame), …])` writes them one month at a
time and refuses other forms; reading checks them again, one code and month at a time, and keeps about 90 MB of
them at most. `jqalpha market synth --minutes --from 2023-01-01 --to 2023-12-31` makes minutes that add up to
the day bars exactly, `jqalpha market import … --minutes DIR` takes a vendor's (`code time open high low close
volume money`, time = end of the minute); `jqalpha market check` compares minutes and days.

What a day bar cannot know: the price at 14:50 (rule `intraday_price_without_minutes`), the minutes that a call asks
for (rule `minute_calls_without_minutes`), when in the day a limit
or stop order would have traded (rules `queued_limit_orders`, `stop_orders_without_minutes`). A run that met
such a case says so in `run.json` and on the screen, never in `log.txt`, which holds only what the platform
would print.

## Rules · 规则

The command runs the strategy in a process of its own, without the credentials of your environment, for at most
`--time-limit` seconds and with at most `--memory-limit` MB (0 = no limit; without RLIMIT_DATA the memory is not
limited). A strategy can write files with `write_file` only below `files/` of its run directory. Whatever ends the
process, the run directory is written: `run.json` says `failed` and why in one sentence, and the exit code is 1.
`run_backtest` runs inside the calling process; `sdk.emulator.isolated.run_isolated` is the command's way.

Built are stock accounts (stocks, ETF and other listed funds, convertible bonds, indices as the platform trades them),
one or several (`set_subportfolios`, `pindex`). Futures and margin accounts are refused by name.

| rule | value | alternatives | what it says | how sure | evidence |
|---|---|---|---|---|---|
"""
TAIL = """
## Not offered

These names of the platform can be imported, not used; the error says so with the line of the strategy.

"""


def rules_page() -> str:
    """Return the whole page."""
    names = "\n".join(f"- `{name}`: {instead}" for name, instead in sorted(UNBUILT.items()))
    return HEAD + "".join(_row(rule) for rule in RULES) + TAIL + names + "\n"


def _row(rule: Rule) -> str:
    others = " ".join(f"`{value}`" for value in rule.alternatives) or "any"
    return f"| `{rule.name}` | `{rule.value}` | {others} | {rule.meaning} | {SURE[rule.sure]} | {rule.evidence} |\n"


if __name__ == "__main__":
    PAGE.write_text(rules_page(), encoding="utf-8")
