"""Environments of other people's tools, each of its own below var/, built from its pinned list in tests/clients."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CLIENTS = ROOT / "tests" / "clients"


def python_with(client: str) -> Path:
    """The interpreter of a client's environment; built where it is missing or its list has changed."""
    pinned = CLIENTS / f"{client}.txt"
    folder = ROOT / "var" / "clients" / f"{client}-{hashlib.sha256(pinned.read_bytes()).hexdigest()[:12]}"
    python = folder / "bin" / "python"
    if not (folder / ".built").exists():
        uv = Path(sys.executable).parent / "uv"
        subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, folder], check=True)
        subprocess.run([uv, "pip", "sync", "-q", "--python", python, pinned], check=True)
        (folder / ".built").touch()
    return python
