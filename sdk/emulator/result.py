"""From a finished session to a result: figures, benchmark, notes, and the bytes of every file."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sdk import __version__
from sdk.emulator import exports
from sdk.emulator.day_minutes import DayMinutes
from sdk.emulator.orders import OrderStatus, StockOrder
from sdk.emulator.run_directory import FORMAT
from sdk.emulator.session import Session
from sdk.emulator.summary import error_words
from sdk.report import tie_impact
from sdk.report.audit_lines import parse_audit
from sdk.scoring.figures import Ledger, Sale, risk_figures

if TYPE_CHECKING:
    from sdk.emulator.runner import Job


@dataclasses.dataclass(frozen=True, eq=False)
class RunResult:
    """One backtest; arrays along ``days``, money in CNY, ``benchmark`` 1.0 = the close before the first day."""

    directory: Path | None
    status: str
    error: BaseException | None
    figures: dict[str, Any]
    days: np.ndarray
    total_value: np.ndarray
    benchmark: np.ndarray
    cash: np.ndarray
    orders: tuple[StockOrder, ...]
    log: tuple[str, ...]
    notes: tuple[str, ...]
    texts: dict[str, str]
    ties: dict[str, object]

    @property
    def trades(self) -> list[StockOrder]:
        """Orders that traded."""
        return [order for order in self.orders if order.filled]


def collect(
    job: Job, session: Session, error: BaseException | None, target: Path | None
) -> tuple[RunResult, dict[str, bytes]]:
    """Return the result and the files of the run directory."""
    recorder = session.recorder
    days = session.bars.days[session.first : session.first + recorder.done]
    benchmark, notes = _benchmark(session, recorder.done)
    orders = tuple(sorted((*session.broker.finished, *session.broker.today), key=lambda order: order.entrust_id))
    notes += _notes(session)
    figures = _figures(session, days, benchmark, orders) if recorder.done else {}
    instrument = session.bars.instrument
    texts = {
        "transaction.csv": exports.transactions(orders, instrument),
        "position.csv": exports.positions(recorder, days, instrument),
        "result.csv": exports.results(recorder, days, *_growth(session), benchmark),
    }
    status = "done" if error is None else "failed"
    ties = _ties(session, days, figures)
    page = _run_page(job, session, status, error, figures, notes, ties)
    files = {
        "run.json": page.encode(),
        "log.txt": session.book.text().encode("utf-8", "backslashreplace"),
        **{name: text.encode(exports.ENCODING, "replace") for name, text in texts.items()},
        **{f"files/{name}": content for name, content in session.files.content.items()},
    }
    result = RunResult(
        *(target, status, error, figures, days, recorder.total_value[: recorder.done], benchmark),
        *(recorder.cash[: recorder.done], orders, tuple(session.book.entries), tuple(notes), texts, ties),
    )
    return result, files


def _growth(session: Session) -> tuple[np.ndarray, np.ndarray]:
    """(what one CNY has become, gain of the day in CNY) at each close; rule ``inout_returns``."""
    recorder, start = session.recorder, session.account.starting_cash
    value, capital = recorder.total_value[: recorder.done], recorder.capital[: recorder.done]
    base = recorder.units[: recorder.done] if session.rules["inout_returns"] == "units" else capital
    paid_in = np.diff(capital, prepend=start)
    return value / base, np.diff(value, prepend=start) - paid_in


def _benchmark(session: Session, done: int) -> tuple[np.ndarray, list[str]]:
    """Level of the benchmark at each close, 1.0 = the close before the first day (JOINQUANT.md §2.2)."""
    first, level = session.first, np.ones(done)
    notes: list[str] = []
    if done == 0:
        return level, notes
    for code, weight in session.settings.benchmark.items():
        close = session.bars.series("close", code)[: first + done]
        if not session.bars.known(code) or np.isnan(close[first:]).all():
            notes.append(
                f"基准没有行情，收益按 0 计 · benchmark {code} has no bars in this bundle; its return counts as 0"
            )
            continue
        base = close[first - 1] if first else session.bars.series("pre_close", code)[first]
        part = close[first:] if session.bars.instrument(code).type == "index" else _held(session, code, done)
        filled = part[np.maximum.accumulate(np.where(np.isnan(part), 0, np.arange(done)))]
        level = level + weight * (np.where(np.isnan(filled / base), 1.0, filled / base) - 1)
    return level, notes


def _held(session: Session, code: str, done: int) -> np.ndarray:
    """Closes of a stock or fund as benchmark, adjusted to the day before the run."""
    first = session.first
    factor = session.bars.series("factor", code)[: first + done]
    return session.bars.series("close", code)[first : first + done] * factor[first:] / factor[max(first - 1, 0)]


def _figures(
    session: Session, days: np.ndarray, benchmark: np.ndarray, orders: tuple[StockOrder, ...]
) -> dict[str, Any]:
    recorder, done = session.recorder, session.recorder.done
    sales = [
        Sale(order.gains, order.cost_before * order.filled) for order in orders if order.filled and not order.is_buy
    ]
    held = set(recorder.positions.code)
    start, value = session.account.starting_cash, recorder.total_value[:done]
    if (recorder.capital[:done] != start).any():
        value = _growth(session)[0] * start
    ledger = Ledger(
        days=days,
        starting_cash=start,
        total_value=value,
        benchmark=benchmark,
        bought=recorder.bought[:done],
        sold=recorder.sold[:done],
        sales=sales,
        position_days=len(recorder.positions),
        securities=len(held),
    )
    return risk_figures(ledger)


def _ties(session: Session, days: np.ndarray, figures: dict[str, Any]) -> dict[str, object]:
    """What the ties of an exported strategy could have done; empty where no cut fell into one."""
    lines = [entry for entry in session.book.entries if " AUDIT|" in entry[:60]]
    tied = [line for line in lines if tie_impact.has_tied_cut(line)]
    if not tied or not figures:
        return {}
    first, last = session.first, session.first + len(days)
    told = [parse_audit(line.partition("AUDIT|")[2], line[:19]) for line in tied]
    found = tie_impact.tie_impact(
        told,
        [line.partition("AUDIT|")[2].split("|")[1] for line in lines],
        days,
        lambda field, code: session.bars.series(field, code)[first:last],
        float(figures["algorithm_return"]),
    )
    return found.to_json() if found else {}


def _notes(session: Session) -> list[str]:
    notes = list(session.remarks)
    if session.quotes.intraday:
        notes.append(
            f"盘中取价用的是日线，平台用分钟线 · {session.quotes.intraday} prices "
            "between 09:30 and 15:00 were taken from the day bar, the platform uses minute bars "
            f"(rule intraday_price_without_minutes={session.rules['intraday_price_without_minutes']})"
        )
    if isinstance(session.called_minutes, DayMinutes) and session.called_minutes.asked:
        notes.append(
            "没有分钟线，取分钟线的调用由日线代答 · "
            "calls for minute bars were answered from day bars (rule minute_calls_without_minutes=day_bar): "
            "the open until 14:59, the rest of the day in the bar 15:00; the platform has real minutes"
        )
    if session.bars.strangers:
        codes = list(session.bars.strangers)
        more = " …" if len(codes) > 8 else ""
        notes.append(
            f"行情包没有的 {len(codes)} 个标的当作未上市 not in this bundle, taken as never listed: "
            f"{' '.join(codes[:8])}{more} (rule unknown_security=unlisted)"
        )
    if session.quotes.early_opens:
        notes.append(
            f"day_open was asked {session.quotes.early_opens} times between 09:25 and "
            f"{session.rules['day_open_from']} and was NaN (rule day_open_from); "
            "9:27 或之后再取 ask at 09:27 or later"
        )
    if session.auction.unknown:
        notes.append(
            f"get_call_auction was asked {session.auction.unknown} times for what no bar knows; volume, money and "
            "the order book were NaN (rule call_auction_volume=nan)"
        )
    if session.minutes.missing:
        codes = sorted(session.minutes.missing)
        notes.append(
            f"缺分钟线，盘中价格为假定 · {len(codes)} codes have no minute bars in some month of the run: "
            f"{' '.join(codes[:3])}{' …' if len(codes) > 3 else ''}; their prices after 09:30 were assumed"
        )
    for name, digest in sorted(session.files.read.items()):
        notes.append(f"read_file({name!r}) from the folder of the strategy, SHA-256 {digest}")
    for call, count in session.guard.cuts.items():
        notes.append(
            f"问了当时未知的日子，回答已截断 · {call} was asked {count} times for days that were not known yet "
            "and the answer was cut; "
            "the platform without avoid_future_data would have returned them"
        )
    if any(order.status is OrderStatus.canceled and order.filled for order in session.broker.finished):
        notes.append("有订单只成交了一部分 · some orders were filled in part only (order_volume_ratio)")
    return notes


def _run_page(
    job: Job,
    session: Session,
    status: str,
    error: BaseException | None,
    figures: dict[str, Any],
    notes: list[str],
    ties: dict[str, object],
) -> str:
    page = {
        "format": FORMAT,
        "jqalpha": __version__,
        "name": job.name,
        "status": status,
        "error": None if error is None else error_words(error),
        "strategy_sha256": hashlib.sha256(job.source.encode()).hexdigest(),
        "bundle_fingerprint": session.bars.bundle.fingerprint,
        "start": str(job.start),
        "end": str(job.end),
        "cash": job.cash,
        "frequency": job.frequency,
        "options": {
            **session.settings.described(),
            "accounts": len(session.account.parts),
        },
        "rules_changed": dict(sorted(session.rules.changes.items())),
        "figures": {name: _json(value) for name, value in figures.items()},
        **({"ties": ties} if ties else {}),
        "notes": notes,
    }
    return json.dumps(page, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _json(value: Any) -> Any:
    if isinstance(value, list):
        return [_json(item) for item in value]
    if isinstance(value, dt.date):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
