"""The package as it is installed: small, quick to import, typed, and without what it can do without."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "sdk" / "python"
IMPORT_S = 0.4  # of the processor, so that a busy machine does not count
WHEEL_BYTES = 60_000


def _python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT / "src", check=True, capture_output=True,
                          text=True).stdout


def test_the_import_is_quick_and_takes_nothing_that_is_optional() -> None:
    code = ("import time, sys; began = time.process_time(); import tessera; print(time.process_time() - began);"
            "print([name for name in ('httpx', 'numpy', 'grpc', 'typer', 'rich', 'yaml', 'onnxruntime')"
            " if name in sys.modules])")
    answers = [_python(code).splitlines() for _ in range(2)]
    assert min(float(seconds) for seconds, _ in answers) <= IMPORT_S
    assert answers[0][1] == "[]"


@pytest.mark.parametrize(("project", "holds", "lacks"), [
    (ROOT, {"tessera/py.typed", "tessera/client.py", "tessera/receipts.py", "tessera/_generated/models.py"},
     ("tessera/cli/", "tessera/service/")),
    (ROOT / "tools", {"tessera/cli/__init__.py", "tessera/cli/__main__.py", "tessera/service/base.py"},
     ("tessera/client.py", "tessera/__init__.py", "tessera/_"))])
def test_the_wheels_are_small_and_whole(project: Path, holds: set[str], lacks: tuple[str, ...], tmp_path: Path) -> None:
    from hatchling.builders.wheel import WheelBuilder

    [built] = WheelBuilder(str(project)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        names = set(wheel.namelist())
        texts = {name.rsplit("/", 1)[1]: wheel.read(name).decode() for name in names if ".dist-info/" in name}
    assert holds <= names
    assert not [name for name in names if name.startswith(("test", *lacks)) or name.endswith(".pyc")]
    assert ("tessera = tessera.cli:run" in texts.get("entry_points.txt", "")) == (project != ROOT)
    assert ("Requires-Dist: httpx" in texts["METADATA"]) == (project == ROOT)
    assert Path(built).stat().st_size <= WHEEL_BYTES
