"""Customers whose place is clear by construction."""

from __future__ import annotations

from datetime import date, timedelta

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    end, orders = date(2026, 6, 30), []
    for i in range(50):
        for k in range(1 + i // 5):
            orders.append(
                {"customer": f"c{i:02d}", "date": str(end - timedelta(days=(49 - i) * 5 + 20 * k)), "amount": 10.0}
            )
    rows = {r["customer"]: r for r in ask(orders=orders).output["rows"]}
    wrong = sum(
        rows[f"c{i:02d}"]["days_since"] != (49 - i) * 5 or rows[f"c{i:02d}"]["orders"] != 1 + i // 5 for i in range(50)
    )
    wrong += rows["c49"]["label"] != "champions"
    wrong += rows["c00"]["label"] != "lost"
    wrong += sum(rows[f"c{i:02d}"]["recency"] < rows[f"c{i - 1:02d}"]["recency"] for i in range(1, 50))
    return [Measure("customers misplaced", wrong, "of 50", data="50 customers in a known order", at_most=0)]
