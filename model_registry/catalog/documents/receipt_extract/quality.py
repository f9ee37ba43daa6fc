"""Drawn receipts with known items."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import text_page

GOODS = ("Whole milk", "Rye bread", "Bananas", "Coffee beans", "Olive oil", "Dish soap", "Pencils", "Notebook",
         "Butter")


def receipt(seed: int) -> tuple[np.ndarray, list[tuple[str, float]], float]:
    rng = np.random.default_rng(seed)
    chosen = [GOODS[i] for i in rng.permutation(len(GOODS))[:5]]
    items = [(name, round(float(rng.uniform(0.5, 25)), 2)) for name in chosen]
    total = round(sum(price for _, price in items), 2)
    lines = [(120, 20, "CORNER MARKET"), (40, 60, "Date 2024-06-0" + str(1 + seed % 9))]
    for row, (name, price) in enumerate(items):
        lines += [(40, 110 + 36 * row, name), (360, 110 + 36 * row, f"{price:.2f}")]
    low = 120 + 36 * len(items)
    lines += [(40, low, "TOTAL"), (360, low, f"{total:.2f}"), (40, low + 36, "CASH"), (360, low + 36, "100.00")]
    return text_page(lines, (480, low + 90), 24), items, total


def samples() -> dict[str, Any]:
    return {"receipt.png": receipt(3)[0]}


def measure(ask: Ask) -> list[Measure]:
    right = wanted = totals = 0
    for seed in range(4):
        picture, items, total = receipt(seed)
        output = ask(image=picture).output
        found = {(row["item"], row["amount"]) for row in output["rows"]}
        right, wanted = right + len(found & set(items)), wanted + len(items)
        totals += output["summary"]["total"] == total and len(output["rows"]) == len(items)
    return [Measure("items read exactly", 100 * right / wanted, "%", data="four drawn receipts of five items",
                    at_least=90),
            Measure("receipts with the right total and number of items", 100 * totals / 4, "%", at_least=75)]
