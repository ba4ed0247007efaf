"""A bundle is written whole or not at all, comes back as it was written, and is not believed when it changed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from sdk.errors import MarketError
from sdk.market import writer
from sdk.market.bundle import Bundle
from sdk.market.writer import write_bundle
from tests.bundles import small_market

DAYS = np.array(["2023-12-28", "2023-12-29", "2024-01-02"], dtype="datetime64[D]")


def tables() -> dict[str, object]:
    dates = pd.to_datetime(DAYS)
    daily = pd.DataFrame(
        {
            "code": ["600000.XSHG"] * 2 + ["000001.XSHE"] * 3,
            "date": [dates[2], dates[1], *dates],
            "close": [7.1, 7.0, 9.3, 9.4, 9.5],
            "volume": [100.0, 200.0, 0.0, 300.0, 400.0],
            "factor": [2.0, 2.0, 1.5, 1.5, 1.5],
            "high_limit": [np.nan, 7.7, 10.0, 10.1, 10.2],
            "paused": [0, 0, 1, 0, 0],
        }
    )
    securities = pd.DataFrame(
        {
            "code": ["600000.XSHG", "000001.XSHE", "000300.XSHG"],
            "display_name": ["浦发银行", "平安银行", "沪深300"],
            "name": ["PFYH", "PAYH", "HS300"],
            "type": ["stock", "stock", "index"],
            "start_date": pd.to_datetime(["2023-12-29", "1991-04-03", "2005-04-08"]),
            "end_date": pd.to_datetime([None, None, None]),
        }
    )
    members = pd.DataFrame(
        {
            "index_code": "000300.XSHG",
            "code": ["000001.XSHE", "600000.XSHG"],
            "in_date": pd.to_datetime(["2014-12-31", "2024-01-01"]),
            "out_date": pd.to_datetime(["2023-12-31", None]),
        }
    )
    return {
        "calendar": DAYS,
        "securities": securities,
        "daily": daily,
        "index_members": members,
        "about": {"source": "test"},
    }


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return write_bundle(tmp_path / "bundle", **tables())


def test_what_was_written_comes_back(bundle: Bundle) -> None:
    panel = bundle.panel()
    assert panel.codes == ("000001.XSHE", "600000.XSHG")
    assert panel.days.tolist() == DAYS.tolist()
    np.testing.assert_array_equal(panel["close"], [[9.3, 9.4, 9.5], [np.nan, 7.0, 7.1]])
    np.testing.assert_array_equal(panel["paused"], [[1, 0, 0], [np.nan, 0, 0]])
    np.testing.assert_array_equal(panel["high_limit"][1], [np.nan, 7.7, np.nan])
    assert bundle.fields == ("close", "volume", "factor", "high_limit", "paused")
    assert bundle.has("close")
    assert not bundle.has("money")
    assert bundle.securities.loc["000001.XSHE", "display_name"] == "平安银行"
    assert bundle.corporate_actions.empty


def test_a_panel_may_be_a_part(bundle: Bundle) -> None:
    part = bundle.panel(codes=["600000.XSHG"], start="2023-12-29", end="2024-01-01", fields=["volume"])
    assert part.shape == (1, 1)
    assert part["volume"].tolist() == [[200.0]]
    with pytest.raises(MarketError, match="no trading day from 2023-12-30 to 2024-01-01; the data cover 2023-12-28"):
        bundle.panel(start="2023-12-30", end="2024-01-01")


def test_members_of_a_day_include_the_last_member_day(bundle: Bundle) -> None:
    assert bundle.members("000300.XSHG", "2023-12-31") == ("000001.XSHE",)
    assert bundle.members("000300.XSHG", "2024-01-02") == ("600000.XSHG",)
    mask = bundle.members_mask("000300.XSHG", ["600000.XSHG", "000001.XSHE"], bundle.days)
    assert mask.tolist() == [[False, False, True], [True, True, False]]
    with pytest.raises(MarketError, match=r"no members of '000300.XSHE'; did you mean '000300.XSHG'"):
        bundle.members("000300.XSHE", "2024-01-02")
    with pytest.raises(MarketError, match=r"members of 000300.XSHG on 2024-02-01: the data cover 2023-12-28"):
        bundle.members("000300.XSHG", "2024-02-01")


def test_index_bars_that_are_absent_say_how_to_get_them(bundle: Bundle) -> None:
    with pytest.raises(MarketError, match="no index bars; import it again with --index"):
        bundle.index_panel()


def test_same_input_same_bytes(tmp_path: Path, bundle: Bundle) -> None:
    again = write_bundle(tmp_path / "again", **tables())
    assert again.fingerprint == bundle.fingerprint
    for path in sorted(bundle.path.rglob("*.*")):
        assert path.read_bytes() == (again.path / path.relative_to(bundle.path)).read_bytes()


def test_no_pickle_and_no_pandas_metadata_on_disk(bundle: Bundle) -> None:
    assert {path.suffix for path in bundle.path.rglob("*") if path.is_file()} == {".parquet", ".json"}
    assert b"pandas" not in (bundle.path / "securities.parquet").read_bytes()


def _remove(path: Path) -> None:
    (path / "daily" / "2023.parquet").unlink()


def _append(path: Path) -> None:
    with (path / "securities.parquet").open("ab") as stream:
        stream.write(b"x")


def _no_manifest(path: Path) -> None:
    (path / "manifest.json").unlink()


def _manifest(**changes: object):
    def change(path: Path) -> None:
        manifest = json.loads((path / "manifest.json").read_text("utf-8"))
        (path / "manifest.json").write_text(json.dumps({**manifest, **changes}), "utf-8")

    return change


def _half_a_manifest(path: Path) -> None:
    text = (path / "manifest.json").read_text("utf-8")
    (path / "manifest.json").write_text(text[: len(text) // 2], "utf-8")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_remove, r"daily/2023\.parquet is missing, although manifest\.json lists it"),
        (_append, r"securities\.parquet has changed since it was written"),
        (_no_manifest, r"is not a market bundle: it has no manifest\.json"),
        (shutil.rmtree, r"is not a market bundle: no such directory"),
        (_half_a_manifest, r"manifest\.json is not readable JSON"),
        (_manifest(format="other"), r"does not say format 'jqalpha-market-bundle'"),
        (_manifest(schema=99), r"schema 99, this version reads 1"),
        (_manifest(coverage=None), r"'coverage' is missing"),
        (_manifest(files={}), r"calendar\.parquet is not listed"),
        (_manifest(files=7), r"'files' must map file names to sha256"),
        (_manifest(files={"daily/../../secret.parquet": "0"}), r"is not a file name inside a bundle"),
        (_manifest(files={"/etc/passwd": "0"}), r"is not a file name inside a bundle"),
    ],
)
def test_a_harmed_bundle_is_refused_in_one_line(bundle: Bundle, harm, words: str) -> None:
    harm(bundle.path)
    with pytest.raises(MarketError, match=words) as caught:
        Bundle.open(bundle.path)
    assert "\n" not in str(caught.value)


def test_bars_that_changed_are_refused_before_the_first_number_is_read(bundle: Bundle) -> None:
    place = bundle.path / "daily" / "2023.parquet"
    table = pq.read_table(place)
    pq.write_table(table.set_column(table.column_names.index("close"), "close", pc.add(table["close"], 1.0)), place)
    for use in (
        lambda opened: opened.panel(),
        lambda opened: opened.panel(fields=["volume"])["volume"],
        lambda opened: opened.verify(),
    ):
        opened = Bundle.open(bundle.path)
        for _ in range(2):  # and again
            with pytest.raises(MarketError, match=r"daily/2023\.parquet has changed since it was written"):
                use(opened)
    assert len(Bundle.open(bundle.path, verify=False).panel()["close"])


def test_corrupt_parquet_is_one_line_even_without_verification(bundle: Bundle) -> None:
    (bundle.path / "daily" / "2023.parquet").write_bytes(b"PAR1 this is no Parquet file PAR1")
    opened = Bundle.open(bundle.path, verify=False)
    with pytest.raises(MarketError, match="not readable as Parquet") as caught:
        opened.panel()
    assert "\n" not in str(caught.value)


def test_a_failed_write_leaves_the_old_bundle_and_nothing_else(
    tmp_path: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(root: Path) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(writer, "_flush", full)
    with pytest.raises(MarketError, match=r"cannot be written .*No space left"):
        write_bundle(bundle.path, **{**tables(), "about": {"source": "newer"}})
    assert Bundle.open(bundle.path).fingerprint == bundle.fingerprint
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_failed_rename_puts_the_old_bundle_back(
    tmp_path: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if ".writing-" in self.name:
            raise OSError("rename refused")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(MarketError, match=r"cannot be written .*rename refused"):
        write_bundle(bundle.path, **tables())
    assert Bundle.open(bundle.path).fingerprint == bundle.fingerprint
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_bundle_may_be_replaced_by_a_newer_one(tmp_path: Path, bundle: Bundle) -> None:
    newer = write_bundle(bundle.path, **{**tables(), "about": {"source": "newer"}})
    assert newer.manifest["source"] == "newer"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_what_is_not_a_bundle_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("years of work")
    (tmp_path / "notes.txt").write_text("more work")
    for name in ("thesis", "notes.txt"):
        with pytest.raises(MarketError, match="choose another place"):
            write_bundle(tmp_path / name, **tables())
    assert (tmp_path / "thesis" / "chapter1.txt").read_text() == "years of work"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "thesis"]


def test_a_bar_outside_the_calendar_is_an_error(tmp_path: Path) -> None:
    broken = write_bundle(tmp_path / "broken", **{**tables(), "calendar": DAYS[1:]})
    with pytest.raises(MarketError, match="2023-12-28 is not in the bundle's calendar"):
        broken.panel()["close"]


def test_a_read_without_memory_is_no_spoilt_file() -> None:
    from sdk.market.table import unreadable

    place = Path("daily/2024.parquet")
    assert isinstance(unreadable(place, OSError("ZSTD_DCtx create failed")), MemoryError)
    assert isinstance(unreadable(place, pa.ArrowMemoryError("malloc of size 64 failed")), MemoryError)
    assert isinstance(unreadable(place, OSError("Invalid magic bytes")), MarketError)


def test_reading_a_bundle_claims_no_memory_that_it_does_not_use(tmp_path: Path) -> None:
    """A memory limit counts what a process claims: Arrow's own allocator would claim a gibibyte at its first use."""
    code = (
        "import sys; from sdk.market.bundle import Bundle; Bundle.open(sys.argv[1]).panel(fields=['close'])\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmData')))"
    )
    if not Path("/proc/self/status").exists():
        pytest.skip("NO /proc HERE: the memory that a process claims was not measured")
    done = subprocess.run(
        [sys.executable, "-c", code, str(small_market())], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 500_000
