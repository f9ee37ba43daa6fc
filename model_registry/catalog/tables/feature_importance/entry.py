"""Permutation importance of a random forest on held-out folds, beside mutual information."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from sklearn.inspection import permutation_importance
from sklearn.model_selection import KFold

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.columns import take_target


def run(request: Request) -> Result:
    frame, goal = take_target(request.input["table"], request.parameters["target"])
    if len(frame) < 20 or frame.shape[1] == 0 or goal.nunique() < 2:
        raise InvalidInput("at least 20 rows, a column to look at and a target that varies", field="table")
    if frame.shape[1] > 60:
        raise InvalidInput("at most 60 columns", field="table")
    number = pd.api.types.is_numeric_dtype(goal) and goal.nunique() > 10
    coded = pd.DataFrame({c: frame[c].astype(float) if pd.api.types.is_numeric_dtype(frame[c])
                          else frame[c].astype(str).astype("category").cat.codes for c in frame})
    coded = coded.fillna(coded.median()).fillna(0.0)
    y = goal.to_numpy(float) if number else goal.astype(str).to_numpy()
    x = coded.to_numpy(float)
    drops, scores = [], []
    for train, test in KFold(3, shuffle=True, random_state=0).split(x):
        kind = RandomForestRegressor if number else RandomForestClassifier
        model = kind(50, random_state=0, min_samples_leaf=3).fit(x[train], y[train])
        scores.append(model.score(x[test], y[test]))
        drops.append(permutation_importance(model, x[test], y[test], n_repeats=4, random_state=0).importances)
    each = np.concatenate(drops, axis=1)
    information = (mutual_info_regression if number else mutual_info_classif)(x, y, random_state=0)
    order = np.argsort(-each.mean(1))
    rows = [{"index": int(i), "score": round(float(each[i].mean()), 4), "label": str(coded.columns[i]),
             "spread": round(float(each[i].std()), 4), "mutual_information": round(float(information[i]), 4)}
            for i in order]
    measure = "R²" if number else "accuracy"
    return Result({"rows": rows, "measure": f"loss of {measure} when the column is shuffled",
                   "model_score": round(float(np.mean(scores)), 4)},
                  warnings=["the model predicts little; the ranks mean little"] if np.mean(scores) < 0.1 else [])
