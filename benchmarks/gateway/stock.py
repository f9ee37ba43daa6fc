"""The same call by the stock clients, as people write it: `tritonclient.http` with a new client for each call, and
`tritonclient.grpc` with one channel that all callers share. Both arms are threads of one Python process, so that the
client side costs what it costs in reality.

Reads the plan that `load` reads (mode stock-rest or stock-grpc, the key in `metadata`) and writes the same figures.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

WIDTH = 16
ROW = np.arange(WIDTH, dtype=np.float32).reshape(1, WIDTH)


def rest_caller(port: int, key: str, model: str) -> Callable[[], Any]:
    """One REST call on one new connection, each time."""
    import tritonclient.http as http

    def call() -> Any:
        client = http.InferenceServerClient(f"127.0.0.1:{port}")
        try:
            tensor = http.InferInput("X", [1, WIDTH], "FP32")
            tensor.set_data_from_numpy(ROW, binary_data=False)
            wanted = [http.InferRequestedOutput("Y", binary_data=False)]
            return client.infer(model, [tensor], outputs=wanted, headers={"x-api-key": key}).as_numpy("Y")
        finally:
            client.close()

    return call


def grpc_caller(port: int, key: str, model: str) -> Callable[[], Any]:
    """Calls over one channel."""
    import tritonclient.grpc as rpc

    client = rpc.InferenceServerClient(f"127.0.0.1:{port}")

    def call() -> Any:
        tensor = rpc.InferInput("X", [1, WIDTH], "FP32")
        tensor.set_data_from_numpy(ROW)
        return client.infer(model, [tensor], headers={"x-api-key": key}).as_numpy("Y")

    return call


def main() -> None:
    plan = json.load(sys.stdin)
    key = dict(plan["metadata"])["x-api-key"]
    make = rest_caller if plan["mode"] == "stock-rest" else grpc_caller
    call = make(plan["port"], key, plan["model"])
    times: list[float] = []
    errors: list[str] = []
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)

    def caller() -> None:
        while (began := time.perf_counter()) < started + plan["seconds"]:
            try:
                good = np.array_equal(call(), ROW + 1)
            except Exception as error:
                errors.append(repr(error)[:300])
                return
            if not good:
                errors.append("a wrong answer")
            times.append(time.perf_counter() - began)

    threads = [threading.Thread(target=caller) for _ in range(plan["in_flight"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    ordered = sorted(times)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({
        "calls": len(times), "errors": len(errors), "seconds": seconds, "calls_s": len(times) / seconds,
        "p50_ms": ordered[len(ordered) // 2] * 1000 if ordered else None,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1000 if ordered else None,
        "client_us": spent * 1e6 / max(len(times), 1), "sample": errors[0] if errors else ""}))


if __name__ == "__main__":
    main()
