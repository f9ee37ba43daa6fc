"""Structure tensor at a scale; each place votes for its direction by its energy and coherence."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, at_least, to_grey, value_list


def run(request: Request) -> Result:
    at_least(request.input["image"], 16)
    scale = float(request.parameters["scale"])
    soft = cv2.GaussianBlur(to_grey(request.input["image"]).astype(np.float32), (0, 0), scale / 2)
    across, down = (cv2.Scharr(soft, cv2.CV_32F, *d) for d in ((1, 0), (0, 1)))
    xx, yy, xy = (cv2.GaussianBlur(v, (0, 0), scale * 2) for v in (across**2, down**2, across * down))
    energy = xx + yy
    if float(energy.max()) < 1:
        raise InvalidInput("the picture has no texture", field="image")
    doubled = (xx - yy) + 2j * xy  # twice the angle of the gradient
    total = doubled.sum() / energy.sum()
    angle = (np.rad2deg(np.angle(total)) / 2 + 90) % 180  # fibres run across the gradient
    angle = (180 - angle) % 180  # rows count downwards
    each = (180 - (np.rad2deg(np.angle(doubled)) / 2 + 90)) % 180
    shares = np.bincount((each / 15).astype(int).ravel() % 12, energy.ravel(), 12) / energy.sum()
    values = value_list(direction=(round(float(angle), 2), "°"), agreement=round(float(abs(total)), 4),
                        spread=(round(float(np.rad2deg(np.sqrt(-2 * np.log(max(abs(total), 1e-9))) / 2)), 2), "°"))
    values += [{"name": f"share {15 * i}…{15 * i + 15}°", "value": round(float(s), 4)} for i, s in enumerate(shares)]
    return Result({"values": values})
