"""Pearson's correlation, Manders' shares above Otsu's thresholds, and the overlap of both masks."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, same_size, to_grey, value_list


def run(request: Request) -> Result:
    first, second = (to_grey(request.input[name]) for name in ("first", "second"))
    same_size(first, second, field="second")
    for field, channel in (("first", first), ("second", second)):
        if channel.std() < 1e-6:
            raise InvalidInput("the channel is one plain value", field=field)
    limits = [cv2.threshold(c, 0, 255, cv2.THRESH_OTSU)[0] for c in (first, second)]
    a, b = first > limits[0], second > limits[1]
    one, two = first.astype(np.float64), second.astype(np.float64)
    values = value_list(
        pearson=round(float(np.corrcoef(one.ravel(), two.ravel())[0, 1]), 4),
        manders_first=round(float(one[a & b].sum() / max(one[a].sum(), 1)), 4),
        manders_second=round(float(two[a & b].sum() / max(two[b].sum(), 1)), 4),
        overlap=round(float((a & b).sum() / max((a | b).sum(), 1)), 4),
        threshold_first=round(float(limits[0]), 1), threshold_second=round(float(limits[1]), 1))
    return Result({"values": values}, warnings=["research use, not for diagnosis"])
