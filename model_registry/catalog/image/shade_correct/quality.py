"""Objects on an even ground under light of known fall-off."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    even = np.full((240, 320), 170, np.float32)
    truth = np.zeros((240, 320), np.uint8)
    for x in range(30, 320, 52):
        for y in range(30, 240, 60):
            cv2.circle(truth, (x, y), 14, 1, -1)
    even[truth > 0] = 105
    y, x = np.mgrid[:240, :320]
    light = 1.15 - 0.75 * ((x - 60) / 320) ** 2 - 0.35 * (y / 240)
    noise = np.random.default_rng(0).normal(0, 2, even.shape)
    return np.clip(even * light + noise, 0, 255).astype(np.uint8), truth, light


def samples() -> dict[str, Any]:
    return {"shaded.png": scene()[0]}


def spread(picture: np.ndarray, truth: np.ndarray) -> float:
    ground = picture[cv2.dilate(truth, np.ones((3, 3))) == 0]
    return float(100 * ground.std() / ground.mean())


def right(picture: np.ndarray, truth: np.ndarray) -> float:
    _, dark = cv2.threshold(picture, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    return float((dark == truth).mean() * 100)


def measure(ask: Ask) -> list[Measure]:
    picture, truth, _ = scene()
    made = {m: ask(image=picture, parameters={"model": m}).image()[..., 0] for m in ("polynomial", "background")}
    return [Measure("spread of the ground after", spread(made["polynomial"], truth), "%", at_most=4,
                    data="24 discs under light falling to a half"),
            Measure("spread before", spread(picture, truth), "%", data="the same"),
            Measure("pixels told right by one threshold after", right(made["polynomial"], truth), "%", at_least=98),
            Measure("the same with the background model", right(made["background"], truth), "%", at_least=95),
            Measure("before", right(picture, truth), "%")]
