"""Drawn gears with known numbers of teeth, some with teeth broken off."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def gear(teeth: int, broken: tuple[int, ...] = (), seed: int = 0) -> np.ndarray:
    rng, angles = np.random.default_rng(seed), np.linspace(0, 2 * np.pi, 4000, endpoint=False) + seed * 0.13
    number = ((angles - seed * 0.13) / (2 * np.pi) * teeth).astype(int)
    phase = (angles - seed * 0.13) / (2 * np.pi) * teeth % 1
    tall = (np.abs(phase - 0.5) < 0.27) & ~np.isin(number, broken)
    reach = 118 + 16 * tall
    points = np.stack([170 + reach * np.cos(angles), 165 + reach * np.sin(angles)], -1)
    picture = np.full((330, 340), 210, np.uint8)
    cv2.fillPoly(picture, [points.round().astype(np.int32)], 70)
    cv2.circle(picture, (170, 165), 25, 210, -1)
    noisy = cv2.GaussianBlur(picture, (0, 0), 1) + rng.normal(0, 6, picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def samples() -> dict[str, Any]:
    return {"gear.png": gear(24, (5,))}


def facts(ask: Ask, picture: np.ndarray) -> tuple[int, int]:
    checks = {c["name"]: c["value"] for c in ask(image=picture).output["checks"]}
    return checks["teeth"], checks["no gap"]


def measure(ask: Ask) -> list[Measure]:
    whole = [facts(ask, gear(n, (), i)) == (n, 0) for i, n in enumerate((8, 12, 17, 24, 36, 48))]
    hurt = [facts(ask, gear(n, b, i)) == (n - len(b), len(b)) for i, (n, b) in
            enumerate(((24, (5,)), (36, (2, 20)), (17, (9,)), (12, (3, 4))))]
    return [Measure("whole gears counted exactly", 100 * float(np.mean(whole)), "%",
                    data="six drawn gears of 8 to 48 teeth",
                    at_least=100),
            Measure("missing teeth counted exactly", 100 * float(np.mean(hurt)), "%", at_least=75,
                    data="four drawn gears with one or two teeth broken off")]
