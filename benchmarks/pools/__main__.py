"""`make bench-pools`: what a cold start costs and what a resident model takes, with and without the fork server; and
the memory of the whole catalogue when every capability has run its example once.

The catalogue is read from the model repository of this installation (`make up` writes it); without one that part is
left out. Figures are of this machine at this moment: run it on a quiet one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from benchmarks.gateway.processes import free_port
from config.env import ROOT
from inference_backend import oip
from inference_backend.pools import Pools, open_pools
from inference_backend.pools.probe import Prober
from inference_backend.pools.processes import Processes, pss_mb
from inference_backend.runtime import RuntimeSettings
from inference_backend.triton import repository
from inference_backend.triton.client import TritonClient
from inference_backend.triton.control import TritonControl
from inference_backend.triton.server import TritonServer, TritonSettings

NO_LIMIT_MB = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nets", type=int, default=30, help="small nets for the cold starts")
    known = Path(os.environ.get("TRITON_REPOSITORY") or ROOT / "var/models")
    parser.add_argument("--repository", type=Path, default=known, help="of the catalogue")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tessera-pools-") as folder:
        base = Path(folder)
        write_small(base, options.nets)
        found: dict[str, Any] = {"benchmark": "pools"}
        print("| start of a model | cold p50 | cold p95 | memory a model |\n|---|---|---|---|")
        for label, forks in (("plain", False), ("forked", True)):
            cold, mb = asyncio.run(cold_starts(settings_at(base, base / "models", forks), options.nets))
            found |= {f"{label}_cold_p50_ms": round(statistics.median(cold), 1),
                      f"{label}_cold_p95_ms": round(sorted(cold)[int(len(cold) * 0.95) - 1], 1),
                      f"{label}_mb_per_model": round(statistics.median(mb), 1)}
            print(f"| {label} | {found[f'{label}_cold_p50_ms']} ms | {found[f'{label}_cold_p95_ms']} ms "
                  f"| {found[f'{label}_mb_per_model']} MB |")
        if any(options.repository.glob("host-*")):
            found |= asyncio.run(catalogue(settings_at(base, options.repository.resolve(), True)))
            print(f"\n{found['catalogue_models']} Triton models of the catalogue resident, "
                  f"{found['catalogue_answers']} of {found['catalogue_capabilities']} examples answered: "
                  f"{found['catalogue_mb']} MB with Triton and the fork server; cold p50 "
                  f"{found['catalogue_cold_p50_ms']} ms, p95 {found['catalogue_cold_p95_ms']} ms")
    print(json.dumps(found))


def write_small(base: Path, count: int) -> None:
    floats = TensorProto.FLOAT
    for number in range(count):
        graph = helper.make_graph(
            [helper.make_node("Add", ["x", "k"], ["y"])], "g", [helper.make_tensor_value_info("x", floats, ["n", 4])],
            [helper.make_tensor_value_info("y", floats, ["n", 4])], [helper.make_tensor("k", floats, [1], [number])])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.save(model, base / "small.onnx")
        repository.write_onnx(base / "models", f"small-{number}", base / "small.onnx")
        (base / "small.onnx").unlink()


def settings_at(base: Path, models: Path, forks: bool) -> TritonSettings:
    return TritonSettings(state=base / f"state-{forks}-{models.parent.name}", repository=models, http_port=free_port(),
                          grpc_port=free_port(), metrics_port=free_port(), fork_server=forks)


class Bench:
    """One Triton, one member of its pool."""

    def __init__(self, settings: TritonSettings) -> None:
        self.server = TritonServer(settings)
        self.client = TritonClient(f"127.0.0.1:{settings.http_port}")
        self.control = TritonControl(f"127.0.0.1:{settings.grpc_port}")
        self.processes = Processes(settings.repository)
        self.prober = Prober(self.control, self.client)
        self.pools: Pools = open_pools(
            self.control, RuntimeSettings(key_pepper="", pool_memory_mb=NO_LIMIT_MB), self.client)

    async def __aenter__(self) -> Bench:
        self.server.start()
        self.server.wait_ready()
        if self.server.settings.fork_server and not self.server.zygote.wait():
            raise SystemExit(f"there is no fork server: {self.server.zygote.reason}")
        await self.control.loaded()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.pools.close()
        await self.client.close()
        await self.control.close()
        self.server.stop()

    async def cold(self, models: Sequence[str], call: Any) -> float:
        """Milliseconds from a call's arrival to its answer, models not loaded."""
        began = time.perf_counter()
        async with self.pools.use(dict.fromkeys(models, 40)):
            await call()
        return (time.perf_counter() - began) * 1000

    def total_mb(self) -> float:
        """Everything: Triton, the fork server, every model."""
        extra = [self.server.process.pid if self.server.process else 0,
                 self.server.zygote._process.pid if self.server.zygote._process else 0]
        return sum(self.processes.footprints().values()) + sum(pss_mb(pid) for pid in extra if pid)


async def cold_starts(settings: TritonSettings, count: int) -> tuple[list[float], list[float]]:
    """The cold times of each small net's first call, and each one's memory after it."""
    tensor = oip.Tensor("x", "FP32", (1, 4), np.ones(4, "<f4").tobytes())
    parts, length = oip.encode_request((tensor,))
    async with Bench(settings) as bench:
        times = []
        for number in range(count):
            name = f"small-{number}"
            times.append(await bench.cold([name], lambda name=name: bench.client.infer(  # type: ignore[misc]
                name, None, parts, length, timeout=30)))
        return times, list(bench.processes.footprints().values())


async def catalogue(settings: TritonSettings) -> dict[str, Any]:
    """Loads every model and runs every capability's example; all of it stays."""
    hosts = {file.parents[1].name: list(json.loads(file.read_text())["entries"])
             for file in sorted(settings.repository.glob("host-*/*/entries.json"))}
    async with Bench(settings) as bench:
        times, answers = [], 0
        for name in repository.models(settings.repository):
            if name not in hosts:
                times.append(await bench.cold([name], lambda name=name: bench.prober.model(name)))  # type: ignore[misc]
        for host, capabilities in hosts.items():
            times.append(await bench.cold([host], lambda host=host: bench.prober.model(host)))  # type: ignore[misc]
            for capability in capabilities:
                answers += await bench.prober.model(host, 60.0, capability)
        return {
            "catalogue_models": len(bench.processes.by_model()), "catalogue_mb": round(bench.total_mb()),
            "catalogue_capabilities": sum(map(len, hosts.values())), "catalogue_answers": answers,
            "catalogue_cold_p50_ms": round(statistics.median(times), 1),
            "catalogue_cold_p95_ms": round(sorted(times)[int(len(times) * 0.95) - 1], 1)}


if __name__ == "__main__":
    main()
