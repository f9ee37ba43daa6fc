"""What people type as the fields that a model takes, by the kinds of its manifest."""

from __future__ import annotations

import base64
import csv
import json
import os
import sys
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from tessera.cli._shell import USAGE, Stop
from tessera.media import UnreadableMedia, encode

MEDIA = frozenset({"image", "audio", "bytes"})
TEXTS = frozenset({"text", "choice"})


def fields_of(known: Mapping[str, Mapping[str, Any]], given: Sequence[str], value: str) -> dict[str, Any]:
    """The `input` of a call. `value` is the first required field that has no --input. Raises Stop."""
    found: dict[str, Any] = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        if not equals:
            raise Stop(USAGE, f"--input {pair}: write FIELD=VALUE")
        if known and name not in known:
            raise Stop(USAGE, f"there is no field {name}; there are {', '.join(known)}")
        read = field(name, str(known.get(name, {}).get("kind", "")), text)
        many = known.get(name, {}).get("kind") in ("images", "texts")
        found[name] = [*found.get(name, []), *read] if many else read
    open_fields = [name for name, said in known.items() if name not in found and not said.get("optional")]
    if value:
        if not open_fields:
            raise Stop(USAGE, f"{value!r} is no field's: all of {', '.join(known)} have a value")
        name = open_fields.pop(0)
        found[name] = field(name, str(known[name].get("kind", "")), value)
    missing = [name for name in open_fields if "default" not in known[name]]
    if missing:
        raise Stop(USAGE, f"{', '.join(missing)} is missing: -i {missing[0]}=…")
    return found


def field(name: str, kind: str, text: str) -> Any:
    """One value by its kind: the text itself, what a file or stdin holds, numbers, JSON, CSV."""
    if kind in MEDIA:
        return _bytes(text) if text == "-" or text.startswith("@") or _is_file(text) else _fetched(text)
    if kind == "images":
        return [field(name, "image", part) for part in text.split(",")] if not text.startswith("data:") else [text]
    if kind in TEXTS:
        return _bytes(text).decode() if text == "-" or text.startswith("@") else text
    content = _bytes(text).decode() if text == "-" or text.startswith("@") or _is_file(text) else text
    if kind == "texts":
        return _json_or(content, lambda: [line for line in content.splitlines() if line])
    if kind == "table":
        return _json_or(content, lambda: [_row(row) for row in csv.DictReader(StringIO(content))])
    if kind == "series":
        return _json_or(f"[{content.strip()}]" if content.strip()[:1] not in "[{" else content,
                        lambda: [float(line) for line in content.split()])
    return _json_or(content, lambda: content)


def _fetched(text: str) -> Any:
    """What a URL gives, as bytes; a data: URL or a file's id as it is."""
    try:
        read = encode(text, media=True)
    except UnreadableMedia as error:
        raise Stop(USAGE, str(error)) from None
    return read if read == text else base64.b64decode(read)


def _json_or(content: str, other: Any) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        pass
    try:
        return other()
    except ValueError as error:
        raise Stop(USAGE, f"neither JSON nor a list: {error}") from None


def _row(row: Mapping[str, str | None]) -> dict[str, Any]:
    """A CSV line: numbers as numbers, an empty cell as none."""
    def cell(text: str | None) -> Any:
        if text is None or text == "":
            return None
        try:
            return json.loads(text) if text[0] in "-0123456789" else text
        except ValueError:
            return text

    return {name: cell(text) for name, text in row.items()}


def _is_file(text: str) -> bool:
    return os.path.isfile(text)  # Path's own raises for a text that is too long for a name


def _bytes(text: str) -> bytes:
    if text == "-":
        return sys.stdin.buffer.read()
    path = Path(text.removeprefix("@"))
    if not path.is_file():
        raise Stop(USAGE, f"there is no file {path}")
    return path.read_bytes()
