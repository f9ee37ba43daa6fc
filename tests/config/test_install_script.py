"""The Dockerfile's install step, run for real: the image is as honest as this script."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.stack
def test_the_image_s_install_script_makes_a_working_environment(tmp_path: Path) -> None:
    prefix = tmp_path / "tessera"
    subprocess.run(["sh", str(ROOT / "deploy" / "install.sh"), str(prefix)], check=True, timeout=280)
    code = "import celery, django, numpy, onnxruntime, stripe, tritonclient.http as t; print(t and numpy.__version__)"
    seen = subprocess.run([str(prefix / "bin" / "python"), "-c", code], check=True, capture_output=True, text=True)
    assert seen.stdout.split() == ["1.26.4"]


def test_the_image_runs_that_script_and_not_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "RUN sh install.sh /opt/tessera" in lines
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]
