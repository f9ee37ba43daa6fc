"""A cut is where histograms of colour and of grid cells jump, and more than around it."""

from __future__ import annotations

import itertools

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result


def run(request: Request) -> Result:
    frames = request.input["frames"]
    described = [_describe(f) for f in frames]
    jumps = [float(np.minimum(1, np.abs(a - b).sum() / 2)) for a, b in itertools.pairwise(described)]
    cuts = []
    for i, jump in enumerate(jumps):
        around = [jumps[j] for j in (i - 2, i - 1, i + 1, i + 2) if 0 <= j < len(jumps)]
        usual = float(np.median(around)) if around else 0.0
        if jump > request.parameters["threshold"] and jump > 2 * usual:
            cuts.append(i + 1)
    edges = [0, *cuts, len(frames)]
    rows = []
    for number, (start, end) in enumerate(itertools.pairwise(edges)):
        middle = np.mean(described[start:end], axis=0)
        key = start + int(np.argmin([np.abs(d - middle).sum() for d in described[start:end]]))
        rows.append({"shot": number, "first_frame": start, "last_frame": end - 1, "key_frame": key,
                     "jump": round(jumps[start - 1], 4) if start else None})
    return Result({"columns": list(rows[0]), "rows": rows, "summary": {"cuts": len(cuts), "frames": len(frames)}})


def _describe(frame: np.ndarray) -> np.ndarray:
    """Histograms of hue and saturation, and of brightness, in 2 × 2 cells."""
    hsv = cv2.cvtColor(cv2.resize(frame, (128, 96), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2HSV)
    parts = []
    for y in (0, 48):
        for x in (0, 64):
            cell = hsv[y:y + 48, x:x + 64]
            parts.append(cv2.calcHist([cell], [0, 1], None, [8, 4], [0, 180, 0, 256]).ravel() / cell[..., 0].size)
            parts.append(cv2.calcHist([cell], [2], None, [8], [0, 256]).ravel() / cell[..., 0].size)
    return np.concatenate(parts) / 8
