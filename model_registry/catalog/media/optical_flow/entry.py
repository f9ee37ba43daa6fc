"""Dense inverse search; the answer shows direction as hue and speed as brightness."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, image_result, same_size, to_grey

PRESETS = {"ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST, "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
           "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM}


def run(request: Request) -> Result:
    first, second = (to_grey(request.input[name]) for name in ("image", "next"))
    same_size(first, second, field="next")
    at_least(first, 24)
    flow = cv2.DISOpticalFlow_create(PRESETS[request.parameters["quality"]]).calc(first, second, None)
    speed, angle = cv2.cartToPolar(flow[..., 0], flow[..., 1])
    fastest = float(np.percentile(speed, 99))
    hsv = np.stack([angle * 90 / np.pi, np.full_like(angle, 255), np.clip(speed / max(fastest, 0.5), 0, 1) * 255], -1)
    shown = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)
    x, y = (float(np.median(flow[..., i])) for i in (0, 1))
    return image_result(shown, {"median_x": round(x, 3), "median_y": round(y, 3),
                                "mean_speed": round(float(speed.mean()), 3),
                                "speed_99": round(fastest, 3)})
