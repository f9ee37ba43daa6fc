"""Recency, frequency and money in fifths, and the usual names of their corners."""

from __future__ import annotations

import pandas as pd

from model_registry.catalog_kit import InvalidInput, Request, Result


def segment(r: int, f: int) -> str:
    if r >= 4:
        return "champions" if f >= 4 else "promising" if f >= 2 else "new"
    if r == 3:
        return "loyal" if f >= 4 else "needs attention"
    return "can't lose" if f >= 4 else "at risk" if f >= 2 else "lost"


def run(request: Request) -> Result:
    frame = pd.DataFrame(request.input["orders"])
    frame["date"] = pd.to_datetime(frame["date"], format="%Y-%m-%d", errors="coerce")
    frame["amount"] = pd.to_numeric(frame["amount"], errors="coerce")
    for column in ("date", "amount"):
        if frame[column].isna().any():
            i = int(frame[column].isna().idxmax())
            raise InvalidInput(
                "not a date YYYY-MM-DD" if column == "date" else "must be a number", field=f"/input/orders/{i}/{column}"
            )
    frame["customer"] = frame["customer"].astype(str)
    today = frame["date"].max()
    found = frame.groupby("customer", sort=True).agg(
        last=("date", "max"), orders=("date", "size"), money=("amount", "sum")
    )
    found["days"] = (today - found["last"]).dt.days
    ranks = pd.DataFrame(
        {
            "r": (-found["days"]).rank(pct=True, method="average"),
            "f": found["orders"].rank(pct=True, method="average"),
            "m": found["money"].rank(pct=True, method="average"),
        }
    )
    fifths = (ranks * 5).apply(lambda c: c.clip(upper=4.999).astype(int) + 1)
    rows = []
    for i, (name, row) in enumerate(found.iterrows()):
        r, f, m = (int(v) for v in fifths.loc[name])
        rows.append(
            {
                "index": i,
                "customer": str(name),
                "score": r + f + m,
                "label": segment(r, f),
                "recency": r,
                "frequency": f,
                "money": m,
                "days_since": int(row["days"]),
                "orders": int(row["orders"]),
                "spent": round(float(row["money"]), 2),
            }
        )
    sizes = pd.Series([r["label"] for r in rows]).value_counts()
    return Result(
        {
            "rows": sorted(rows, key=lambda r: (-r["score"], r["customer"])),
            "as_of": today.date().isoformat(),
            "segments": [{"name": str(n), "customers": int(k)} for n, k in sorted(sizes.items())],
        }
    )
