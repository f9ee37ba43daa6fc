"""Whatever a caller holds, as the JSON that the API takes: media become base64 text."""

from __future__ import annotations

import base64
import os
import re
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tessera.errors import TesseraError

# Fields whose text is a path, a URL or base64, never prose.
MEDIA_FIELD = re.compile(
    r"(^|_)(image|images|photo|audio|video|file|files|document|scan|bytes|mask|reference|template)$")
FILE_ID = re.compile(r"file_[0-9a-f]{32}")
MAX_BYTES = 32 << 20


class UnreadableMedia(TesseraError):
    """A value that can't be sent as a medium."""


def encode_input(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The `input` member of a prediction."""
    return {name: encode(value, media=bool(MEDIA_FIELD.search(name))) for name, value in fields.items()}


def encode(value: Any, *, media: bool = False) -> Any:
    """One value: Path, bytes, file, PIL image and (in a media field) ndarray, path or URL text → base64; tables and
    arrays → lists; all else as it is."""
    if isinstance(value, os.PathLike):
        return _text(Path(value).read_bytes())
    if isinstance(value, bytes | bytearray | memoryview):
        return _text(bytes(value))
    if isinstance(value, str):
        return _from_text(value) if media else value
    if callable(getattr(value, "read", None)):
        return _text(value.read())
    if callable(getattr(value, "save", None)) and hasattr(value, "mode"):  # a PIL image
        return _text(_png_of_pil(value))
    if hasattr(value, "to_dict") and hasattr(value, "columns"):  # a data frame
        return encode(value.to_dict("records"))
    if hasattr(value, "tolist"):  # an ndarray, a series, a numpy scalar
        return _text(png(value)) if media and getattr(value, "ndim", 0) in (2, 3) else value.tolist()
    if isinstance(value, Mapping):
        return {name: encode(item, media=media) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item, media=media) for item in value]
    return value


def _from_text(value: str) -> str:
    if value.startswith("data:") or FILE_ID.fullmatch(value):
        return value
    if value.startswith(("http://", "https://")):
        import httpx

        answer = httpx.get(value, follow_redirects=True, timeout=30.0)
        if not answer.is_success or len(answer.content) > MAX_BYTES:
            raise UnreadableMedia(f"{value}: {answer.status_code}, {len(answer.content)} bytes")
        return _text(answer.content)
    if os.path.isfile(value):  # Path's own raises for a text that is too long for a name
        return _text(Path(value).read_bytes())
    if len(value) >= 64 and re.fullmatch(r"[A-Za-z0-9+/\s]+={0,2}", value):
        return value
    raise UnreadableMedia(f"{value[:80]!r} is no file, URL, data: URL or base64")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _png_of_pil(image: Any) -> bytes:
    import io

    out = io.BytesIO()
    image.save(out, format="PNG")
    return out.getvalue()


def png(array: Any) -> bytes:
    """A PNG of an (h, w), (h, w, 3) or (h, w, 4) array of uint8, or of floats from 0 to 1."""
    if array.dtype.kind == "f":
        array = (array.clip(0, 1) * 255).round().astype("uint8")
    if str(array.dtype) != "uint8":
        raise UnreadableMedia(f"an image is uint8, or float from 0 to 1, not {array.dtype}")
    height, width = array.shape[:2]
    channels = 1 if array.ndim == 2 else array.shape[2]
    if channels not in (1, 3, 4):
        raise UnreadableMedia(f"an image has 1, 3 or 4 channels, not {channels}")
    rows = array.reshape(height, width * channels)
    raw = b"".join(b"\0" + rows[y].tobytes() for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))
        for tag, data in ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 6)), (b"IEND", b"")))
