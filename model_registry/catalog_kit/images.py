"""Images from strangers: only JPEG, PNG and WebP, bounded before a pixel is decoded."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit.types import InvalidInput

MAX_PIXELS = 25_000_000
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def decode_image(data: bytes, *, field: str = "image", max_pixels: int = MAX_PIXELS,
                 media_types: tuple[str, ...] = tuple(FORMATS.values())) -> NDArray[np.uint8]:
    """RGB uint8 (h, w, 3), upright by its EXIF orientation; transparency is laid on white.

    The size is read from the header and refused before decoding, so a decompression bomb costs nothing.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as opened:
            if FORMATS[str(opened.format)] not in media_types:
                raise InvalidInput(f"{opened.format} is not accepted here", field=field, code="validation_error")
            wide, high = opened.size
            if wide * high > max_pixels:
                raise InvalidInput(f"{wide} × {high} pixels; at most {max_pixels:,} are accepted", field=field,
                                   code="validation_error")
            picture: Image.Image = ImageOps.exif_transpose(opened)
            if picture.mode.startswith("I;16") or picture.mode == "I":
                grey = np.asarray(picture).astype(np.uint32) >> 8
                picture = Image.fromarray(grey.clip(0, 255).astype(np.uint8))
            if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
                upper = picture.convert("RGBA")
                picture = Image.new("RGBA", upper.size, "white")
                picture.alpha_composite(upper)
            return np.array(picture.convert("RGB"), dtype=np.uint8)
    except InvalidInput:
        raise
    except Exception as error:  # Pillow raises a dozen kinds on broken files; to the caller they are one
        raise InvalidInput("not a readable JPEG, PNG or WebP image", field=field, code="validation_error") from error


def encode_png(image: NDArray[Any]) -> bytes:
    """PNG of uint8 grey (h, w), RGB (h, w, 3) or RGBA (h, w, 4); booleans become 0 and 255."""
    from PIL import Image

    pixels = image.astype(np.uint8) * 255 if image.dtype == np.bool_ else np.ascontiguousarray(image, dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=4)
    return out.getvalue()


def shrink(image: NDArray[np.uint8], longest: int) -> tuple[NDArray[np.uint8], float]:
    """The image with no side longer than `longest`, and new size / old size: bounds the time of slow methods."""
    import cv2

    factor = min(1.0, longest / max(image.shape[:2]))
    if factor == 1.0:
        return image, 1.0
    high, wide = (max(1, round(n * factor)) for n in image.shape[:2])
    return cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False), factor


def to_grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB as luminance, uint8 (h, w)."""
    import cv2

    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def same_size(*images: NDArray[np.uint8], field: str) -> None:
    """Refuses pictures of different sizes."""
    if len({picture.shape[:2] for picture in images}) > 1:
        raise InvalidInput("the pictures must have the same size", field=field)


def at_least(image: NDArray[np.uint8], side: int, field: str = "image") -> None:
    """Refuses a picture with a side under `side` pixels."""
    if min(image.shape[:2]) < side:
        raise InvalidInput(f"the picture must be at least {side} pixels on each side", field=field)
