"""Which securities an imported bundle lists: those with bars, members of its indices, and the indices themselves."""

from __future__ import annotations

import pandas as pd

COLUMNS = ("code", "display_name", "name", "type", "start_date", "end_date")
TYPES = ("stock", "index", "fund", "futures")
FUND_PREFIXES = ("5", "1")


def listed_securities(
    daily: pd.DataFrame,
    given: pd.DataFrame | None,
    index_daily: pd.DataFrame | None,
    members: pd.DataFrame | None,
) -> pd.DataFrame:
    """Return the securities table; what ``given`` does not say about a code is taken from its bars.

    Without a listing date it is the first bar (NaT for a member that has no bar either); without a delisting
    date a code is live. An unknown name is the code.
    """
    first = daily.groupby("code", observed=True)["date"].min()
    first = first.set_axis(first.index.astype(str))
    stocks = sorted({*first.index, *(members["code"] if members is not None else ())})
    indices = sorted(set(index_daily["code"])) if index_daily is not None else []
    if index_daily is not None:
        first = pd.concat([first, index_daily.groupby("code")["date"].min()])
    known = given.assign(code=given["code"].astype(str)).set_index("code") if given is not None else pd.DataFrame()
    table = pd.DataFrame(index=pd.Index([*stocks, *indices], name="code"))
    for column in COLUMNS[1:]:
        table[column] = known[column].reindex(table.index) if column in known else None
    table["type"] = [
        said if said in TYPES else _type(code, indices)
        for code, said in zip([*stocks, *indices], table["type"], strict=True)
    ]
    fallback = pd.Series(table.index, index=table.index)
    table["display_name"] = table["display_name"].astype(object).where(table["display_name"].notna(), fallback)
    table["name"] = table["name"].astype(object).where(table["name"].notna(), fallback)
    start = pd.to_datetime(table["start_date"]).astype("datetime64[ns]")
    table["start_date"] = start.fillna(first.reindex(table.index))
    table["end_date"] = pd.to_datetime(table["end_date"]).astype("datetime64[ns]")
    return table.reset_index()


def _type(code: str, indices: list[str]) -> str:
    if code in indices:
        return "index"
    return "fund" if code[0] in FUND_PREFIXES else "stock"
