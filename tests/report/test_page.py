"""The page of a run says what the run's files say, and nothing from a file becomes markup or a request."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sdk.errors import ParityError
from sdk.report.charts import Curve, line_chart, value_ticks
from sdk.report.page import write_report
from tests.conftest import shared
from tests.report.made_run import plant, score, write_run


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run")


def page_of(run_dir: Path, **options: object) -> str:
    path = write_report(run_dir, **options)  # type: ignore[arg-type]
    assert path == run_dir / "report.html"
    return path.read_text("utf-8")


def test_the_page_shows_figures_months_positions_and_trades(run_dir: Path) -> None:
    html = page_of(run_dir)
    for word in (
        "策略收益",
        "最大回撤区间",
        "1.46%",
        "1.235",
        "贵州茅台",
        "171000",
        "已撤单",
        "2024-03-01 ~ 2024-04-02",
    ):
        assert word in html
    assert "持仓" in html
    assert html.index("夏普比率") < html.index("收益曲线") < html.index("月度收益")


def test_the_figures_stand_in_the_order_of_the_platforms_page(run_dir: Path) -> None:
    labels = re.findall(r"<span>([^<]+)</span>", page_of(run_dir).partition("风险指标")[2])
    assert labels[:5] == ["策略收益", "策略年化收益", "超额收益", "基准收益", "阿尔法"]
    assert len(labels) == 21


def test_the_page_works_offline_and_runs_nothing(run_dir: Path) -> None:
    html = page_of(run_dir)
    assert not re.search(r"<script|https?:|src=|href=|@import|url\(", html)
    assert "default-src 'none'" in html


def test_hostile_names_are_text(run_dir: Path) -> None:
    plant(run_dir, "log.txt", "一天结束", "<img src=x onerror=1>\x1b[31m")
    plant(run_dir, "log.txt", "WARNING - Security(code=600519.XSHG)", "WARNING - <b>Security\u202e(code=600519.XSHG)")
    plant(run_dir, "position.csv", "2024-04-02,股票,贵州茅台", "2024-04-02,股票,<script>1</script>")
    html = page_of(run_dir, extra={"<i>title": ["<u>text", ["<s>cell"]]})
    assert not re.search(r"<script|<img|<b>S|<i>title|<u>|<s>|\x1b|\u202e", html)
    assert "&lt;script&gt;1&lt;/script&gt;" in html


def test_extra_parts_stand_on_top(run_dir: Path) -> None:
    extra = {
        "对账": ["一致 equal"],
        "训练曲线": [0.1, 0.5, float("nan"), 0.7],
        "各层": [{"layer": "score", "compared": 3}],
        "表": [["a", 1], ["b", 2]],
    }
    html = page_of(run_dir, extra=extra)
    places = [html.index(word) for word in ("一致 equal", "训练曲线", "compared", "收益曲线")]
    assert places == sorted(places)
    assert "nan" not in html.lower()


def test_warnings_are_counted_and_grouped(run_dir: Path) -> None:
    html = page_of(run_dir)
    assert "2 条警告与错误 / 13 行日志" in html
    assert "已经跌停，市价卖单取消：600519.XSHG" in html


def test_a_run_of_one_day_without_other_files_still_has_a_page(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    for name in ("log.txt", "transaction.csv", "position.csv", "run.json"):
        (folder / name).unlink()
    lines = (folder / "result.csv").read_bytes().splitlines(keepends=True)[:2]
    (folder / "result.csv").write_bytes(b"".join(lines))
    assert "run.json 中没有指标" in page_of(folder)


def test_a_directory_without_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParityError, match=r"result\.csv"):
        write_report(tmp_path)


def test_a_real_download_becomes_a_page(tmp_path: Path) -> None:
    for name in ("result.csv", "position.csv", "transaction.csv"):
        (tmp_path / name).write_bytes(shared(f"platform_runs/gbk_exports_2023/{name}").read_bytes())
    html = page_of(tmp_path)
    assert "197 个交易日" in html
    assert "-33.77%" in html


def test_ties_are_shown_for_every_rebalance(run_dir: Path) -> None:
    first = f"{score(0.25)}:2:1000"
    plant(run_dir, "log.txt", first, f"{score(0.5)}:2:-|600000.XSHG:{score(0.5)}:3:-|keys=held,code|held=none")
    html = page_of(run_dir)
    assert "2 次调仓中 1 次切口落在并列组内（50.0%），组平均 3.0 名，最大 3 名；同分先后 held,code / code" in html
    rows = re.findall(r"<tr><td>(2024-\d\d-\d\d)</td>(.*?)</tr>", html)
    cells = {day: re.findall(r">([^<>]*)</td>", rest) for day, rest in rows}
    assert cells["2024-03-01"] == ["3", "1", "3", "1-3", "1", "落在并列组内"]
    assert cells["2024-04-01"] == ["1", "1", "0", "--", "0", ""]


def test_a_run_without_audit_lines_has_no_part_on_ties(run_dir: Path) -> None:
    text = (run_dir / "log.txt").read_text("utf-8").replace("AUDIT|", "AUDITED|")
    (run_dir / "log.txt").write_text(text, "utf-8")
    assert "并列 ties" not in page_of(run_dir)


def test_a_flat_line_has_an_axis_that_can_be_read() -> None:
    assert value_ticks(0.0, 0.0) == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    chart = line_chart(["2020-01-02", "2020-01-03"], [Curve("回撤", "#000", [0.0, 0.0])], 150)
    assert "e-" not in re.sub(r"<path[^>]*>", "", str(chart))
    assert value_ticks(-3.0, 11.0)[0] <= -3.0 < 11.0 <= value_ticks(-3.0, 11.0)[-1]
