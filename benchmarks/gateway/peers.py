"""The peers, each in an environment of its own below var/bench, built by uv from the pinned list beside this file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.gateway.processes import free_port, running
from benchmarks.gateway.product import SMALL
from config.env import ROOT

HERE = Path(__file__).parent / "peers"
UV = Path(sys.executable).parent / "uv"
FOLDER = ROOT / "var" / "bench"


def environment(name: str) -> Path:
    """The bin folder of a peer's environment; built where it is missing or its list has changed."""
    pinned = HERE / f"{name}.txt"
    folder, stamp = FOLDER / name, FOLDER / name / ".pinned"
    digest = hashlib.sha256(pinned.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        print(f"building the environment of {name} …", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([UV, "venv", "-q", "--python", sys.executable, folder], check=True)
        subprocess.run([UV, "pip", "sync", "-q", "--python", folder / "bin" / "python", pinned], check=True)
        stamp.write_text(digest)
    return folder / "bin"


@contextlib.contextmanager
def mlserver(onnx_file: Path, work: Path) -> Iterator[tuple[int, int]]:
    """MLServer with the same ONNX file, in its own process without parallel workers (the faster of its modes here)."""
    binary = environment("mlserver")
    folder = work / "mlserver"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / SMALL).mkdir(parents=True)
    shutil.copy(HERE / "ort_runtime.py", folder)
    port = free_port()
    settings = {"http_port": port, "grpc_port": free_port(), "metrics_port": free_port(), "parallel_workers": 0,
                "debug": False, "host": "127.0.0.1"}
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / SMALL / "model-settings.json").write_text(json.dumps(
        {"name": SMALL, "implementation": "ort_runtime.OnnxModel", "parameters": {"uri": str(onnx_file)}}))
    with running([str(binary / "mlserver"), "start", "."], f"http://127.0.0.1:{port}/v2/models/{SMALL}/ready",
                 cwd=folder, env={"PYTHONPATH": str(folder)}) as process:
        yield port, process


@contextlib.contextmanager
def litellm(work: Path) -> Iterator[tuple[int, int]]:
    """LiteLLM's proxy with metered keys before a trivial upstream."""
    binary = environment("litellm")
    folder = work / "litellm"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(HERE / "litellm_auth.py", folder)
    upstream, port = free_port(), free_port()
    text = (HERE / "litellm.yaml").read_text().replace("UPSTREAM", str(upstream)).replace(
        "MASTER", f"sk-{secrets.token_hex(32)}")
    (folder / "config.yaml").write_text(text)
    with running([sys.executable, "-m", "benchmarks.gateway.upstream", str(upstream)], f"http://127.0.0.1:{upstream}/",
                 cwd=folder, env={"PYTHONPATH": str(ROOT)}), running(
            [str(binary / "litellm"), "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)],
            f"http://127.0.0.1:{port}/health/liveliness", cwd=folder,
            env={"LITELLM_TELEMETRY": "False", "LITELLM_LOG": "ERROR", "NO_DOCS": "True",
                 "LITELLM_LOCAL_MODEL_COST_MAP": "True"}) as process:
        yield port, process
