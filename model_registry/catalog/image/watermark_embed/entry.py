"""Moves two DCT coefficients of each block to the nearest value whose parity is the bit."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, image_result
from model_registry.catalog_kit.watermark import BITS, MOST_BYTES, PLACES, blocks, capacity, pack, spread, transform


def run(request: Request) -> Result:
    image, text = request.input["image"], request.input["text"]
    if len(text.encode()) > MOST_BYTES:
        raise InvalidInput(f"the text has {len(text.encode())} bytes; at most {MOST_BYTES} fit", field="text")
    copies = capacity(image.shape)
    if copies < 3:
        raise InvalidInput("the picture is too small for a mark; 160 × 160 pixels are needed", field="image")
    step = float(request.parameters["strength"])
    space = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    matrix = transform()
    turned = matrix @ blocks(space[..., 0]).astype(np.float64) @ matrix.T
    carried = np.stack([turned[:, u, v] for u, v in PLACES], 1).ravel()
    wanted = pack(text)[spread(len(carried), request.parameters["key"])]
    level = np.round((carried / step - wanted) / 2) * 2 + wanted
    carried = (level * step).reshape(-1, len(PLACES))
    for i, (u, v) in enumerate(PLACES):
        turned[:, u, v] = carried[:, i]
    high, wide = (n // 8 * 8 for n in image.shape[:2])
    back = (matrix.T @ turned @ matrix).reshape(high // 8, wide // 8, 8, 8).swapaxes(1, 2).reshape(high, wide)
    space[:high, :wide, 0] = back
    marked = cv2.cvtColor(np.clip(np.rint(space), 0, 255).astype(np.uint8), cv2.COLOR_YCrCb2RGB)
    error = float(np.mean((marked.astype(np.float64) - image) ** 2))
    return image_result(marked, {"bits": BITS, "copies": round(copies, 1),
                                 "psnr_db": round(float(10 * np.log10(255**2 / max(error, 1e-9))), 2)})
