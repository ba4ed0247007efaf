"""The head of a log line, as every engine generation of the platform prints it (JOINQUANT.md §7.1)."""

from __future__ import annotations

import re

HEADER = re.compile(
    r"(?P<moment>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d{1,6})? - (?P<level>[A-Z]{4,8}) *-(?: (?P<text>.*))?", re.ASCII
)
