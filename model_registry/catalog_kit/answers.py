"""The answers that many picture capabilities give: one call each instead of four lines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit.images import encode_png
from model_registry.catalog_kit.types import Result


def image_result(image: NDArray[Any], values: dict[str, Any] | None = None, *,
                 warnings: list[str] | None = None) -> Result:
    """Output `image`: uint8 grey, RGB or RGBA as PNG; other numbers are rounded and clipped to 0…255."""
    pixels = image if image.dtype in (np.uint8, np.bool_) else np.clip(np.rint(image), 0, 255).astype(np.uint8)
    result = Result({"width": int(pixels.shape[1]), "height": int(pixels.shape[0])}, warnings=warnings or [])
    if values is not None:
        result.output["values"] = values
    result.output["image"] = result.add_media("image/png", encode_png(pixels))
    return result


def mask_result(mask: NDArray[Any], values: dict[str, Any] | None = None, *,
                warnings: list[str] | None = None) -> Result:
    """Output `mask`: what is not zero is marked; coverage is its share."""
    marked = np.asarray(mask) != 0
    result = Result({"width": int(marked.shape[1]), "height": int(marked.shape[0]),
                     "coverage": round(float(marked.mean()), 5)}, warnings=warnings or [])
    if values is not None:
        result.output["values"] = values
    result.output["mask"] = result.add_media("image/png", encode_png(marked))
    return result


def box_result(image: NDArray[Any], boxes: list[dict[str, Any]], values: dict[str, Any] | None = None, *,
               warnings: list[str] | None = None) -> Result:
    """Output `boxes` in pixels of the image."""
    output: dict[str, Any] = {"width": int(image.shape[1]), "height": int(image.shape[0]), "boxes": boxes}
    if values is not None:
        output["values"] = values
    return Result(output, warnings=warnings or [])


def value_list(**values: Any) -> list[dict[str, Any]]:
    """Output `key_values`: a name and a value each; (value, unit) where there is a unit."""
    return [{"name": name, "value": v[0], "unit": v[1]} if isinstance(v, tuple) else {"name": name, "value": v}
            for name, v in values.items()]


def check(name: str, passed: bool | None, value: Any, detail: str) -> dict[str, Any]:
    """One line of a report."""
    return {"name": name, "passed": passed, "value": value, "detail": detail}
