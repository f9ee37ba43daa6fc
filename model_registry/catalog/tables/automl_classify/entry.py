"""The best of five classifiers by cross-validated log loss, and its scores on new rows."""

from __future__ import annotations

import warnings as silenced

import numpy as np
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.columns import Columns, take_target

MODELS = {
    "logistic regression": LogisticRegression(max_iter=2000),
    "random forest": RandomForestClassifier(60, random_state=0),
    "extra trees": ExtraTreesClassifier(60, random_state=0),
    "gradient boosting": HistGradientBoostingClassifier(max_iter=40, random_state=0),
    "nearest neighbours": KNeighborsClassifier(15),
}


def run(request: Request) -> Result:
    frame, goal = take_target(request.input["table"], request.parameters["target"])
    y = goal.astype(str)
    counts = y.value_counts()
    if not 2 <= len(counts) <= 10 or counts.min() < 5:
        raise InvalidInput("the target needs 2 to 10 classes with at least 5 rows each", field="table")
    if frame.shape[1] == 0:
        raise InvalidInput("there is no column to learn from", field="table")
    columns = Columns(frame)
    folds = StratifiedKFold(min(5, int(counts.min())), shuffle=True, random_state=0)
    board, found = [], {}
    with silenced.catch_warnings():
        silenced.simplefilter("ignore")
        for name, model in {"majority": DummyClassifier(strategy="prior"), **MODELS}.items():
            pipeline = make_pipeline(columns.prepare(), clone(model))
            chances = cross_val_predict(pipeline, columns.frame, y, cv=folds, method="predict_proba")
            classes = sorted(counts.index)
            picked = np.array(classes)[chances.argmax(1)]
            entry = {
                "model": name,
                "log_loss": round(float(log_loss(y, chances, labels=classes)), 4),
                "accuracy": round(float(accuracy_score(y, picked)), 4),
            }
            if len(classes) == 2:
                entry["roc_auc"] = round(float(roc_auc_score(y == classes[1], chances[:, 1])), 4)
            board.append(entry)
            found[name] = (pipeline, chances)
        best = min(board, key=lambda b: b["log_loss"])["model"]
        pipeline, chances = found[best]
        new = request.input["rows"]
        if new is not None:
            chances = pipeline.fit(columns.frame, y).predict_proba(columns.of(new))
    rows = [
        {"index": i, "score": round(float(c.max()), 4), "label": classes[int(c.argmax())]}
        for i, c in enumerate(chances)
    ]
    notes = ["no model beats the majority: the columns tell nothing about the target"] if best == "majority" else []
    return Result(
        {
            "rows": rows,
            "best": best,
            "models": sorted(board, key=lambda b: b["log_loss"]),
            "scored": "new rows" if new is not None else "the table itself, by cross-validation",
        },
        warnings=notes,
    )
