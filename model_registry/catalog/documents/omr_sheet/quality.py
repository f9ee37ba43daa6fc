"""Drawn sheets in one and two columns with known answers, blanks and double marks, under noise."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def sheet(seed: int, columns: int = 1) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    page = np.full((560, 120 + 260 * columns), 250, np.uint8)
    answers = []
    for column in range(columns):
        for row in range(10):
            kind = rng.random()
            marked = set(rng.choice(4, 2 if kind > 0.9 else 0 if kind > 0.8 else 1, replace=False).tolist())
            answers.append("".join(chr(65 + i) for i in sorted(marked)))
            for i in range(4):
                centre = (80 + 260 * column + 45 * i, 40 + 50 * row)
                cv2.circle(page, centre, 14, 20, 2)
                if i in marked:
                    cv2.circle(page, centre, 12, int(rng.integers(30, 80)), -1)
            cv2.putText(page, str(row + 1), (20 + 260 * column, 48 + 50 * row), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 20, 2)
    return np.clip(page + rng.normal(0, 6, page.shape), 0, 255).astype(np.uint8), answers


def samples() -> dict[str, Any]:
    return {"sheet.png": sheet(1)[0]}


def measure(ask: Ask) -> list[Measure]:
    right = total = 0
    for seed, columns in ((0, 1), (1, 1), (2, 2), (3, 2)):
        page, answers = sheet(seed, columns)
        found = [row["answer"] for row in ask(image=page).output["rows"]]
        right += sum(a == b for a, b in zip(answers, found, strict=False)) if len(found) == len(answers) else 0
        total += len(answers)
    return [Measure("questions read exactly", 100 * right / total, "%", at_least=98,
                    data="four drawn sheets, 60 questions with blanks and double marks, noise 6")]
