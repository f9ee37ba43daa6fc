"""Every combination of raised fingers, drawn: how many hands are found, and how many fingers are told right."""

from __future__ import annotations

from itertools import product
from typing import Any

from model_registry.catalog_kit import InvalidInput
from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import FINGERS, drawn_hand


def samples() -> dict[str, Any]:
    return {"thumb-and-index.jpg": drawn_hand((1, 1, 0, 0, 0))[0]}


def measure(ask: Ask) -> list[Measure]:
    found, right, all_right = 0, 0, 0
    for raised in product((0, 1), repeat=5):
        try:
            answer = ask(image=drawn_hand(raised)[0]).output["raised"]
        except InvalidInput:
            continue
        same = [(name in answer) == bool(up) for name, up in zip(FINGERS, raised, strict=True)]
        found, right, all_right = found + 1, right + sum(same), all_right + all(same)
    return [Measure("fingers told right on hands found", 100 * right / (5 * found), "%", at_least=88,
                    data="32 drawn hands, all combinations"),
            Measure("hands with all five right", 100 * all_right / found, "%", data="the same", at_least=70),
            Measure("drawn hands found", 100 * found / 32, "%", data="the same", at_least=45)]
