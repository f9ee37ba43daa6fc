"""Whether the catalogue has to be read in again, or stands in database and repository as an earlier start left it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from config.env import ROOT
from config.models import Preparation

# Whose code decides what a row, a page of the shelf or a model of the repository looks like.
SOURCES = ("model_registry", "inference_backend", "kernel", "marketplace/listings", "config")


def fingerprint(nets: Path, sources: Iterable[Path] = tuple(ROOT / name for name in SOURCES)) -> str:
    """A hash of all that reading the catalogue in depends on: its files, our code, the nets, and where they go.

    A file is known by its name, size and time, as make does.
    """
    files = [(str(file), seen.st_size, seen.st_mtime_ns) for folder in (*sources, nets) for file in _files(folder)
             for seen in [file.stat()]]
    placing = os.environ.get("TESSERA_TRITON_PROFILE", ""), os.cpu_count(), str(settings.ENV.triton_repository)
    return hashlib.sha256(repr((sorted(files), placing)).encode()).hexdigest()


def is_done(fingerprint: str) -> bool:
    """Whether a run with this fingerprint is the last on this database, and what it served still lies in place."""
    last = Preparation.objects.first()
    return last is not None and last.fingerprint == fingerprint and all(
        (settings.ENV.triton_repository / place).is_dir() for place in last.served)


def done(fingerprint: str, served: Iterable[str]) -> None:
    """Remembers a run."""
    Preparation.objects.all().delete()
    Preparation.objects.create(fingerprint=fingerprint, served=sorted(served))


def _files(folder: Path) -> Iterable[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (Path(place, name) for name in names)
