"""Pages made from the code's tables are current."""

import subprocess
import sys

from tests.conftest import ROOT


def test_the_operator_page_is_what_the_tables_say() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "operator_table.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, f"run `make docs`:\n{done.stdout}{done.stderr}"
    missing = (ROOT / "tests" / "jq_strategy" / "test_missing_data.py").read_text("utf-8")
    page = (ROOT / "docs" / "operators.md").read_text("utf-8")
    section = page.split("## 缺失")[1].split("## ")[0]
    tests = [line.rsplit("`", 2)[1] for line in section.splitlines() if line.endswith("` |")]
    assert len(tests) == 8
    assert [name for name in tests if f"def test_{name}(" not in missing] == []
