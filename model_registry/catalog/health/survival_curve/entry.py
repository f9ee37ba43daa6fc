"""Kaplan–Meier with Greenwood's log-log intervals, log-rank, and Cox's model on further columns (statsmodels)."""

from __future__ import annotations

import warnings as silenced

import numpy as np
import pandas as pd
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    frame, by = pd.DataFrame(request.input["table"]), request.parameters["group"]
    for column in ("time", "event"):
        frame[column] = pd.to_numeric(frame[column], errors="coerce")
        if frame[column].isna().any():
            raise InvalidInput("must be a number", field=f"/input/table/{int(frame[column].isna().idxmax())}/{column}")
    if (frame["time"] < 0).any() or not set(frame["event"].unique()) <= {0, 1} or not frame["event"].any():
        raise InvalidInput("times must be zero or more, events 0 or 1, with at least one event", field="table")
    groups = frame[by].astype(str) if by in frame else pd.Series("all", frame.index)
    if groups.nunique() > 10:
        raise InvalidInput("at most 10 groups", field="table")
    rows, medians = [], {}
    for name, part in frame.groupby(groups, sort=True):
        curve = SurvfuncRight(part["time"], part["event"])
        alive, error = np.asarray(curve.surv_prob), np.asarray(curve.surv_prob_se)
        below = np.flatnonzero(alive <= 0.5)
        medians[str(name)] = float(curve.surv_times[below[0]]) if len(below) else None
        for t, s, e, n in zip(curve.surv_times, alive, error, curve.n_risk, strict=True):
            half = 1.96 * e / max(s * abs(np.log(s)), 1e-12) if 0 < s < 1 else 0.0
            low, high = (s ** np.exp(half), s ** np.exp(-half)) if 0 < s < 1 else (s, s)
            rows.append(
                {
                    "group": str(name),
                    "time": float(t),
                    "survival": round(float(s), 6),
                    "lower": round(float(low), 6),
                    "upper": round(float(high), 6),
                    "at_risk": int(n),
                }
            )
    summary: dict[str, object] = {"medians": medians}
    warnings = []
    with silenced.catch_warnings():
        silenced.simplefilter("ignore")
        if groups.nunique() > 1:
            statistic, p = survdiff(frame["time"].to_numpy(), frame["event"].to_numpy(), groups.to_numpy())
            summary["log_rank"] = {"statistic": round(float(statistic), 6), "p": float(f"{float(p):.6g}")}
        x = (
            pd.get_dummies(frame.drop(columns=["time", "event"]), drop_first=True)
            .apply(pd.to_numeric, errors="coerce")
            .astype(float)
        )
        x = x.fillna(x.mean()).loc[:, lambda d: d.std() > 0]
        if 0 < x.shape[1] <= min(20, int(frame["event"].sum()) // 5):
            try:
                fitted = PHReg(frame["time"], x, status=frame["event"], ties="efron").fit()
                summary["hazard_ratios"] = [
                    {
                        "column": c,
                        "ratio": round(float(np.exp(b)), 6),
                        "lower": round(float(np.exp(b - 1.96 * s)), 6),
                        "upper": round(float(np.exp(b + 1.96 * s)), 6),
                        "p": float(f"{p:.4g}"),
                    }
                    for c, b, s, p in zip(x.columns, fitted.params, fitted.bse, fitted.pvalues, strict=True)
                ]
            except (np.linalg.LinAlgError, ValueError):
                warnings.append("Cox's model does not fit these columns")
        elif x.shape[1]:
            warnings.append("too few events for Cox's model: five for each column are needed")
    return Result(
        {
            "columns": ["group", "time", "survival", "lower", "upper", "at_risk"],
            "rows": rows[:4000],
            "summary": summary,
        },
        warnings=warnings,
    )
