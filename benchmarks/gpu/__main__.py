"""`make bench-gpu`: the article's ResNet-50 table on this machine's GPU, in an environment of its own.

Where there is no GPU it says so and ends well. The environment (several GB: PyTorch and CUDA) is built below var/bench
from the pinned lists beside this file; TensorRT is taken where it can be installed.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
FOLDER = ROOT / "var" / "bench" / "gpu"
RECORD = ROOT / "docs" / "benchmarks" / "gpu.md"
CLAIMS = {"TensorRT (FP16)": (8.2, 1210), "ONNX Runtime": (12.5, 790), "PyTorch": (21.3, 460)}  # the article's
BUILD_TIMEOUT_S, RUN_TIMEOUT_S = 1800, 1800


def main() -> int:
    device = gpu()
    if not device:
        print("There is no NVIDIA GPU on this machine: nothing was measured.")
        print(json.dumps({"benchmark": "gpu", "gpu": None, "backends": {}}))
        return 0
    python = environment()
    done = subprocess.run([python, "-m", "benchmarks.gpu.measure", "--work", str(FOLDER / "work")], cwd=ROOT,
                          stdout=subprocess.PIPE, text=True, check=False, timeout=RUN_TIMEOUT_S,
                          env={**os.environ, "LD_LIBRARY_PATH": libraries(python)})
    if done.returncode:
        print(f"the measurement failed with status {done.returncode}; its lines are above", file=sys.stderr)
        return 1
    found = json.loads(done.stdout.splitlines()[-1])
    moment = datetime.datetime.now(datetime.UTC).date().isoformat()
    text = table(found["backends"], device, moment)
    print(text)
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    RECORD.write_text(f"# ResNet-50 on a GPU\n\nWritten by `make bench-gpu`.\n\n{text}\n", encoding="utf-8")
    print(json.dumps({"benchmark": "gpu", "gpu": device, "date": moment, **found}))
    return 0


def gpu() -> str:
    """The first GPU's name and driver; empty where there is none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    done = subprocess.run([program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"],
                          capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.strip().splitlines()[0] if done.returncode == 0 and done.stdout.strip() else ""


def environment() -> Path:
    """The Python of the benchmark's environment; built where it is missing or its lists have changed."""
    lists = [HERE / "requirements.txt", HERE / "tensorrt.txt"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in lists)).hexdigest()
    python, stamp = FOLDER / "venv" / "bin" / "python", FOLDER / ".pinned"
    if stamp.exists() and stamp.read_text() == digest:
        return python
    print("building the environment (several GB) …", file=sys.stderr, flush=True)
    uv = Path(sys.executable).parent / "uv"
    shutil.rmtree(FOLDER / "venv", ignore_errors=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    install = [str(uv), "pip", "install", "-q", "--no-config", "--python", str(python), "-r"]
    subprocess.run([uv, "venv", "-q", "--no-config", "--python", sys.executable, FOLDER / "venv"], check=True)
    subprocess.run([*install, str(lists[0])], check=True, timeout=BUILD_TIMEOUT_S)
    if subprocess.run([*install, str(lists[1])], check=False, timeout=BUILD_TIMEOUT_S).returncode:
        print("TensorRT can't be installed here: the table goes without it", file=sys.stderr)
    stamp.write_text(digest)
    return python


def libraries(python: Path) -> str:
    """Where the wheels of NVIDIA keep their libraries, for onnxruntime to find them."""
    packages = next((python.parents[1] / "lib").glob("python3.*")) / "site-packages"
    folders = [*packages.glob("nvidia/*/lib"), *packages.glob("tensorrt*_libs")]
    return ":".join([*map(str, folders), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])])


def table(backends: dict[str, Any], device: str, moment: str) -> str:
    """The article's table with its claims beside what was measured."""
    lines = [f"{device}; {platform.processor() or platform.machine()}, {os.cpu_count()} cores; {moment}", "",
             "| backend | one image, p50 | images/s (batch 32) | the article says |", "|---|---|---|---|"]
    for name, (claimed_ms, claimed_rate) in CLAIMS.items():
        result = backends.get(name, {"missing": "not run"})
        claim = f"{claimed_ms} ms, {claimed_rate}/s"
        if "missing" in result:
            lines.append(f"| {name} | – | – ({result['missing']}) | {claim} |")
        else:
            lines.append(f"| {name} | {result['p50_ms']:.2f} ms | {result['per_second']:.0f} | {claim} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
