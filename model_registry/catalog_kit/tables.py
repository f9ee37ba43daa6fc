"""Numbers out of tables, for the entries that compute on whole columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit.types import InvalidInput

MOST_COLUMNS = 200


def numbers(table: list[dict[str, Any]], field: str = "table") -> tuple[list[str], NDArray[np.float64], list[str]]:
    """(names, values (rows, columns), warnings) of the columns that hold numbers only; gaps get the column's median.

    InvalidInput where there is none, or more than 200.
    """
    names = list(dict.fromkeys(n for row in table for n in row))
    kept, columns, warnings = [], [], []
    for name in names:
        cells = [row.get(name) for row in table]
        known = [c for c in cells if c is not None]
        if not known or not all(isinstance(c, int | float) and not isinstance(c, bool) for c in known):
            warnings.append(f"column {name} holds no numbers and is left out")
            continue
        values = np.array([np.nan if c is None else float(c) for c in cells])
        if len(known) < len(cells):
            values[np.isnan(values)] = np.nanmedian(values)
            warnings.append(f"column {name}: {len(cells) - len(known)} gaps filled with its median")
        kept.append(name)
        columns.append(values)
    if not 1 <= len(kept) <= MOST_COLUMNS:
        raise InvalidInput(f"between 1 and {MOST_COLUMNS} columns of numbers are needed", field=field)
    return kept, np.column_stack(columns), warnings


def standardised(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns (rows, columns) with mean 0 and deviation 1; a constant column becomes 0."""
    with np.errstate(over="ignore", invalid="ignore"):
        middle, spread = x.mean(0), x.std(0)
    if not np.isfinite(spread).all():
        raise InvalidInput("the numbers are too large to compute with", field="table")
    return np.asarray((x - middle) / np.where(spread > 0, spread, 1.0))
