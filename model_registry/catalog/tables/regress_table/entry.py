"""The best of four regressions by cross-validation, with intervals from held-out residuals."""

from __future__ import annotations

import warnings as silenced

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.columns import Columns, take_target

MODELS = {
    "ridge regression": RidgeCV(np.logspace(-3, 3, 13)),
    "random forest": RandomForestRegressor(60, random_state=0),
    "gradient boosting": HistGradientBoostingRegressor(max_iter=60, random_state=0),
    "nearest neighbours": KNeighborsRegressor(8),
}


def run(request: Request) -> Result:
    level = request.parameters["level"]
    frame, goal = take_target(request.input["table"], request.parameters["target"])
    y = pd.to_numeric(goal, errors="coerce")
    frame, y = frame[y.notna()], y[y.notna()].astype(float)
    if len(y) < 20 or frame.shape[1] == 0 or float(y.std()) == 0:
        raise InvalidInput("at least 20 rows with a number that varies, and a column to learn from", field="table")
    columns = Columns(frame)
    board, found = [], {}
    with silenced.catch_warnings():
        silenced.simplefilter("ignore")
        for name, model in {"mean": DummyRegressor(), **MODELS}.items():
            pipeline = make_pipeline(columns.prepare(), clone(model))
            guess = cross_val_predict(pipeline, columns.frame, y, cv=KFold(5, shuffle=True, random_state=0))
            error = y.to_numpy() - guess
            board.append(
                {
                    "model": name,
                    "mean_absolute_error": round(float(np.abs(error).mean()), 6),
                    "r2": round(float(1 - (error**2).sum() / ((y - y.mean()) ** 2).sum()), 4),
                }
            )
            found[name] = (pipeline, guess, error)
        best = min(board, key=lambda b: b["mean_absolute_error"])["model"]
        pipeline, guess, error = found[best]
        new = request.input["rows"]
        if new is not None:
            guess = pipeline.fit(columns.frame, y).predict(columns.of(new))
    rank = min(int(np.ceil(level * (len(error) + 1))), len(error)) - 1
    half = float(np.sort(np.abs(error))[rank])
    rows = [
        {
            "index": i,
            "score": round(float(v), 6),
            "lower": round(float(v) - half, 6),
            "upper": round(float(v) + half, 6),
        }
        for i, v in enumerate(guess)
    ]
    notes = ["no model beats the mean: the columns tell nothing about the target"] if best == "mean" else []
    return Result(
        {
            "rows": rows,
            "best": best,
            "models": sorted(board, key=lambda b: b["mean_absolute_error"]),
            "scored": "new rows" if new is not None else "the table itself, by cross-validation",
        },
        warnings=notes,
    )
