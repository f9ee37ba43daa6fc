"""Drawn pages with round and square stamps at known places, over text, and pages without."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit import Box, iou
from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import text_page


def page(seed: int, stamps: int) -> tuple[np.ndarray, list[tuple[Box, str]]]:
    rng = np.random.default_rng(seed)
    paper = text_page([(30, 30 + 40 * i, f"Clause {i}: the parties agree on item {i}.") for i in range(9)], (620, 420),
                      22)
    ink, truth = np.zeros(paper.shape[:2], np.uint8), []
    for number in range(stamps):
        x, y = int(80 + number * 270 + rng.integers(0, 80)), int(110 + rng.integers(0, 180))
        if number % 2 == 0:
            cv2.circle(ink, (x, y), 55, 255, 4)
            cv2.circle(ink, (x, y), 14, 255, -1)
            for turn in range(0, 360, 30):
                px, py = x + 38 * np.cos(np.deg2rad(turn)), y + 38 * np.sin(np.deg2rad(turn))
                cv2.circle(ink, (int(px), int(py)), 5, 255, -1)
            truth.append((Box(x - 57, y - 57, 114, 114), "round"))
        else:
            cv2.rectangle(ink, (x - 50, y - 30), (x + 50, y + 30), 255, 4)
            cv2.putText(ink, "PAID", (x - 38, y + 10), cv2.FONT_HERSHEY_SIMPLEX, 1, 255, 3)
            truth.append((Box(x - 52, y - 32, 104, 64), "rectangular"))
    worn = ink * (rng.random(ink.shape) > 0.15)
    made = np.where(worn[..., None] > 0, (paper * 0.3 + np.array((200, 30, 40)) * 0.7), paper)
    return np.clip(made + rng.normal(0, 4, made.shape), 0, 255).astype(np.uint8), truth


def samples() -> dict[str, Any]:
    return {"stamped.jpg": page(0, 2)[0]}


def measure(ask: Ask) -> list[Measure]:
    found = total = shapes = false = 0
    for seed in range(5):
        picture, truth = page(seed, 2)
        boxes = [(Box(b["x"], b["y"], b["width"], b["height"]), b["label"]) for b in ask(image=picture).output["boxes"]]
        for wanted, shape in truth:
            best = max(boxes, key=lambda b: iou(b[0], wanted), default=(Box(0, 0, 0, 0), ""))
            found += iou(best[0], wanted) > 0.7
            shapes += best[1] == shape
        total += len(truth)
        false += len(ask(image=page(seed, 0)[0]).output["boxes"])
    return [Measure("stamps found (IoU > 0.7)", 100 * found / total, "%", data="five drawn pages with two stamps",
                    at_least=95),
            Measure("shapes told right", 100 * shapes / total, "%", data="the same", at_least=90),
            Measure("stamps on pages without any", false, data="five pages", at_most=0)]
