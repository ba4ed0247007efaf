"""Every line of a log has a kind; what is cut is not believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.log_orders import trading_of_log
from parity.log_reader import Log, read_log
from parity.order_text import parse_order
from sdk.errors import ParityError
from sdk.report.text_files import TextSource, detect
from tests.conftest import shared
from tests.report.made_run import audit, log_lines

LOGS = (
    "ma_crossover_2026/log.txt",
    "template_000001_2019/log.txt",
    "template_000001_2016/log.txt",
    "smoke_510300_2025/log_a.txt",
    "smoke_510300_2025/log_b.txt",
    "etf_three_2023_2026/log_head_tail.md",
    "small_cap_2021/log.txt",
)


def read_path(path: Path) -> Log:
    source = TextSource.of(path)
    return read_log(source, detect(source))


def read_text(folder: Path, text: str) -> Log:
    path = folder / "log.txt"
    path.write_bytes(text.encode())
    return read_path(path)


@pytest.mark.parametrize("name", LOGS)
def test_every_line_of_a_real_log_has_a_kind(name: str) -> None:
    path = shared(f"platform_runs/{name}")
    log = read_path(path)
    assert not log.lines.get("unknown")
    assert not log.cut
    assert sum(log.lines.values()) == path.read_text("utf-8").count("\n")


def test_real_orders_are_put_together_from_their_lines() -> None:
    told = trading_of_log(read_path(shared("platform_runs/template_000001_2016/log.txt")))
    fills = [
        (fill.moment[:10], fill.direction, fill.amount.text, fill.price.text, fill.fee.text) for fill in told.fills
    ]
    assert fills[:2] == [
        ("2016-10-25", "buy", "10300", "9.26", "28.61"),
        ("2016-10-27", "sell", "10300", "9.15", "122.52"),
    ]
    assert [order.status for order in told.orders].count("refused") == 4


def test_a_submitted_line_does_not_decide_the_direction() -> None:
    told = trading_of_log(read_path(shared("platform_runs/template_000001_2019/log.txt")))
    refused = next(order for order in told.orders if order.moment.startswith("2019-01-08"))
    assert (refused.direction, refused.status, refused.reason) == ("buy", "failed", "开仓数量不能小于 100")


def test_an_error_text_may_hold_line_breaks_and_commas(tmp_path: Path) -> None:
    error = "因为资金有限，下单数量调整为 3326\n开仓数量必须是 100 的整数倍，调整为 3300, key=value"
    line = log_lines()[3].replace("error=)", f"error={error})")
    log = read_text(tmp_path, line + "\n")
    assert log.lines == {"continuation": 1, "fill": 1}
    assert next(iter(log.events)).order is not None
    assert next(iter(log.events)).order.get("error") == error


def test_a_traceback_is_one_message(tmp_path: Path) -> None:
    lines = (
        "2024-03-01 09:30:00 - ERROR - Traceback (most recent call last):",
        '  File "user_code.py", line 3, in handle_data',
        "AttributeError: 'StrategyGlobals' object has no attribute 'count'",
    )
    assert read_text(tmp_path, "\n".join(lines) + "\n").lines == {"continuation": 2, "traceback": 1}


def test_a_platform_sentence_that_nobody_knows_is_shown(tmp_path: Path) -> None:
    log = read_text(tmp_path, "2024-03-01 09:30:00 - INFO  - 订单奇怪：StockOrder(entrust_id=1 security=a)\n")
    assert log.lines["unknown"] == 1
    assert "订单奇怪" in log.unknown[0]


def test_a_log_cut_in_a_line_says_where_and_does_not_believe_it(tmp_path: Path) -> None:
    text = "\n".join(log_lines()[:6])
    for cut in (text[:-2], text[:-40], text[: text.rindex("2024-03-01 09:3") + 13]):
        log = read_text(tmp_path, cut)
        assert log.lines["cut"] == 1
        assert "log.txt:6" in log.cut[0]
        assert len(trading_of_log(log).fills) == 1
        assert not log.end_known


def test_a_log_cut_inside_a_character_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(("\n".join(log_lines()) + "\n2024-04-03 09:30:00 - INFO  - 结束").encode()[:-1])
    assert read_path(path).lines["user"] == 3


def test_an_audit_line_without_its_end_is_not_believed(tmp_path: Path) -> None:
    log = read_text(tmp_path, log_lines()[0] + "\n" + audit("2024-03-01", "2024-02-29"))
    assert [event.kind for event in log.events] == []
    assert log.lines["cut"] == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk", "gb18030"])
def test_the_encoding_is_found(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(("\r\n".join(log_lines()) + "\r\n").encode(encoding))
    log = read_path(path)
    assert log.lines == {"audit": 2, "cancelled": 1, "continuation": 0, "entrusted": 3, "fill": 3} | {
        "limit_cancel": 1,
        "missing_position": 1,
        "user": 2,
    }


def test_one_damaged_byte_does_not_change_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(("\n".join(log_lines()) + "\n").encode().replace("一天".encode(), b"\xe4\xb8\xff", 1))
    assert read_path(path).lines["missing_position"] == 1
    assert detect(TextSource.of(path)).bad == 2


def test_a_line_cut_in_the_middle_of_a_log_leaves_a_gap(tmp_path: Path) -> None:
    lines = log_lines()
    lines[5] = lines[5][:120]
    log = read_text(tmp_path, "\n".join(lines) + "\n")
    assert log.lines["cut"] == 1
    assert log.gaps == (("2024-03-01 09:30:00", "2024-03-01 09:30:00"),)
    assert log.end_known


def test_text_without_any_header_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(ParityError, match="不是日志"):
        read_text(tmp_path, "hello\nworld\n")


def test_fields_are_read_by_key() -> None:
    order = parse_order(
        "entrust_id=1 security=000001.XSHE mode=OrderValue: _value=95739.35 style=MarketOrderStyle side=long"
    )
    assert (order.mode, order.requested.value, order.limit_price, order.direction) == (
        "OrderValue",
        95739.35,
        None,
        "buy",
    )


@settings(max_examples=60, deadline=None)
@given(line=st.sampled_from(log_lines()), at=st.integers(0, 400), junk=st.text(max_size=12), drop=st.integers(0, 20))
def test_a_mutated_line_never_breaks_the_reader(tmp_path_factory, line: str, at: int, junk: str, drop: int) -> None:
    mutated = line[:at] + junk.replace("\x00", "") + line[at + drop :]
    folder = tmp_path_factory.mktemp("log")
    path = folder / "log.txt"
    path.write_bytes(f"{log_lines()[0]}\n{mutated}\n".encode("utf-8", "replace"))
    told = trading_of_log(read_path(path))
    assert len(told.orders) <= 2
