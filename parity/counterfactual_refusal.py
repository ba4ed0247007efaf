"""An exported strategy that logs an error and keeps its holdings, as it does where it cannot trust its scores."""

from __future__ import annotations

from collections.abc import Mapping

from parity.counterfactual_text import block

_REFUSALS = '''
REFUSALS = {told!r}
_initialize_{number}, rebalance_unless_refused = initialize, rebalance


def initialize(context):
    """What the strategy sets, and what it complains of at once."""
    _initialize_{number}(context)
    for moment in sorted(REFUSALS):
        if moment.endswith("00:00:00"):
            log.error(REFUSALS[moment])


def rebalance(context):
    """Keep the holdings at the moments of a refusal."""
    text = REFUSALS.get(str(context.current_dt)[:19])
    if text is None:
        return rebalance_unless_refused(context)
    log.error(text)
'''


def with_refusals(text: str, told: Mapping[str, str]) -> str:
    """Let an exported strategy log an error and trade nothing at the given moments (``YYYY-MM-DD HH:MM:SS``)."""
    return block(text, _REFUSALS.format(told=dict(told), number=text.count("_initialize_")))
