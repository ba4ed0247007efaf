"""R31: settings that the log praised did not exist in the code. Every setting here is named by a test that uses it.

The tests themselves (tests/training: "every setting changes ...") show that each one changes a result.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk.training.settings import AllSettings

ROOT = Path(__file__).resolve().parents[2]
TESTS = "".join(path.read_text("utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py")))
CODE = "".join(
    path.read_text("utf-8")
    for room in ("sdk", "exporter")
    for path in sorted((ROOT / room).rglob("*.py"))
    if path.name != "settings.py"
)


@pytest.mark.parametrize("name", list(AllSettings.model_fields))
def test_a_documented_setting_is_read_by_the_code_and_used_by_a_test(name: str) -> None:
    assert f".{name}" in CODE or f'"{name}"' in CODE
    assert f'"{name}"' in TESTS or f"{name}=" in TESTS
