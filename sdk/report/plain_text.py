"""Make text from a file harmless before it reaches a terminal, a page or an error message.

Files that a user downloads are untrusted: a stock name or a log line may hold terminal escapes, right-to-left
overrides or markup. Control and format characters become spaces; markup is left as it is, because the two
sinks (rich ``Text`` objects, jinja2 with autoescape) print it as text.
"""

from __future__ import annotations

import unicodedata

_BANNED = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def plain(text: str, limit: int = 200) -> str:
    """Return ``text`` on one line without control or format characters, at most ``limit`` characters long."""
    cut = text[: limit + 1]
    clean = "".join(" " if unicodedata.category(char) in _BANNED else char for char in cut)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
