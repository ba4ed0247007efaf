"""The first difference is named with day, code, layer and both values; equal runs are equal."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from sdk.cli import main
from tests.conftest import shared
from tests.report.made_run import log_lines, plant, score, write_run

FOLDERS = (
    "etf_three_2023_2026",
    "gbk_exports_2023",
    "ma_crossover_2026",
    "small_cap_2021",
    "smoke_510300_2025",
    "template_000001_2016",
    "template_000001_2019",
)


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    """Two directories of one run; the entrust ids and the encoding differ, as they do in life."""
    return write_run(tmp_path / "local", "utf-8", 1), write_run(tmp_path / "platform", "gbk", 500)


def run(*arguments: object) -> int:
    """Run the command and return its exit code."""
    try:
        main(["parity", *(str(argument) for argument in arguments)])
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def verdict(tmp_path: Path, local: Path, platform: Path, expected: int) -> dict:
    """Compare, check the exit code, and return the JSON form."""
    file = tmp_path / "verdict.json"
    assert run(local, platform, "--json", file) == expected
    return json.loads(file.read_text("utf-8"))


@pytest.mark.parametrize("name", FOLDERS)
def test_a_real_run_equals_itself(name: str, tmp_path: Path) -> None:
    folder = shared(f"platform_runs/{name}")
    told = verdict(tmp_path, folder, folder, 0)
    assert sum(layer["compared"] for layer in told["layers"]) > 5
    assert not told["not_judged"]
    assert told["platform"]["log_lines"].get("unknown", 0) == 0


def test_equal_runs_are_equal_whatever_ids_and_encodings(runs, tmp_path: Path, capsys) -> None:
    told = verdict(tmp_path, *runs, 0)
    assert not told["partial"]
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[0].startswith("一致 equal")
    assert lines[-1] == lines[0]


PLANTED = (
    (
        "log.txt",
        "inputs=fedcba9876543210|raw=1,2,3|repaired=1,2,7|ties=none|600519.XSHG:3fe0",
        "inputs=0000000000000000|raw=1,2,3|repaired=1,2,7|ties=none|600519.XSHG:3fe0",
        ("2024-03-01", "", "inputs", "fedcba9876543210", "0000000000000000"),
    ),
    (
        "log.txt",
        score(0.5),
        score(0.5000000000000001),
        ("2024-03-01", "600519.XSHG", "score", "0.5 [", "0.5000000000000001 ["),
    ),
    (
        "log.txt",
        f"{score(0.25)}:2:1000",
        f"{score(0.25)}:3:1000",
        ("2024-03-01", "000001.XSHE", "rank/ties", "2", "3"),
    ),
    (
        "log.txt",
        f"{score(0.25)}:2:1000",
        f"{score(0.25)}:2:900",
        ("2024-03-01", "000001.XSHE", "target", "1000", "900"),
    ),
    (
        "log.txt",
        "trade price: 10.7",
        "trade price: 10.700000000000001",
        ("2024-04-01", "000001.XSHE", "fill price", "10.7", "10.700000000000001"),
    ),
    (
        "log.txt",
        "amount:1000, commission: 5.0",
        "amount:900, commission: 5.0",
        ("2024-03-01", "000001.XSHE", "size", "1000", "900"),
    ),
    (
        "transaction.csv",
        "1000股,10.5,10500",
        "1000股,10.51,10510",
        ("2024-03-01", "000001.XSHE", "fill price", "10.5", "10.51"),
    ),
    (
        "transaction.csv",
        "买,市价单,1000股",
        "买,市价单,1100股",
        ("2024-03-01", "000001.XSHE", "size", "1000股", "1100股"),
    ),
    ("transaction.csv", ",50.46,", ",50.47,", ("2024-03-01", "600519.XSHG", "fee", "50.46", "50.47")),
    ("transaction.csv", "0,0,已撤单", "0,0,全部成交", ("2024-04-01", "600519.XSHG", "order", "cancelled", "filled")),
    (
        "position.csv",
        "2024-04-02,,Cash,,,,,31928.84",
        "2024-04-02,,Cash,,,,,31928.85",
        ("2024-04-02", "", "cash", "31928.84", "31928.85"),
    ),
    (
        "position.csv",
        "1000股,0股,10.5,10500",
        "900股,0股,10.5,10500",
        ("2024-03-01", "000001.XSHE", "position", "1000股", "900股"),
    ),
    (
        "position.csv",
        "1710,171000",
        "1710.01,171000",
        ("2024-04-02", "600519.XSHG", "close valuation", "1710", "1710.01"),
    ),
    (
        "position.csv",
        "1.66%,202928.84",
        "1.66%,202928.85",
        ("2024-04-02", "600519.XSHG", "NAV", "202928.84", "202928.85"),
    ),
    ("result.csv", "1.03,1.46", "1.03,1.47", ("2024-04-02", "", "NAV", "1.46", "1.47")),
    (
        "run.json",
        "1.2345678901234567",
        "1.2345679901234567",
        ("", "", "figure", "1.2345678901234567", "1.2345679901234567"),
    ),
)


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"), PLANTED, ids=[f"{row[0]}:{row[3][2]}" for row in PLANTED]
)
def test_one_planted_change_is_named(runs, tmp_path: Path, capsys, name, old, new, expected) -> None:
    local, platform = runs
    plant(platform, name, old, new)
    told = verdict(tmp_path, local, platform, 1)
    first = told["first"]
    day, code, layer, mine, theirs = expected
    assert (first["moment"][:10], first["code"], first["layer"]) == (day, code, layer)
    assert first["local"].startswith(mine)
    assert first["platform"].startswith(theirs)
    line = capsys.readouterr().out.splitlines()[0]
    assert all(word in line for word in (day, code, f"layer={layer}", f"local={mine}", f"platform={theirs}"))


@pytest.mark.parametrize("lacking", ["local", "platform"])
def test_a_missing_order_is_named_on_either_side(runs, tmp_path: Path, lacking: str) -> None:
    folder = dict(zip(("local", "platform"), runs, strict=True))[lacking]
    lines = [line for line in log_lines() if not ("000001.XSHE mode" in line and line.startswith("2024-03-01"))]
    (folder / "log.txt").write_text("\n".join(lines) + "\n", "utf-8")
    first = verdict(tmp_path, *runs, 1)["first"]
    assert (first["moment"][:10], first["code"], first["layer"]) == ("2024-03-01", "000001.XSHE", "order")
    assert first[lacking] == "无 none"
    assert "1000" in first["platform" if lacking == "local" else "local"]


def test_the_earlier_difference_wins_then_the_earlier_layer(runs, tmp_path: Path) -> None:
    local, platform = runs
    plant(platform, "result.csv", "1.03,1.46", "1.03,1.99")
    plant(platform, "transaction.csv", ",50.46,", ",60.46,")
    plant(platform, "transaction.csv", "100股,1682,168200", "100股,1683,168300")
    assert verdict(tmp_path, local, platform, 1)["first"]["layer"] == "fill price"


@pytest.mark.parametrize(
    "kept", [("log.txt",), ("transaction.csv",), ("position.csv", "result.csv"), ("result.csv",)]
)
def test_a_partial_download_gives_a_partial_verdict(runs, tmp_path: Path, capsys, kept) -> None:
    local, platform = runs
    for file in list(platform.iterdir()):
        if file.name not in kept:
            file.unlink()
    told = verdict(tmp_path, local, platform, 0)
    assert told["partial"]
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("可比部分一致")
    assert "未能判断" in line


def test_a_log_is_compared_with_a_table_within_its_rounding(runs, tmp_path: Path) -> None:
    local, platform = runs
    told = verdict(tmp_path, local / "log.txt", platform / "transaction.csv", 0)
    fees = next(layer for layer in told["layers"] if layer["layer"] == "fee")
    assert fees["compared"] == 3
    plant(platform, "transaction.csv", ",50.46,", ",50.47,")
    assert verdict(tmp_path, local / "log.txt", platform / "transaction.csv", 1)["first"]["layer"] == "fee"


def test_orders_after_the_end_of_a_cut_log_are_not_judged(runs, tmp_path: Path) -> None:
    local, platform = runs
    for name in ("transaction.csv", "position.csv", "result.csv", "run.json"):
        (platform / name).unlink()
    (platform / "log.txt").write_text("\n".join(log_lines()[:6])[:-2], "utf-8")
    told = verdict(tmp_path, local, platform, 0)
    assert told["partial"]
    assert any("log.txt:6" in note for note in told["platform"]["notes"])
    assert told["not_judged"]


def test_days_after_the_end_of_a_shorter_table_are_not_judged(runs, tmp_path: Path) -> None:
    local, platform = runs
    for name in ("result.csv", "position.csv", "transaction.csv"):
        lines = (platform / name).read_bytes().decode("gbk").splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith("2024-04")]
        (platform / name).write_bytes("".join(kept).encode("gbk"))
    (platform / "log.txt").unlink()
    told = verdict(tmp_path, local, platform, 0)
    assert {one["why"].split()[0] for one in told["not_judged"]} == {"文件未覆盖", "不在两侧共同的日期内"}


def test_a_day_missing_inside_a_daily_table_is_a_difference(runs, tmp_path: Path) -> None:
    local, platform = runs
    rows = (platform / "position.csv").read_bytes().decode("gbk").splitlines(keepends=True)
    kept = [row for row in rows if not row.startswith("2024-04-01")]
    (platform / "position.csv").write_bytes("".join(kept).encode("gbk"))
    first = verdict(tmp_path, local, platform, 1)["first"]
    assert (first["moment"][:10], first["layer"], first["platform"]) == ("2024-04-01", "cash", "无 none")


def test_a_silenced_log_does_not_count_as_no_orders(runs, tmp_path: Path) -> None:
    local, platform = runs
    kept = [line for line in log_lines() if "Order(" not in line]
    (platform / "log.txt").write_text("\n".join(kept) + "\n", "utf-8")
    assert verdict(tmp_path, local, platform, 0)["verdict"] == "equal"


def test_a_zip_is_read_as_its_directory(runs, tmp_path: Path) -> None:
    local, platform = runs
    packed = tmp_path / "下载.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(platform.iterdir()):
            archive.write(file, f"回测/{file.name}")
    told = verdict(tmp_path, local, packed, 0)
    assert not told["partial"]


def test_long_values_are_shown_where_they_part(runs, tmp_path: Path) -> None:
    tokens = ",".join(str(number) for number in range(100))
    for folder, last in zip(runs, (100, 101), strict=True):
        text = (folder / "log.txt").read_text("utf-8").replace("raw=1,2,3|", f"raw={tokens},{last}|")
        (folder / "log.txt").write_text(text, "utf-8")
    line = verdict(tmp_path, *runs, 1)["line"]
    assert "98,99,100 platform=" in line
    assert "98,99,101" in line


def test_two_formulas_differ_in_their_tokens_not_in_their_inputs(runs, tmp_path: Path) -> None:
    local, platform = runs
    old = "lag=2024-02-29|pool=300:0123456789abcdef|inputs=fedcba9876543210|raw=1,2,3|repaired=1,2,7"
    plant(platform, "log.txt", old, old.replace("fedc", "0000").replace("1,2,7", "1,2,8"))
    first = verdict(tmp_path, local, platform, 1)["first"]
    assert (first["layer"], first["local"], first["platform"]) == ("score", "1,2,7", "1,2,8")


def test_unknown_audit_versions_are_said(runs, tmp_path: Path) -> None:
    for folder in runs:
        text = (folder / "log.txt").read_text("utf-8").replace("AUDIT|v1|", "AUDIT|v9|")
        (folder / "log.txt").write_text(text, "utf-8")
    told = verdict(tmp_path, *runs, 0)
    assert any("v9" in note for note in told["platform"]["notes"])


def test_other_rank_keys_are_named_before_the_ranks_that_they_change(runs, tmp_path: Path) -> None:
    local, platform = runs
    plant(
        platform,
        "log.txt",
        f"ties=none|600519.XSHG:{score(0.5)}:1",
        f"ties=none|keys=held,code|held=none|600519.XSHG:{score(0.5)}:2",
    )
    first = verdict(tmp_path, local, platform, 1)["first"]
    assert (first["layer"], first["local"], first["platform"]) == ("rank/ties", "code", "held,code")


def test_another_holding_before_the_rebalance_is_a_difference(runs, tmp_path: Path) -> None:
    for folder, held in zip(runs, ("600519.XSHG", "none"), strict=True):
        old = f"ties=none|600519.XSHG:{score(0.5)}"
        plant(folder, "log.txt", old, old.replace("none|", f"none|keys=held,code|held={held}|", 1))
    first = verdict(tmp_path, *runs, 1)["first"]
    assert (first["layer"], first["local"], first["platform"]) == ("rank/ties", "600519.XSHG", "none")
