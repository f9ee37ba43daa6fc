"""Drawn pages with a heading, two columns, a photograph and a rule at known places."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit import Box, iou
from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import text_page

WORDS = ["the", "river", "rose", "again", "and", "took", "the", "old", "bridge", "with", "it", "while", "people",
         "watched", "from", "the", "hill"]


def page(seed: int) -> tuple[np.ndarray, list[tuple[Box, str]]]:
    rng = np.random.default_rng(seed)
    heading = text_page([(40, 30, "Water over the town")], (760, 640), 40)
    lines = [(x, y, " ".join(rng.choice(WORDS, 4))) for x in (40, 410) for y in range(120, 380, 30)]
    paper = np.minimum(heading, text_page(lines, (760, 640), 20)).copy()
    photo = cv2.resize(skimage.data.coffee(), (300, 180), interpolation=cv2.INTER_AREA)
    paper[430:610, 60:360] = photo
    cv2.line(paper, (410, 520), (720, 520), (0, 0, 0), 3)
    truth = [(ink_box(heading), "heading"), (Box(60, 430, 300, 180), "picture"), (Box(409, 518, 313, 5), "line")]
    for x in (40, 410):
        column = text_page([item for item in lines if item[0] == x], (760, 640), 20)
        truth.append((ink_box(column), "text"))
    return paper, truth


def ink_box(paper: np.ndarray) -> Box:
    rows, columns = (paper[..., 0] < 128).nonzero()
    return Box(columns.min(), rows.min(), float(np.ptp(columns)) + 1, float(np.ptp(rows)) + 1)


def samples() -> dict[str, Any]:
    return {"page.jpg": page(0)[0]}


def measure(ask: Ask) -> list[Measure]:
    found = total = extra = 0
    for seed in range(4):
        picture, truth = page(seed)
        boxes = [(Box(b["x"], b["y"], b["width"], b["height"]), b["label"]) for b in ask(image=picture).output["boxes"]]
        for wanted, label in truth:
            least = 0.25 if label == "line" else 0.7
            found += any(name == label and iou(box, wanted) > least for box, name in boxes)
        total += len(truth)
        extra += max(0, len(boxes) - len(truth))
    return [Measure("blocks found with the right name", 100 * found / total, "%", at_least=90,
                    data="four drawn pages of five blocks"),
            Measure("blocks too many", extra, data="the same", at_most=4)]
