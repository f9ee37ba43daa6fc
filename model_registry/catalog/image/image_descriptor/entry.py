"""256 numbers: colour by thirds of the picture, local binary patterns, and directions of gradients on a 3 × 3 grid."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result

SIDE = 192


def run(request: Request) -> Result:
    vectors = [_describe(image) for image in request.input["images"]]
    return Result({"dimensions": len(vectors[0]), "embeddings": [[round(float(v), 5) for v in x] for x in vectors]})


def _describe(image: np.ndarray) -> np.ndarray:
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    parts = [(_colour(small), 1.0), (_patterns(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)), 1.0),
             (_directions(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)), 0.7)]
    whole = np.concatenate([w * np.sqrt(p / max(p.sum(), 1e-9)) for p, w in parts])
    return whole / max(float(np.linalg.norm(whole)), 1e-9)


def _colour(image: np.ndarray) -> np.ndarray:
    """10 hues × 4 saturations × 3 brightnesses."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    return cv2.calcHist([hsv], [0, 1, 2], None, [10, 4, 3], [0, 180, 0, 256, 0, 256]).ravel()


def _patterns(grey: np.ndarray) -> np.ndarray:
    """Uniform local binary patterns at two scales, 2 × 32 bins."""
    found = []
    for reach in (1, 3):
        soft = cv2.GaussianBlur(grey, (0, 0), reach / 2).astype(np.int16)
        inner = soft[reach:-reach, reach:-reach]
        code = np.zeros(inner.shape, np.uint8)
        steps = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))
        for bit, (dy, dx) in enumerate(steps):
            moved = soft[reach + dy * reach:SIDE - reach + dy * reach, reach + dx * reach:SIDE - reach + dx * reach]
            code |= ((moved >= inner).astype(np.uint8) << bit)
        ones = np.unpackbits(code.reshape(-1, 1), axis=1)
        jumps = (ones != np.roll(ones, 1, axis=1)).sum(1)
        many, jumps = ones.sum(1).astype(int), jumps.astype(int)
        label = np.where(jumps <= 2, many, 9 + np.minimum(jumps, 8) // 2 + 5 * (many > 4))
        found.append(np.bincount(label, minlength=32)[:32].astype(np.float32))
    return np.concatenate(found)


def _directions(grey: np.ndarray) -> np.ndarray:
    """8 directions of gradient in each of 3 × 3 cells."""
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *d) for d in ((1, 0), (0, 1)))
    size, angle = cv2.cartToPolar(across, down)
    bins = (angle / (2 * np.pi) * 8).astype(int) % 8
    cell = SIDE // 3
    return np.concatenate([
        np.bincount(bins[y:y + cell, x:x + cell].ravel(), size[y:y + cell, x:x + cell].ravel(), 8)
        for y in range(0, SIDE, cell) for x in range(0, SIDE, cell)])
