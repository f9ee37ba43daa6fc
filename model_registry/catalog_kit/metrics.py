"""metrics.json: the figures that `make catalog-eval` measured for one entry. Reading it needs nothing heavy."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

METRICS_FILE = "metrics.json"
# A change of these changes what is measured; texts of the card don't.
MEASURED_FILES = ("entry.py", "quality.py", "example.json")


def read_metrics(folder: Path) -> dict[str, Any] | None:
    """`quality`, `latency_ms`, `cold_start_ms`, `memory_mb` and `measured` of an entry, or None where it never was."""
    file = folder / METRICS_FILE
    if not file.is_file():
        return None
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def fingerprint(folder: Path) -> str:
    """A hash of the code and data that the figures depend on."""
    digest = hashlib.sha256()
    for name in MEASURED_FILES:
        file = folder / name
        digest.update(name.encode() + b"\0" + (file.read_bytes() if file.is_file() else b""))
    return digest.hexdigest()[:16]


def is_current(folder: Path) -> bool:
    """Whether the figures are those of the present code and data."""
    found = read_metrics(folder)
    return found is not None and found["measured"]["fingerprint"] == fingerprint(folder)
