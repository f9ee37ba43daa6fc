"""EXIF tags of a JPEG, PNG or WebP with their names; the place as degrees north and east."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from PIL import ExifTags, Image

from model_registry.catalog_kit import InvalidInput, Request, Result

LEFT_OUT = {"MakerNote", "UserComment", "ExifOffset", "GPSInfo", "PrintImageMatching"}
MOST = 200


def run(request: Request) -> Result:
    try:
        picture = Image.open(io.BytesIO(request.input["file"]), formats=("JPEG", "PNG", "WEBP"))
        exif = picture.getexif()
        tags = {**_named(exif, ExifTags.TAGS), **_named(exif.get_ifd(0x8769), ExifTags.TAGS)}
        gps = _named(exif.get_ifd(0x8825), ExifTags.GPSTAGS)
    except Exception as error:  # a broken header breaks in a dozen ways; to the caller they are one
        raise InvalidInput("not a readable JPEG, PNG or WebP image", field="file") from error
    values: list[dict[str, Any]] = [{"name": "format", "value": picture.format},
                                    {"name": "width", "value": picture.width, "unit": "px"},
                                    {"name": "height", "value": picture.height, "unit": "px"}]
    place = {"latitude": _degrees(gps, "GPSLatitude"), "longitude": _degrees(gps, "GPSLongitude")}
    values += [{"name": k, "value": round(v, 6), "unit": "°"} for k, v in place.items() if v is not None]
    values += [{"name": k, "value": v} for k, v in sorted(tags.items())][:MOST]
    warnings = ["the file tells where it was taken"] if place["latitude"] is not None else []
    return Result({"values": values}, warnings=warnings)


def _named(tags: Mapping[int, Any], names: Mapping[int, str]) -> dict[str, Any]:
    return {names.get(k, f"tag {k}"): _plain(v) for k, v in tags.items() if names.get(k) not in LEFT_OUT}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value[:20]]
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, str):
        return value.strip("\x00 ")[:500]
    try:
        return round(float(value), 6)
    except (TypeError, ValueError, ZeroDivisionError):
        return str(value)[:200]


def _degrees(gps: Mapping[str, Any], name: str) -> float | None:
    parts = gps.get(name)
    if not isinstance(parts, list) or len(parts) != 3 or not all(isinstance(p, int | float) for p in parts):
        return None
    angle = parts[0] + parts[1] / 60 + parts[2] / 3600
    return -angle if gps.get(f"{name}Ref") in ("S", "W") else angle
