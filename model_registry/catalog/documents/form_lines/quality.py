"""Text over ruled paper and in boxes: lines gone, strokes kept, pixel by pixel."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import text_page


def form() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    text = text_page([(40, 40 + 60 * i, t) for i, t in enumerate(("Surname: Eriksson", "Given names: Anna",
                                                                  "City: Göteborg",
                                                                  "Date: 17.05.2024"))], (560, 300), 26)
    lined = text.copy()
    for y in range(70, 300, 60):
        cv2.line(lined, (20, y), (540, y), (60, 60, 60), 2)
    for x in (20, 250, 540):
        cv2.line(lined, (x, 20), (x, 280), (60, 60, 60), 2)
    rules = (lined[..., 0] < 128) & (text[..., 0] >= 200)
    return lined, text[..., 0] < 128, rules


def samples() -> dict[str, Any]:
    return {"form.png": form()[0]}


def measure(ask: Ask) -> list[Measure]:
    lined, strokes, rules = form()
    answer = ask(image=lined)
    made = answer.image()[..., 0] < 150
    return [Measure("pixels of lines taken out", 100 * float((~made[rules]).mean()), "%", data="a drawn form",
                    at_least=93),
            Measure("pixels of writing kept", 100 * float(made[strokes].mean()), "%", data="the same", at_least=92),
            Measure("lines counted for 7", answer.values["horizontal"] + answer.values["vertical"], at_least=7,
                    at_most=10)]
