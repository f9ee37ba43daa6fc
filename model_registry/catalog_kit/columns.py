"""Tables as scikit-learn's models take them: a target taken out, numbers filled and scaled, words one-hot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from model_registry.catalog_kit.types import InvalidInput

MOST_CATEGORIES = 20


def take_target(table: list[Mapping[str, Any]], target: str) -> tuple[pd.DataFrame, pd.Series]:
    """The other columns and the target of the rows in which it is given; InvalidInput where there is no such column."""
    frame = pd.DataFrame(table)
    if target not in frame:
        raise InvalidInput(f"the table has no column {target}", field="target")
    frame = frame[frame[target].notna()]
    goal = frame.pop(target)
    return frame, goal


class Columns:
    """The columns of a frame by what they hold. `frame` has words as text; `prepare` makes them all numbers."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.numeric = [c for c in frame if pd.api.types.is_numeric_dtype(frame[c]) or frame[c].dtype == bool]
        self.words = [c for c in frame if c not in self.numeric]
        self.frame = frame.copy()
        self.frame[self.words] = frame[self.words].astype(str)

    def prepare(self) -> ColumnTransformer:
        """A new transformer: medians in gaps, numbers scaled, the most frequent words one-hot."""
        return make_column_transformer(
            (make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()), self.numeric),
            (OneHotEncoder(handle_unknown="ignore", max_categories=MOST_CATEGORIES, sparse_output=False), self.words))

    def of(self, rows: list[Mapping[str, Any]]) -> pd.DataFrame:
        """Other rows with the same columns; what is missing or no number becomes a gap."""
        fresh = pd.DataFrame(rows).reindex(columns=self.frame.columns)
        for column in self.numeric:
            fresh[column] = pd.to_numeric(fresh[column], errors="coerce")
        fresh[self.words] = fresh[self.words].astype(str)
        return fresh
