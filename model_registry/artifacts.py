"""Bytes by their hash: each is stored once, whoever uploads it, and never written again."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from django.conf import settings

from model_registry.models import Artifact


def folder() -> Path:
    return Path(settings.ENV.var) / "artifacts"


def path_of(sha256: str) -> Path:
    """Where the bytes of this hash lie."""
    return folder() / sha256[:2] / sha256


def store(source: Path, name: str) -> Artifact:
    """Keeps a copy of the file under its hash, read-only; the same bytes are kept once."""
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    target = path_of(digest)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, stage = tempfile.mkstemp(prefix=".", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as written, source.open("rb") as given:
                shutil.copyfileobj(given, written, 1 << 20)
            os.chmod(stage, 0o444)
            os.replace(stage, target)
        finally:
            Path(stage).unlink(missing_ok=True)
    row, _ = Artifact.objects.get_or_create(sha256=digest, defaults={"size": target.stat().st_size, "name": name[:160]})
    return row


def drop_unused(sha256: str) -> bool:
    """Deletes bytes that no version holds any more; whether there were any."""
    row = Artifact.objects.filter(sha256=sha256).first()
    if row is None or row.versions.exists():
        return False
    row.delete()
    path_of(sha256).unlink(missing_ok=True)
    return True


def staging(model: str, number: int) -> Path:
    """The folder in which one version waits for its checks and is checked."""
    return Path(settings.ENV.var) / "staging" / f"{model}-{number}"
