"""Runs a fetched model in the host: the folder's `entry.py` calls `answer_of(__file__)`."""

from __future__ import annotations

import threading
from pathlib import Path

from model_registry.catalog_kit.types import Request, Result
from model_registry.hub.entries import entry
from model_registry.hub.fetch import FETCHED, kit_of
from model_registry.hub.kit import Answer


class _Live:
    """The answer function of a folder; made anew when the model was fetched again, so that no host must restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._made: tuple[float, Answer] | None = None

    def __call__(self, request: Request) -> Result:
        changed = (self._folder / FETCHED).stat().st_mtime
        with self._lock:
            if self._made is None or self._made[0] != changed:
                listed = entry(_name_of(self._folder))
                self._made = changed, listed.kind.make(kit_of(self._folder, listed.name, listed.options))
        return self._made[1](request)


def answer_of(file: str) -> Answer:
    """The function `run` of a fetched model's folder."""
    return _Live(Path(file).resolve().parent)


def _name_of(folder: Path) -> str:
    import json

    return str(json.loads((folder / FETCHED).read_text(encoding="utf-8"))["name"])
