"""Loading, unloading and asking Triton, over gRPC (an HTTP load stalls other calls for its whole length).

Changes of one model are serialised: Triton can crash when a model is loaded while it is still unloading.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from typing import Any, Protocol

import grpc
import grpc.aio
from google.protobuf.json_format import MessageToDict

from inference_backend.triton.messages import messages, services

LOAD_TIMEOUT_S = 120.0
UNLOAD_TIMEOUT_S = 15.0
ASK_TIMEOUT_S = 5.0
POLL_S = 0.05
ADMIN_METADATA = "triton-grpc-protocol-tessera-admin"  # Triton's fixed prefix before the name of the restricted key


class ControlError(Exception):
    """Triton refused or failed a change, with its reason. `unreachable`: it was not there to be asked."""

    def __init__(self, reason: str, *, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.unreachable = unreachable


class Control(Protocol):
    """What the residency of models needs; tests put a fake in its place."""

    async def load(self, model: str) -> None: ...

    async def unload(self, model: str) -> None: ...

    async def heal(self, model: str) -> None: ...

    async def loaded(self) -> set[str]: ...


class TritonControl:
    """One per event loop."""

    def __init__(self, address: str, admin_secret: str = "") -> None:
        self._address = address
        self._metadata = ((ADMIN_METADATA, admin_secret),) if admin_secret else ()
        self._channel: grpc.aio.Channel | None = None
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def load(self, model: str) -> None:
        """Returns once the model is ready. Raises ControlError with Triton's reason."""
        async with self._locks[model]:
            await self._wait_unloaded(model)
            request = messages.RepositoryModelLoadRequest(model_name=model)
            await self._call("RepositoryModelLoad", request, LOAD_TIMEOUT_S)

    async def unload(self, model: str) -> None:
        """Returns once the model is gone; Triton lets calls in flight end first."""
        async with self._locks[model]:
            request = messages.RepositoryModelUnloadRequest(model_name=model)
            await self._call("RepositoryModelUnload", request, ASK_TIMEOUT_S)
            await self._wait_unloaded(model)

    async def heal(self, model: str) -> None:
        """Gives a model whose process died a new one.

        Triton neither restarts it nor can unload it (that hangs); a load with a changed configuration replaces it.
        """
        async with self._locks[model]:
            try:
                config = await self.config(model)
            except ControlError:
                config = {}
            if config:
                config.pop("runtime", None)
                config.setdefault("parameters", {})["healed_at"] = {"string_value": str(time.time_ns())}
            request = messages.RepositoryModelLoadRequest(model_name=model)
            if config:
                request.parameters["config"].string_param = json.dumps(config)
            await self._call("RepositoryModelLoad", request, LOAD_TIMEOUT_S)

    async def index(self) -> list[dict[str, Any]]:
        """Every model in the repository: name, version, state, reason."""
        answer = await self._call("RepositoryIndex", messages.RepositoryIndexRequest(), ASK_TIMEOUT_S)
        return [{"name": entry.name, "version": entry.version, "state": entry.state, "reason": entry.reason}
                for entry in answer.models]

    async def loaded(self) -> set[str]:
        """The names of the models that are ready."""
        return {entry["name"] for entry in await self.index() if entry["state"] == "READY"}

    async def ready(self) -> bool:
        """Whether the server itself takes calls."""
        try:
            return bool((await self._call("ServerReady", messages.ServerReadyRequest(), ASK_TIMEOUT_S)).ready)
        except ControlError:
            return False

    async def model_ready(self, model: str, version: int | None = None) -> bool:
        request = messages.ModelReadyRequest(name=model, version=str(version or ""))
        try:
            return bool((await self._call("ModelReady", request, ASK_TIMEOUT_S)).ready)
        except ControlError:
            return False

    async def config(self, model: str) -> dict[str, Any]:
        answer = await self._call("ModelConfig", messages.ModelConfigRequest(name=model), ASK_TIMEOUT_S)
        return dict(MessageToDict(answer.config, preserving_proto_field_name=True))

    async def statistics(self, model: str = "") -> list[dict[str, Any]]:
        answer = await self._call("ModelStatistics", messages.ModelStatisticsRequest(name=model), ASK_TIMEOUT_S)
        return [MessageToDict(entry, preserving_proto_field_name=True) for entry in answer.model_stats]

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.close()
            self._channel = None

    async def _wait_unloaded(self, model: str) -> None:
        """Unloading goes on after Triton has answered; a load before its end can take the server down."""
        deadline = time.monotonic() + UNLOAD_TIMEOUT_S
        while any(entry["name"] == model and (entry["state"] == "UNLOADING" or entry["reason"] == "unloading")
                  for entry in await self.index()):
            if time.monotonic() > deadline:
                raise ControlError(f"{model} is still unloading")
            await asyncio.sleep(POLL_S)

    async def _call(self, method: str, request: Any, timeout: float) -> Any:
        if self._channel is None:
            self._channel = grpc.aio.insecure_channel(self._address, options=[
                ("grpc.max_receive_message_length", 64 << 20), ("grpc.initial_reconnect_backoff_ms", 100),
                ("grpc.max_reconnect_backoff_ms", 1000)])
        call = getattr(services.GRPCInferenceServiceStub(self._channel), method)
        try:
            return await call(request, timeout=timeout, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            gone = error.code() is grpc.StatusCode.UNAVAILABLE and not (error.details() or "").startswith("[")
            raise ControlError(error.details() or error.code().name, unreachable=gone) from error
