"""Whether a model really answers: an inference, not Triton's word, which stays "ready" over a dead process."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Protocol

import orjson

from inference_backend import oip
from inference_backend.oip import Tensor
from inference_backend.pools.residency import Pools
from inference_backend.pools.residents import host_model, net_model
from inference_backend.triton.client import TritonError, TritonUnreachable
from inference_backend.triton.control import ControlError
from kernel.contracts import Route
from kernel.problems import Problem

HOST_PROBE = "_probe"  # the capability name by which a host runs another one's example, or only answers
GOOD_S = 5.0  # how long an answer counts
BAD_S = 1.0
PROBE_TIMEOUT_S = 10.0


class Caller(Protocol):
    async def infer(self, model: str, version: int | None, parts: Any, header_length: int, *,
                    timeout: float) -> tuple[bytes, int | None]: ...


class Configured(Protocol):
    async def config(self, model: str) -> dict[str, Any]: ...


class Prober:
    """Probe inferences, each remembered for a few seconds and shared by who asks meanwhile."""

    def __init__(self, control: Any, client: Caller) -> None:
        self._control: Configured = control
        self._client = client
        self._known: dict[str, tuple[float, bool]] = {}
        self._running: dict[str, asyncio.Task[bool]] = {}

    async def model(self, name: str, timeout: float = PROBE_TIMEOUT_S, capability: str = "",
                    version: int | None = None) -> bool:
        """Whether the Triton model answers within `timeout` seconds; it is to be loaded already. Each version has
        instances of its own; None asks the newest."""
        try:
            if name.startswith("host-"):
                request = orjson.dumps({"capability": capability})
                inputs: tuple[Tensor, ...] = (
                    oip.bytes_tensor("capability", [HOST_PROBE.encode()]),
                    oip.bytes_tensor("request", [request]))
            else:
                inputs = empty_inputs(await self._control.config(name))
            parts, header_length = oip.encode_request(inputs)
            body, length = await self._client.infer(name, version, parts, header_length, timeout=timeout)
        except TritonError as error:
            # A net may refuse zeros: its process answered nevertheless.
            return not error.not_loaded and not error.stub_died and error.status < 503
        except (TritonUnreachable, TimeoutError, ControlError, OSError):
            return False
        if capability:
            reply = {t.name: t for t in oip.decode_reply(body, length)}
            return "problem" not in orjson.loads(reply["response"].strings()[0])
        return True

    async def route(self, pools: Pools, route: Route) -> bool:
        """Whether a call of this route would be served: its models are loaded, and its example is answered."""
        known = self._known.get(route.model)
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        task = self._running.get(route.model)
        if task is None:
            task = self._running[route.model] = asyncio.create_task(self._route(pools, route))
            task.add_done_callback(lambda _: self._running.pop(route.model, None))
        return await asyncio.shield(task)

    async def _route(self, pools: Pools, route: Route) -> bool:
        good = False
        try:
            for tensors in {False, route.runtime == "onnx"}:
                name = net_model(route) if tensors else host_model(route)
                async with pools.lease(route, tensors=tensors, deadline_s=PROBE_TIMEOUT_S):
                    good = await self.model(name, PROBE_TIMEOUT_S, "" if tensors else route.model)
                if not good:
                    break
        except Problem:
            good = False
        self._known[route.model] = (time.monotonic() + (GOOD_S if good else BAD_S), good)
        return good


def empty_inputs(config: dict[str, Any]) -> tuple[Tensor, ...]:
    """The smallest inputs that a configuration allows: zeros, empty strings, one of each free dimension."""
    batch = (1,) if int(config.get("max_batch_size", 0)) > 0 else ()
    tensors = []
    for spec in config.get("input", ()):
        if spec.get("optional"):
            continue
        datatype = str(spec["data_type"]).removeprefix("TYPE_")
        shape = (*batch, *(max(int(d), 1) for d in spec.get("dims", ())))
        count = 1
        for size in shape:
            count *= size
        if datatype == "STRING":
            tensors.append(Tensor(spec["name"], "BYTES", shape, bytes(4 * count)))
        else:
            tensors.append(Tensor(spec["name"], datatype, shape, bytes(oip.DTYPES[datatype].itemsize * count)))
    return tuple(tensors)
