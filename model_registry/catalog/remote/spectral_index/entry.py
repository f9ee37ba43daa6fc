"""(first - second) / (first + second) of each pixel, shown from brown through white to green."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Request, Result, image_result, same_size, to_grey

MEANING = {"ndvi": "vegetation", "ndwi": "water", "nbr": "unburnt", "ndsi": "snow", "custom": "above threshold"}
BROWN, WHITE, GREEN = np.array((140, 81, 10)), np.array((245, 245, 245)), np.array((1, 102, 48))


def run(request: Request) -> Result:
    first, second = (to_grey(request.input[name]).astype(np.float32) for name in ("first", "second"))
    same_size(first, second, field="second")
    total = first + second
    index = np.where(total > 0, (first - second) / np.maximum(total, 1), 0)
    up, down = index.clip(0, 1)[..., None], (-index).clip(0, 1)[..., None]
    shown = WHITE + up * (GREEN - WHITE) + down * (BROWN - WHITE)
    share = float((index >= request.parameters["threshold"]).mean())
    low, middle, high = (round(float(v), 4) for v in np.percentile(index, (5, 50, 95)))
    values = {"mean": round(float(index.mean()), 4), "p5": low, "median": middle, "p95": high,
              "share_above_threshold": round(share, 4), "meaning": MEANING[request.parameters["index"]]}
    return image_result(shown, values)
