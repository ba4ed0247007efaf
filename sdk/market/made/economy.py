"""The economy of a made market: the purchasing managers' index of manufacturing, a table of the macro database.

    macro/MAC_MANUFACTURING_PMI   one row a month from ten years before the first day on; 50 = as the month before

The index wanders around 50.5 and returns by a fifth of the way each month; its parts follow it with noise of their
own. The dice are their own, and nothing of the market depends on it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

YEARS_BEFORE, MEAN, RETURN, SHOCK, NOISE = 10, 50.5, 0.2, 0.5, 0.4
# part -> how far it lies above the index, in points
PARTS = {
    **{"produce_idx": 1.5, "new_orders_idx": 0.4, "new_export_orders_idx": -1.5, "in_hand_orders_idx": -5.0},
    **{"finished_produce_idx": -3.5, "purchase_quantity_idx": 0.3, "import_idx": -1.5, "raw_material_idx": -2.0},
    **{"employee_idx": -2.0, "delivery_time_idx": 0.0},
}


def economy_tables(days: np.ndarray, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return the table for the months of ``days`` (datetime64[D]) and the years before."""
    first, last = days[0].astype("datetime64[M]") - 12 * YEARS_BEFORE, days[-1].astype("datetime64[M]")
    months = np.arange(first, last + 1)
    shocks = rng.normal(0.0, SHOCK, len(months))
    level = np.zeros(len(months))
    for month in range(1, len(months)):
        level[month] = (1 - RETURN) * level[month - 1] + shocks[month]
    parts = {
        name: np.round(MEAN + above + level + rng.normal(0.0, NOISE, len(months)), 1) for name, above in PARTS.items()
    }
    frame = pd.DataFrame({"stat_month": months.astype(str), "pmi": np.round(MEAN + level, 1), **parts})
    return {"macro/MAC_MANUFACTURING_PMI": frame.assign(id=np.arange(1, len(months) + 1))}
