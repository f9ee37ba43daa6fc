"""Drawn tables with known cells."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import text_page

TABLES = (
    [["Part", "Quantity", "Price"], ["Bolt M8", "120", "0.35"], ["Bearing 6204", "14", "7.90"], ["Gear", "3", "41.20"]],
    [["City", "January", "July", "Rain"], ["Oslo", "-4.3", "17.7", "763"], ["Rome", "7.5", "24.8", "804"],
     ["Cairo", "13.6", "28.0", "18"], ["Lima", "23.2", "17.1", "16"]],
)


def drawn(cells: list[list[str]], noise: float = 0) -> np.ndarray:
    wide, high = 180, 52
    page = text_page([(20 + 12 + c * wide, 20 + 12 + r * high, text) for r, row in enumerate(cells)
                      for c, text in enumerate(row)], (40 + wide * len(cells[0]), 40 + high * len(cells)), 22).copy()
    for r in range(len(cells) + 1):
        cv2.line(page, (20, 20 + r * high), (20 + wide * len(cells[0]), 20 + r * high), (0, 0, 0), 2)
    for c in range(len(cells[0]) + 1):
        cv2.line(page, (20 + c * wide, 20), (20 + c * wide, 20 + high * len(cells)), (0, 0, 0), 2)
    noisy = page + np.random.default_rng(0).normal(0, noise, page.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def samples() -> dict[str, Any]:
    return {"table.png": drawn(TABLES[0])}


def measure(ask: Ask) -> list[Measure]:
    right = total = 0
    for cells in TABLES:
        for noise in (0, 12):
            output = ask(image=drawn(cells, noise)).output
            found = [output["columns"], *[list(row.values()) for row in output["rows"]]]
            for wanted, got in zip(cells, found, strict=False):
                right += sum(a == b for a, b in zip(wanted, got, strict=False))
            total += sum(map(len, cells))
    return [Measure("cells read exactly", 100 * right / total, "%", data="two drawn tables, plain and with noise 12",
                    at_least=92)]
