"""The names of the data calls that need more than bars, ready for the strategy's module."""

from __future__ import annotations

from typing import Any

from sdk.emulator.api.factors import Factors
from sdk.emulator.api.finance import Finance, LazyTable, query
from sdk.emulator.api.flows import Flows
from sdk.emulator.api.fundamentals import Fundamentals
from sdk.emulator.api.groups import Groups
from sdk.emulator.api.macro import Macro
from sdk.emulator.session import Session

TABLES = (
    *("valuation", "indicator", "income", "balance", "cash_flow"),
    *("bank_indicator", "security_indicator", "insurance_indicator"),
)


def data_names(session: Session) -> dict[str, Any]:
    """Return name -> object; nothing is read or imported before one is used."""
    reader, guard, rules = session.reader, session.guard, session.rules
    fundamentals = Fundamentals(reader, guard, rules)
    groups, flows = Groups(reader, guard, session.securities, rules), Flows(reader, guard, rules)
    factors = Factors(reader, guard, fundamentals, groups, rules)
    return {
        "query": query,
        **{name: LazyTable(name) for name in TABLES},
        "finance": Finance(reader, fundamentals, rules),
        "macro": Macro(reader, fundamentals, rules),
        "get_fundamentals": fundamentals.get_fundamentals,
        "get_fundamentals_continuously": fundamentals.get_fundamentals_continuously,
        "get_history_fundamentals": fundamentals.get_history_fundamentals,
        "get_industries": groups.get_industries,
        "get_industry_stocks": groups.get_industry_stocks,
        "get_industry": groups.get_industry,
        "get_concepts": groups.get_concepts,
        "get_concept_stocks": groups.get_concept_stocks,
        "get_concept": groups.get_concept,
        "get_index_weights": groups.get_index_weights,
        "get_money_flow": flows.get_money_flow,
        "get_mtss": flows.get_mtss,
        "get_billboard_list": flows.get_billboard_list,
        "get_locked_shares": flows.get_locked_shares,
        "get_factor_values": factors.get_factor_values,
        "get_all_factors": factors.get_all_factors,
    }
