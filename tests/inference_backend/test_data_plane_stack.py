"""The data plane before a real Triton with both secrets: load on demand, HTTP and gRPC, heal, unload."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import onnx
import orjson
import pytest
from doubles import KEY, PEPPER, MemoryLedger, MemoryMeter, MemorySnapshots, faces, grant, route
from free_ports import free_port
from onnx import TensorProto, helper
from test_gateway import INFER, call

from inference_backend.grpc import GrpcServer
from inference_backend.runtime import Runtime, RuntimeSettings
from inference_backend.triton import repository
from inference_backend.triton.control import TritonControl
from inference_backend.triton.messages import messages, services
from inference_backend.triton.server import TritonServer, TritonSettings

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    root: Path = tmp_path_factory.mktemp("plane")
    shape = ["n", 4]
    graph = helper.make_graph(
        [helper.make_node("Add", ["X", "one"], ["Y"])],
        "g",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, shape)],
        [helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), root / "addone.onnx")
    repository.write_onnx(root / "models", "addone", root / "addone.onnx")
    settings = TritonSettings(
        state=root / "triton",
        repository=root / "models",
        http_port=free_port(),
        grpc_port=free_port(),
        metrics_port=free_port(),
        admin_secret="adm",
        infer_secret="inf",
    )
    with TritonServer(settings) as server:
        server.wait_ready()
        yield server


class Plane:
    """What `call` needs of a bench, on the real Triton."""

    def __init__(self, server: TritonServer) -> None:
        ports = server.settings
        self.meter, self.ledger = MemoryMeter(), MemoryLedger()
        self.runtime = Runtime(
            RuntimeSettings(
                key_pepper=PEPPER,
                triton_url=f"127.0.0.1:{ports.http_port}",
                triton_grpc_url=f"127.0.0.1:{ports.grpc_port}",
                triton_admin_secret="adm",
                triton_infer_secret="inf",
            ),
            MemorySnapshots([grant()], [route(timeout_ms=10_000), faces()]),
            self.meter,
            self.ledger,
        )

    @property
    def control(self) -> TritonControl:
        assert isinstance(self.runtime.control, TritonControl)
        return self.runtime.control


async def infer(plane: Any) -> Any:
    answer = await call(plane, "POST", "/v2/models/addone/infer", INFER)
    assert answer is not None
    assert answer.status == 200, answer.body
    assert answer.json["outputs"][0]["data"] == [2, 3, 4, 5]
    return answer


async def test_load_infer_and_reload(triton: TritonServer) -> None:
    plane = Plane(triton)
    async with plane.runtime as runtime:
        assert await runtime.ready()
        assert (await infer(plane)).headers["x-cold-start"] == "1"
        assert (await infer(plane)).headers["x-cold-start"] == "0"
        await plane.control.unload("addone")  # as another process would, to make room
        assert not await plane.control.model_ready("addone")
        assert (await infer(plane)).headers["x-cold-start"] == "1"
        assert len(plane.ledger.events) == 3
        assert plane.meter.open == {}


def _is_stub(entry: Path, server: TritonServer) -> bool:
    """Whether a process is one of this server's: its command names the server's own backend folder or memory."""
    try:
        command = (entry / "cmdline").read_bytes().split(b"\0")
        return b"stub" in command[0] and any(str(server.settings.state.parent).encode() in part for part in command)
    except OSError:
        return False


async def test_a_killed_stub_is_healed_by_the_next_call(triton: TritonServer) -> None:
    plane = Plane(triton)
    async with plane.runtime:
        await infer(plane)
        assert triton.process is not None
        stubs = [
            int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _is_stub(entry, triton)
        ]
        assert stubs
        for stub in stubs:
            os.kill(stub, signal.SIGKILL)
        await infer(plane)


async def test_grpc_takes_the_same_path(triton: TritonServer) -> None:
    plane = Plane(triton)
    async with plane.runtime as runtime:
        server = GrpcServer(runtime, "127.0.0.1:0")
        port = await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub = services.GRPCInferenceServiceStub(channel)
                assert (await stub.ServerLive(messages.ServerLiveRequest())).live
                request = messages.ModelInferRequest(
                    model_name="addone",
                    id="7",
                    inputs=[messages.ModelInferRequest.InferInputTensor(name="X", datatype="FP32", shape=[1, 4])],
                )
                request.raw_input_contents.append(np.arange(4, dtype="<f4").tobytes())
                answer = await stub.ModelInfer(request, metadata=(("x-api-key", KEY),))
                assert answer.id == "7"
                assert np.frombuffer(answer.raw_output_contents[0], "<f4").tolist() == [1, 2, 3, 4]
                assert len(plane.ledger.events) == 1
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await stub.ModelInfer(request)
                assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
                assert ("x-error-code", "invalid_api_key") in tuple(caught.value.trailing_metadata() or ())
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await stub.RepositoryModelLoad(messages.RepositoryModelLoadRequest(model_name="addone"))
                assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
                check = channel.unary_unary("/grpc.health.v1.Health/Check")
                assert await check(b"") == b"\x08\x01"
        finally:
            await server.stop(0)


async def test_a_model_that_does_not_exist_says_so(triton: TritonServer) -> None:
    plane = Plane(triton)
    async with plane.runtime:
        answer = await call(
            plane, "POST", "/api/v1/models/faces/predictions", orjson.dumps({"input": {"image": "iVBORw0KGgoAAAAA"}})
        )
        assert answer is not None
        assert answer.status == 503
        assert answer.json["code"] == "model_not_ready"
        assert plane.meter.open == {}
