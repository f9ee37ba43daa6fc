"""Memory and cold starts: the whole catalogue called once by its examples, and models that nobody called before."""

from __future__ import annotations

import base64
import http.client
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gateway.processes import command_line, pss_mb, tree
from benchmarks.gateway.product import Product
from model_registry.catalog_kit.runner import CATALOG, read_example


def serving(product: Product) -> list[int]:
    """All processes of the product: what its supervisor started, and Postgres; without the benchmark itself."""
    var = product.env.var
    roots = [int((var / "supervisor.pid").read_text()),
             int((var / "postgres" / "postmaster.pid").read_text().split()[0])]
    return tree(roots, without=[os.getpid()])


def gateway_mb(product: Product) -> float:
    """PSS of the largest gateway process."""
    found = [process for process in serving(product) if "config.gateway" in command_line(process)]
    return max(pss_mb([process]) for process in found)


class Watch(threading.Thread):
    """Samples the memory of all serving processes until it is ended; `peak` is in MB."""

    def __init__(self, product: Product) -> None:
        super().__init__(daemon=True)
        self._product = product
        self._over = threading.Event()
        self.peak = 0.0

    def run(self) -> None:
        while not self._over.wait(0.5):
            self.peak = max(self.peak, pss_mb(serving(self._product)))

    def end(self) -> float:
        self._over.set()
        self.join()
        return self.peak


def _inline(value: Any, media: list[bytes]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$media"}:
            return base64.b64encode(media[value["$media"]]).decode()
        return {name: _inline(item, media) for name, item in value.items()}
    return [_inline(item, media) for item in value] if isinstance(value, list) else value


def call_catalogue(product: Product) -> tuple[int, list[str]]:
    """Calls every capability once by its own example, through the gateway; the number called, and who failed."""
    connection = http.client.HTTPConnection("127.0.0.1", product.env.gateway_port, timeout=120)
    failed, called = [], 0
    for folder in sorted(path.parent for path in CATALOG.glob("*/*/example.json")):
        request, media, _ = read_example(folder)
        name = _name(folder)
        body = json.dumps(_inline(request, media))
        while True:
            connection.request("POST", f"/api/v1/models/{name}/predictions", body,
                               {"X-API-Key": product.demo["api_key"], "Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 429:
                break
            time.sleep(float(answer.getheader("Retry-After", "1")))  # the demo's key is paced like everybody's
        called += 1
        if answer.status != 200:
            failed.append(f"{name}: {answer.status} {text[:160].decode(errors='replace')}")
    connection.close()
    return called, failed


def _name(folder: Path) -> str:
    return folder.name.replace("_", "-")


def cold_starts(product: Product) -> dict[str, list[float]]:
    """Milliseconds of the first call ever of each of the benchmark's cold models: load and first inference."""
    connection = http.client.HTTPConnection("127.0.0.1", product.env.gateway_port, timeout=60)
    times: dict[str, list[float]] = {"small": [], "medium": []}
    for name, width in product.cold:
        data = np.ones((1, width), "<f4").tobytes()
        head = json.dumps({
            "inputs": [{"name": "X", "datatype": "FP32", "shape": [1, width],
                        "parameters": {"binary_data_size": len(data)}}],
            "parameters": {"binary_data_output": True}}).encode()
        began = time.perf_counter()
        connection.request("POST", f"/v2/models/{name}/infer", head + data, {
            "X-API-Key": product.key, "Inference-Header-Content-Length": str(len(head))})
        answer = connection.getresponse()
        text = answer.read()
        elapsed = (time.perf_counter() - began) * 1000
        if answer.status != 200 or answer.getheader("X-Cold-Start") != "1":
            raise RuntimeError(f"{name}: {answer.status} cold={answer.getheader('X-Cold-Start')} {text[:200]!r}")
        times["small" if width < 100 else "medium"].append(elapsed)
    connection.close()
    return times
