"""JSON whose members are attributes too."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any


class Record(dict[str, Any]):
    """A JSON object whose members are attributes too: ``output.lines[0].text``. It is still a dict, so that a field
    named ``items`` is ``output["items"]``."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the output has no {name!r}; it has {', '.join(self)}") from None


def record(value: Any) -> Any:
    """The value with every object in it a Record."""
    if isinstance(value, dict):
        return Record({name: record(item) for name, item in value.items()})
    if isinstance(value, list):
        return [record(item) for item in value]
    return value


_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/svg+xml": ".svg",
             "audio/wav": ".wav", "audio/x-wav": ".wav", "audio/flac": ".flac", "audio/ogg": ".ogg",
             "application/pdf": ".pdf", "text/plain": ".txt", "application/json": ".json"}


def media_of(data_url: str) -> tuple[str, bytes]:
    """The media type and content of a ``data:`` URL, as outputs carry pictures and sounds. Raises ValueError."""
    head, comma, body = data_url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        raise ValueError("not a base64 data: URL")
    return head[5:].split(";")[0], base64.b64decode(body)


def save_media(output: Any, folder: str | Path, name: str = "output") -> list[Path]:
    """Writes every picture and sound of an output into the folder, as name-field.suffix, and returns the paths."""
    saved: list[Path] = []

    def walk(value: Any, label: str) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                walk(item, f"{label}-{key}")
        elif isinstance(value, list):
            for number, item in enumerate(value):
                walk(item, f"{label}-{number}")
        elif isinstance(value, str) and value.startswith("data:") and ";base64," in value[:100]:
            kind, content = media_of(value)
            path = Path(folder) / f"{label}{_SUFFIXES.get(kind, '.bin')}"
            path.write_bytes(content)
            saved.append(path)

    walk(output, name)
    return saved
