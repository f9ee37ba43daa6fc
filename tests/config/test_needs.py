"""What a machine may lack is told in one line, before anything is installed or started."""

from __future__ import annotations

import ctypes.util
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from config.embedded import checks

ROOT = Path(__file__).resolve().parents[2]


def _checkout(folder: Path, **tools: str) -> dict[str, str]:
    """A checkout without any build, and a PATH that has only `tools` and what make itself needs."""
    shutil.copy(ROOT / "Makefile", folder)
    path = folder / "bin"
    path.mkdir()
    for name in ("bash", "find", "test", "sh"):
        (path / name).symlink_to(str(shutil.which(name)))
    for name, target in tools.items():
        (path / name).symlink_to(target)
    return {"PATH": str(path), "HOME": str(folder)}


def _make(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    make = str(shutil.which("make"))
    return subprocess.run([make, "-s", "up"], cwd=folder, env=environment, capture_output=True, text=True, timeout=60,
                          check=False)


def test_a_missing_node_is_the_first_line(tmp_path: Path) -> None:
    done = _make(tmp_path, _checkout(tmp_path, python3=sys.executable))
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.splitlines()[0] == (
        " tessera | Node 20 or newer is needed to build the pages: install it and try again")
    assert not (tmp_path / ".venv").exists()


def test_a_python_that_does_not_fit_is_the_first_line(tmp_path: Path) -> None:
    done = _make(tmp_path, _checkout(tmp_path, python3="/bin/false"))
    assert done.stderr.splitlines()[0].startswith(" tessera | Python 3.11 or 3.12 is needed")
    assert not (tmp_path / ".venv").exists()


def test_a_missing_libpython_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: str(tmp_path))
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    with pytest.raises(checks.StartError) as caught:
        checks.triton_fits()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert str(caught.value) == (f"Triton needs libpython{version}.so.1.0: install libpython{version}, or a Python "
                                 "built with --enable-shared")


def test_this_machine_has_what_triton_needs() -> None:
    checks.triton_fits()
