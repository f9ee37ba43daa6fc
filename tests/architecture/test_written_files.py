"""Rules that an import graph can't see."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tracked(*patterns: str) -> list[Path]:
    out = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in out.splitlines() if (ROOT / line).exists()]


def test_no_written_file_is_longer_than_600_lines() -> None:
    written = tracked("*.py", "*.ts", "*.css", "*.html")
    long = {
        str(path.relative_to(ROOT)): count
        for path in written
        if "_generated" not in path.parts and "migrations" not in path.parts
        and (count := len(path.read_text().splitlines())) > 600
    }
    assert written
    assert long == {}


def test_the_locks_carry_hashes_and_name_no_registry() -> None:
    for name in ("requirements.lock", "requirements-uv.lock"):
        text = (ROOT / name).read_text()
        packages = [line for line in text.splitlines() if "==" in line and not line.startswith((" ", "#"))]
        assert len(packages) >= 1
        assert text.count("--hash=sha256:") >= len(packages)
        assert "http" + "://" not in text
        assert "https" + "://" not in text


def test_the_run_time_install_brings_no_training_framework() -> None:
    names = {line.split("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line}
    assert not names & {"torch", "tensorflow", "jax", "jaxlib", "torchaudio", "torchvision"}
    assert not {name for name in names if name.startswith(("nvidia-cu", "nvidia-nccl"))}
