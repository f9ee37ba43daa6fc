"""What the tests of providers' models share: small nets trained or written here, and the ways to send them."""

from __future__ import annotations

import io
import json
import os
import secrets
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.flows.conftest import _form_token, csrf

ROOT = Path(__file__).resolve().parents[2]
SCOPES = ["predict", "billing", "files", "models:read", "models:write", "models:deploy"]
COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
LABELS = ["setosa", "versicolor", "virginica"]


def linear_net(weights: Any, bias: Any, *, opset: int = 17, doc: str = "") -> bytes:
    """softmax(X·W + b) as ONNX: what a trained logistic regression is. W is [features, classes]."""
    w, b = np.asarray(weights, np.float32), np.asarray(bias, np.float32)
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["X", "W", "b"], ["z"]), helper.make_node("Softmax", ["z"], ["scores"], axis=-1)],
        "linear", [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, w.shape[0]])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, w.shape[1]])],
        [numpy_helper.from_array(w, "W"), numpy_helper.from_array(b, "b")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="test")
    model.ir_version, model.doc_string = 9, doc
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def packed(files: dict[str, bytes]) -> bytes:
    """A zip bundle."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


class Provider:
    """A fresh organization with a browser session and a key that may do everything with models."""

    def __init__(self, url: str, name: str) -> None:
        self.session = httpx.Client(base_url=url, timeout=60, follow_redirects=True)
        page = self.session.get("/signup/")
        self.email = f"{secrets.token_hex(6)}@example.com"
        answer = self.session.post("/signup/", data={
            "email": self.email, "password": "correct horse battery staple", "organization": name,
            "csrfmiddlewaretoken": _form_token(page.text)}, headers={"Referer": f"{url}/signup/"})
        assert answer.status_code == 200, answer.text[:500]
        made = self.session.post("/api/v1/api-keys", json={"name": "own", "mode": "live", "scopes": SCOPES},
                                 headers=csrf(self.session))
        assert made.status_code == 201, made.text
        self.key = made.json()["secret"]
        self.api = httpx.Client(base_url=url, headers={"X-API-Key": self.key}, timeout=60)

    def close(self) -> None:
        self.session.close()
        self.api.close()

    def call(self, model: str, body: dict[str, Any]) -> httpx.Response:
        return self.api.post(f"/api/v1/models/{model}/predictions", json=body)

    def upload(self, model: str, net: bytes, manifest: dict[str, Any] | None = None,
               filename: str = "model.onnx") -> httpx.Response:
        return self.api.post(f"/api/v1/models/{model}/versions", files={"file": (filename, net)},
                             data={"manifest": json.dumps(manifest)} if manifest is not None else {})

    def upload_in_parts(self, content: bytes, *, parts: int) -> str:
        """A completed resumable upload, its last part sent first; its id."""
        begun = self.api.post("/api/v1/uploads", json={"filename": "model.onnx", "bytes": len(content)})
        assert begun.status_code == 201, begun.text
        size = -(-len(content) // parts)
        for number in range(parts, 0, -1):
            part = self.api.put(f"/api/v1/uploads/{begun.json()['id']}/parts/{number}",
                                content=content[(number - 1) * size:number * size],
                                headers={"Content-Type": "application/octet-stream"})
            assert part.status_code == 200, part.text
        done = self.api.post(f"/api/v1/uploads/{begun.json()['id']}/complete", json={})
        assert done.status_code == 200, done.text
        return str(begun.json()["id"])

    def ready(self, model: str, number: int, within_s: float = 90) -> dict[str, Any]:
        """Waits for the checks of a version; its report."""
        ends = time.monotonic() + within_s
        while True:
            report = self.api.get(f"/api/v1/models/{model}/versions/{number}/report").json()
            if report["version_state"] != "validating" or time.monotonic() > ends:
                return dict(report)
            time.sleep(0.2)


def until(holds: Callable[[], bool], within_s: float) -> float:
    """Seconds until it holds; an AssertionError where it does not in time."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < within_s, f"not within {within_s} s"
        time.sleep(0.02)
    return time.monotonic() - began


def in_django(code: str) -> Any:
    """Runs code beside the product, with its settings; the JSON that it prints last."""
    done = subprocess.run([sys.executable, "manage.py", "shell", "--no-imports", "-c", code], cwd=ROOT, text=True,
                          capture_output=True, timeout=120, check=False, env={**os.environ})
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])
