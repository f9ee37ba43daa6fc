"""QR, Data Matrix, Aztec, PDF417 and the usual linear codes, by ZXing."""

from __future__ import annotations

import zxingcpp

from model_registry.catalog_kit import Request, Result


def run(request: Request) -> Result:
    image = request.input["image"]
    height, width = image.shape[:2]
    codes = []
    for found in zxingcpp.read_barcodes(image):
        corners = (found.position.top_left, found.position.top_right, found.position.bottom_right,
                   found.position.bottom_left)  # fmt: skip
        codes.append({
            "format": found.format.name,
            "text": found.text,
            "polygon": [[point.x, point.y] for point in corners],
        })
    return Result({"width": width, "height": height, "codes": codes}, warnings=[] if codes else ["no code found"])
