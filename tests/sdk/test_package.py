"""The package as it is installed: small, quick to import, typed, and without what it can do without."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

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


def test_the_wheel_is_small_and_whole(tmp_path: Path) -> None:
    from hatchling.builders.wheel import WheelBuilder

    [built] = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        names = set(wheel.namelist())
        metadata = next(wheel.read(name).decode() for name in names if name.endswith("/METADATA"))
        scripts = next(wheel.read(name).decode() for name in names if name.endswith("/entry_points.txt"))
    assert {"tessera/py.typed", "tessera/client.py", "tessera/_generated/models.py"} <= names
    assert not [name for name in names if name.startswith("test") or name.endswith(".pyc")]
    assert "Requires-Dist: httpx" in metadata
    assert "tessera = tessera.cli:main" in scripts
    assert Path(built).stat().st_size <= WHEEL_BYTES
