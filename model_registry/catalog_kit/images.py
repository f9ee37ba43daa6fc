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
