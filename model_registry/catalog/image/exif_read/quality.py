"""A photograph tagged here with a camera, a time and a place south and west."""

from __future__ import annotations

import io
from typing import Any

import skimage.data
from PIL import Image

from model_registry.catalog_kit.quality import Ask, Measure

LATITUDE, LONGITUDE = -33.856784, -70.215297


def tagged() -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = "Tessera", "Model 7", "Darkroom 2.1"
    exif.get_ifd(0x8769)[0x9003] = "2024:05:17 14:03:09"
    exif.get_ifd(0x8769)[0x829A] = (1, 250)
    gps = exif.get_ifd(0x8825)
    for number, (angle, sign) in ((1, (LATITUDE, "S")), (3, (LONGITUDE, "W"))):
        degrees = abs(angle)
        minutes = degrees % 1 * 60
        gps[number], gps[number + 1] = sign, (int(degrees), int(minutes), minutes % 1 * 60)
    out = io.BytesIO()
    Image.fromarray(skimage.data.coffee()[::4, ::4]).save(out, "JPEG", exif=exif)
    return out.getvalue()


def samples() -> dict[str, Any]:
    return {"tagged.jpg": tagged()}


def measure(ask: Ask) -> list[Measure]:
    found = ask(file=tagged()).values
    wanted = {"Make": "Tessera", "Model": "Model 7", "Software": "Darkroom 2.1", "width": 150, "format": "JPEG",
              "DateTimeOriginal": "2024:05:17 14:03:09"}
    right = sum(found.get(k) == v for k, v in wanted.items())
    off = max(abs(found["latitude"] - LATITUDE), abs(found["longitude"] - LONGITUDE))
    return [Measure("fields read as written", 100 * right / len(wanted), "%", at_least=100,
                    data="tags written by Pillow"),
            Measure("error of the place", off, "°", at_most=0.0001,
                    data="33.86 south, 70.22 west")]
