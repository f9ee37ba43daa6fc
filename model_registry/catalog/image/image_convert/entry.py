"""Fits a picture into a square and saves it anew; only pixels are written, so no metadata stays."""

from __future__ import annotations

import io

from PIL import Image

from model_registry.catalog_kit import Request, Result, shrink

OPTIONS = {"jpeg": {"optimize": True, "progressive": True}, "webp": {"method": 4}, "png": {"compress_level": 6}}


def run(request: Request) -> Result:
    parameters = request.parameters
    image, factor = shrink(request.input["image"], parameters["longest"])
    kind = parameters["format"]
    out = io.BytesIO()
    Image.fromarray(image).save(out, kind.upper(), quality=parameters["quality"], **OPTIONS[kind])
    result = Result({"width": int(image.shape[1]), "height": int(image.shape[0])})
    result.output["values"] = {"bytes": len(out.getvalue()), "scale": round(factor, 4), "format": kind}
    result.output["image"] = result.add_media(f"image/{kind}", out.getvalue())
    return result
