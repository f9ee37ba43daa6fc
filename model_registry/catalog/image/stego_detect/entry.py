"""Sample pair analysis: random lowest bits shift the balance of pairs of neighbours; the shift gives the amount."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, check


def run(request: Request) -> Result:
    image, threshold = request.input["image"], float(request.parameters["threshold"])
    at_least(image, 32)
    shares = {name: round(_hidden(image[..., i]), 4) for i, name in enumerate(("red", "green", "blue"))}
    mean = round(float(np.mean(list(shares.values()))), 4)
    return Result({"verdict": "hidden data likely" if mean > threshold else "no sign of hidden data", "score": mean,
                   "checks": [check(name, share <= threshold, share, "estimated share of replaced lowest bits")
                              for name, share in shares.items()]})


def _hidden(plane: np.ndarray) -> float:
    """The estimated share of pixels whose lowest bit carries a message, 0…1."""
    values = plane.astype(np.int32)
    pairs = [np.stack([values[:, :-1].ravel(), values[:, 1:].ravel()]),
             np.stack([values[:-1].ravel(), values[1:].ravel()])]
    u, v = np.concatenate(pairs, axis=1)
    even = v % 2 == 0
    x = int((((even) & (u < v)) | (~even & (u > v))).sum())
    y = int((((even) & (u > v)) | (~even & (u < v))).sum())
    z = int((u == v).sum())
    w = int(((u // 2 == v // 2) & (u != v)).sum())
    a, b, c = 0.5 * (w + z), 2 * x - u.size, y - x
    if a <= 0:
        return 0.0
    root = b * b - 4 * a * c
    found = (-b - np.sqrt(max(root, 0.0))) / (2 * a)
    return float(np.clip(found, 0, 1))
