"""docs/support.md: which of the platform's names a local run offers, found out by trying each one.

``python tools/support_matrix.py`` writes the page; ``--check`` prints a difference and returns 1 instead. The names
are sdk/emulator/official_names.py; a strategy made from them runs on a market of three securities and reports
what was there and what was refused, so the page cannot say more than the code does.
"""

from __future__ import annotations

import difflib
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sdk.emulator.lib.technical import ALIASES, NOT_OFFERED, OFFERED, signature  # noqa: E402
from sdk.emulator.official_names import OFFICIAL, PARTIAL, Group  # noqa: E402
from sdk.emulator.result import RunResult  # noqa: E402
from sdk.emulator.runner import run_backtest  # noqa: E402
from sdk.emulator.unsupported import UNBUILT  # noqa: E402
from sdk.errors import JqalphaError  # noqa: E402
from sdk.market.bundle import Bundle  # noqa: E402
from sdk.market.session_minutes import LABELS  # noqa: E402
from sdk.market.writer import write_bundle  # noqa: E402

PAGE = ROOT / "docs" / "support.md"
FULL, PART, NONE = "full", "partial", "unsupported"
SIGNS = {FULL: "✓ 支持", PART: "◐ 部分", NONE: "✗ 不支持"}
HEAD = """# 支持矩阵 · What of the platform runs here

<!-- Made by `python tools/support_matrix.py`, which tries every name; do not edit. -->

The list is the platform's: the API page and what public strategies use. **✓** works as documented (uncertain points
are rules, see [emulator.md](emulator.md)); **◐** works, less what the note says; **✗** can be named, and raises
`UnsupportedCall` with the line of the strategy and what to use instead. {counts}

Third-party packages (talib, statsmodels, sklearn …) are imported as they are when installed; when one is missing the
ImportError names the line and the way out (`pip install 'jqalpha[talib]'` for talib).
"""


@dataclass(frozen=True)
class Row:
    """One official name and what came of it."""

    name: str
    status: str
    note: str


def tables() -> list[tuple[Group, list[Row]]]:
    """Try every name; KeyError lists the names that nobody speaks for."""
    found, silent, done = answers(), [], []
    for group in OFFICIAL:
        rows = []
        for name in group.names:
            row = _row(name, found.get(f"{group.title}|{name}", ""))
            if row is None:
                silent.append(f"{group.title}: {name} ({found.get(f'{group.title}|{name}', 'not there')})")
            else:
                rows.append(row)
        done.append((group, rows))
    if silent:
        raise KeyError("neither offered nor in UNBUILT:\n" + "\n".join(silent))
    return done


def _row(name: str, answer: str) -> Row | None:
    if answer == "ok":
        return Row(name, PART if name in PARTIAL else FULL, PARTIAL.get(name, ""))
    word = UNBUILT.get(name.partition(".")[0])
    if answer.startswith("UnsupportedCall: "):
        said = answer.split("：not offered here; ")[-1].removeprefix("UnsupportedCall: ")
        return Row(name, NONE, word or said)
    return None if word is None else Row(name, NONE, word)


# --------------------------------------------------------------------------------------------------- the strategy
STRATEGY = """
import json
from importlib import import_module
found = {}

def note(title, name, work):
    try:
        found[title + '|' + name] = work()
    except Exception as error:
        found[title + '|' + name] = type(error).__name__ + ': ' + str(error)

def there(thing):
    return 'UnsupportedCall: ' if repr(thing).startswith('<unsupported') else 'ok'

def named(name):
    root, _, attribute = name.partition('.')
    thing = globals()[root]
    return there(getattr(thing, attribute)) if attribute else there(thing)

def imported(path, name):
    space = {}
    exec('from %s import %s as thing' % (path, name) if path else 'import %s' % name, globals(), space)
    return there(space.get('thing'))

def done(text, space):
    exec(text, {**globals(), **space})
    return 'ok'

def task(context):
    pass

def initialize(context):
    found['CALLBACKS|initialize'] = 'ok'
    for kind, title, name, form in TRIALS:
        if kind == 'name':
            note(title, name, lambda: named(name))
        elif kind == 'module':
            note(title, name, lambda: imported(form, name))
        elif kind == 'start':
            note(title, name, lambda: done(form.format(name, name), {'context': context}))
    unschedule_all()
    set_option('use_real_price', True)
    if context.run_params.frequency == 'tick':
        subscribe('600000.XSHG', 'tick')

def handle_data(context, data):
    found['CALLBACKS|handle_data'] = 'ok'
    if not context.portfolio.positions:
        order('600000.XSHG', 1000)
        for kind, title, name, form in TRIALS:
            if kind == 'member':
                thing = eval(form, {**globals(), 'context': context, 'data': data})
                note(title, name, lambda: 'ok' if name in dir(thing) else 'not there')
            elif kind == 'bar':
                note(title, name, lambda: done(form.format(name, name), {'context': context, 'data': data}))
"""
CALLBACK = """
def {name}(context, *rest):
    found['CALLBACKS|{name}'] = 'ok'
"""
REPORT = """
def on_strategy_end(context):
    found['CALLBACKS|on_strategy_end'] = 'ok'
    log.info(json.dumps(found))
"""
SPAN = ("2024-01-03", "2024-01-12", 100_000)
OWN = ("initialize", "handle_data", "on_strategy_end")


def answers() -> dict[str, str]:
    """Run the strategy by day and by tick; return group title|name -> 'ok' or the error's type and text."""
    trials = [(group.kind, group.title, name, group.form) for group in OFFICIAL for name in group.names]
    callbacks = next(group for group in OFFICIAL if group.kind == "callback")
    text = STRATEGY.replace("TRIALS", repr(trials)).replace("CALLBACKS", callbacks.title)
    text += "".join(CALLBACK.format(name=name) for name in callbacks.names if name not in OWN) + REPORT
    text = text.replace("CALLBACKS", callbacks.title)
    with tempfile.TemporaryDirectory() as folder:
        bundle = _market(Path(folder) / "bundle")
        result, by_tick = (run_backtest(text, bundle, *SPAN, frequency=name) for name in ("day", "tick"))
        found = {**_found(by_tick), **_found(result)}
        for group in OFFICIAL:
            for name in group.names:
                if group.kind == "figure":
                    found[f"{group.title}|{name}"] = "ok" if name in result.figures else "not there"
                elif group.kind == "frequency":
                    found[f"{group.title}|{name}"] = _frequency(bundle, name)
    return found


def _found(result: RunResult) -> dict[str, str]:
    if result.status != "done":
        raise RuntimeError(result.log[-1])
    found: dict[str, str] = json.loads(result.log[-1].split(" - ", 2)[2])
    return found


def _frequency(bundle: Bundle, name: str) -> str:
    try:
        run_backtest("def initialize(context):\n    pass\n", bundle, "2024-01-03", "2024-01-03", frequency=name)
    except JqalphaError as error:
        return f"{type(error).__name__}: {error}"
    return "ok"


def _market(path: Path) -> Bundle:
    """A stock with a dividend, a fund and an index over ten days."""
    days = np.busday_offset("2024-01-01", np.arange(10), roll="forward")
    kinds = {"600000.XSHG": "stock", "510300.XSHG": "fund", "000300.XSHG": "index"}
    frames = []
    for code in kinds:
        prices = dict.fromkeys(("open", "high", "low", "close", "pre_close"), 10.0)
        rest = {"volume": 1e6, "money": 1e7, "factor": 1.0, "high_limit": 11.0, "low_limit": 9.0}
        frames.append(pd.DataFrame({"code": code, "date": days, **prices, **rest, "paused": False, "is_st": False}))
    actions = {"code": ["600000.XSHG"], "ex_date": pd.to_datetime(["2024-01-08"]), "cash_pre_tax": [0.5]}
    net_values = pd.DataFrame({"code": "510300", "day": days, "net_value": 1.0}).assign(
        sum_value=1.0, refactor_net_value=1.0
    )
    securities = pd.DataFrame({"code": list(kinds), "display_name": list(kinds), "name": list(kinds)})
    return write_bundle(
        path,
        calendar=days,
        securities=securities.assign(
            type=list(kinds.values()), start_date=pd.Timestamp("2000-01-01"), end_date=pd.NaT
        ).astype({"end_date": "datetime64[ns]"}),
        daily=pd.concat(frames[:2]),
        index_daily=frames[2][["code", "date", "open", "high", "low", "close", "pre_close", "volume", "money"]],
        corporate_actions=pd.DataFrame({**actions, "share_ratio": [1.0], "source": ["test"]}),
        tables={"finance/FUND_NET_VALUE": net_values},
        minutes=[("202401", pd.concat([_minutes(code, days) for code in list(kinds)[:2]]))],
        about={"source": "support matrix"},
    )


def _minutes(code: str, days: np.ndarray) -> pd.DataFrame:
    prices = dict.fromkeys(("open", "high", "low", "close"), 10.0)
    keys = {"code": code, "date": np.repeat(days, len(LABELS)), "minute": np.tile(LABELS, len(days))}
    return pd.DataFrame({**keys, **prices, "volume": 1e6 / len(LABELS), "money": 1e7 / len(LABELS)})


# ------------------------------------------------------------------------------------------------------- the page
def page() -> str:
    """Return docs/support.md."""
    found = tables()
    rows = [row for _, group_rows in found for row in group_rows]
    tally = {status: sum(row.status == status for row in rows) for status in SIGNS}
    counts = "，".join(f"{SIGNS[status]} {number}" for status, number in tally.items())
    parts = [
        HEAD.format(counts=f"\n\n{len(rows)} 项：{counts}。"),
        *(_table(*table) for table in found),
        _indicators(),
    ]
    return "\n".join(parts)


def _table(group: Group, rows: list[Row]) -> str:
    """Return a group: the names that work on one line, the others as a table."""
    lines = [f"## {group.title}", "", f"来源 {group.source}", ""]
    if whole := [row.name for row in rows if row.status == FULL]:
        lines += [f"{SIGNS[FULL]}：{' '.join(f'`{name}`' for name in whole)}", ""]
    if others := [row for row in rows if row.status != FULL]:
        lines += ["| | | |", "|---|---|---|", *_rows(others), ""]
    return "\n".join(lines)


def _rows(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        yield f"| `{row.name}` | {SIGNS[row.status]} | {row.note.replace('|', '/')} |"


def _indicators() -> str:
    lines = ["## jqlib.technical_analysis", "", "来源 技术分析指标", "", "```"]
    lines += [f"{name}{signature(name)}" for name in sorted(OFFERED)]
    lines += ["```", "", f"别名：{', '.join(f'{new} = {old}' for new, old in ALIASES.items())}。", ""]
    lines += [f"{SIGNS[NONE]}：{' '.join(f'`{name}`' for name in NOT_OFFERED)}", ""]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` compare it."""
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    difference = list(
        difflib.unified_diff(old.splitlines(), text.splitlines(), "docs/support.md", "now", lineterm="")
    )
    print("\n".join(difference))
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
