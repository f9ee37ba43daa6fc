"""Stored examples: what a page shows before any call, with its media as files that the browser can fetch.

`example.json` keeps figures only; the pictures and sounds of an answer are made once by running the example, and kept
below the state folder under a digest of what made them.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import reverse
from PIL import Image

from kernel.problems import Problem
from marketplace.portal.shelf import CATALOG, Card

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "audio/wav": ".wav",
            "audio/flac": ".flac", "audio/midi": ".mid", "text/csv": ".csv"}
ORIENTATION, UPRIGHT = 0x0112, 4  # the tag of Exif, and its last value that leaves the sides as they are


def holds_media(value: Any) -> bool:
    """Whether an output refers to files of its answer."""
    if isinstance(value, dict):
        return "$media" in value or any(holds_media(inner) for inner in value.values())
    return isinstance(value, list) and any(holds_media(inner) for inner in value)


def shown(card: Card) -> dict[str, Any] | None:
    """The example with addresses in place of files; None where the model has none."""
    example = card.model.example
    if not example:
        return None
    made = {path.stem: path for path in _folder(card.name).glob("[0-9]*.*")}
    return {
        "input": _addresses(example["input"], card, made),
        "parameters": example.get("parameters") or {},
        "output": _addresses(example.get("output"), card, made),  # None: nothing was recorded yet
    }


def sample(card: Card, file: str) -> Path | None:
    """A file of the example's input; only files that the example itself names."""
    if f'"{file}"' not in json.dumps(card.model.example) or "/" in file:
        return None
    return _sample(card, file)


def medium(name: str, file: str) -> Path | None:
    """A file of the example's answer."""
    path = _folder(name) / file
    return path if path.is_file() and path.parent == _folder(name) and file[:1].isdigit() else None


def render(name: str, *, again: bool = False) -> int:
    """Runs the stored example of a capability of the catalogue and keeps its media; how many files were written.

    Nothing is run where the example holds no media or where they were made by the same code before. Imports the
    capability's libraries: call it from a command, never from a page.
    """
    from model_registry.catalog_kit import runner

    try:
        source = runner.find_folder(name)
    except Problem:
        return 0  # uploaded by a provider: its media came with its bundle, or not at all
    request, media, example = runner.read_example(source)
    if not holds_media(example.get("output")):
        return 0
    digest = hashlib.sha256()
    for path in sorted(path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        digest.update(path.read_bytes())
    folder = _folder(name)
    stamp = folder / "stamp"
    if not again and stamp.exists() and stamp.read_text() == digest.hexdigest():
        return 0
    _response, made = runner.run_capability(source, request, media)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for number, one in enumerate(made):
        kind = one.content_type.partition(";")[0]
        suffix = SUFFIXES.get(kind) or mimetypes.guess_extension(kind) or ".bin"
        (folder / f"{number}{suffix}").write_bytes(one.data)
    stamp.write_text(digest.hexdigest())
    return len(made)


def _folder(name: str) -> Path:
    return Path(settings.ENV.var) / "examples" / name


def _sample(card: Card, file: str) -> Path | None:
    return next((folder / file for folder in (card.folder, CATALOG / "samples") if (folder / file).is_file()), None)


def _addresses(value: Any, card: Card, made: dict[str, Path]) -> Any:
    """The value with `$url` in place of its files, and the size of each picture, so that a page keeps its room."""
    if isinstance(value, dict):
        if "$file" in value:
            path = _sample(card, value["$file"])
            return {"$url": reverse("sample", args=[card.name, value["$file"]])} | (_size(path) if path else {})
        if path := made.get(str(value.get("$media"))):
            return {"$url": reverse("medium", args=[card.name, path.name])} | _size(path)
        return {key: _addresses(inner, card, made) for key, inner in value.items()}
    return [_addresses(inner, card, made) for inner in value] if isinstance(value, list) else value


@lru_cache(maxsize=1024)
def _size(path: Path) -> dict[str, int]:
    """Width and height of a picture as a browser shows it; nothing for other files. Only its head is read."""
    try:
        with Image.open(path) as picture:
            turned = picture.getexif().get(ORIENTATION, 1) > UPRIGHT
            width, height = picture.size
    except OSError:
        return {}
    return {"width": height, "height": width} if turned else {"width": width, "height": height}
