"""Every call of the stock tritonclient.grpc and grpc.aio that the API offers: `triton_grpc.py host:port key model`."""

from __future__ import annotations

import asyncio
import queue
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import numpy as np
import tritonclient.grpc as rpc
import tritonclient.grpc.aio as rpc_aio
from tritonclient.utils import InferenceServerException

ROWS = np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.float32)


def inputs(name: str = "X") -> tuple[list[Any], list[Any]]:
    tensor = rpc.InferInput(name, [2, 4], "FP32")
    tensor.set_data_from_numpy(ROWS)
    return [tensor], [rpc.InferRequestedOutput("Y")]


def fault(call: Callable[[], Any], kind: type[Exception]) -> Any:
    """The exception that a call must raise."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError("a refusal was expected")


def sync(url: str, key: str, model: str) -> None:
    client = rpc.InferenceServerClient(url)
    headers = {"x-api-key": key}
    given, wanted = inputs()
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.get_server_metadata(headers=headers).name == "tessera"
    for version in ("", "1"):
        assert client.is_model_ready(model, version, headers=headers)
        data = client.get_model_metadata(model, version, headers=headers)
        assert (data.name, data.inputs[0].name, list(data.outputs[0].shape)) == (model, "X", [-1, 4])
        config = client.get_model_config(model, version, headers=headers, as_json=True)["config"]
        assert (config["name"], config["input"][0]["data_type"]) == (model, "TYPE_FP32")
        answer = client.infer(model, given, version, wanted, request_id="mine", headers=headers, client_timeout=10)
        assert np.array_equal(answer.as_numpy("Y"), ROWS + 1)
        assert answer.get_response().id == "mine"
    results: queue.Queue[Any] = queue.Queue()
    for _ in range(4):
        client.async_infer(model, given, lambda result, error: results.put((result, error)), outputs=wanted,
                           headers=headers)
    for _ in range(4):
        result, error = results.get(timeout=20)
        assert error is None, error
        assert np.array_equal(result.as_numpy("Y"), ROWS + 1)
    client.start_stream(lambda result, error: results.put((result, error)), headers=headers)
    for number in range(3):
        client.async_stream_infer(model, given, request_id=str(number), outputs=wanted)
    for number in range(3):
        result, error = results.get(timeout=20)
        assert error is None, error
        assert result.get_response().id == str(number)
        assert np.array_equal(result.as_numpy("Y"), ROWS + 1)
    client.async_stream_infer("no-such-model", given)
    result, error = results.get(timeout=20)
    assert "model_not_found" in str(error)
    client.stop_stream()
    stats = client.get_inference_statistics(model, headers=headers)
    assert stats.model_stats[0].inference_stats.success.count >= 9
    assert model in {entry.name for entry in client.get_model_repository_index(headers=headers).models}
    for call, status in (
            (lambda: client.load_model(model, headers=headers), "PERMISSION_DENIED"),
            (lambda: client.unload_model(model, headers=headers), "PERMISSION_DENIED"),
            (lambda: client.get_system_shared_memory_status(headers=headers), "PERMISSION_DENIED"),
            (lambda: client.get_cuda_shared_memory_status(headers=headers), "PERMISSION_DENIED"),
            (lambda: client.register_system_shared_memory("r", "/r", 8, headers=headers), "PERMISSION_DENIED"),
            (lambda: client.get_trace_settings(headers=headers), "PERMISSION_DENIED"),
            (lambda: client.update_log_settings({"log_verbose_level": 1}, headers=headers), "PERMISSION_DENIED"),
            (lambda: client.get_log_settings(headers=headers), "PERMISSION_DENIED"),
            (lambda: client.get_model_metadata(model), "UNAUTHENTICATED"),
            (lambda: client.get_model_metadata("no-such-model", headers=headers), "NOT_FOUND"),
            (lambda: client.get_model_config(model, "99", headers=headers), "NOT_FOUND"),
            (lambda: client.infer(model, inputs("Z")[0], headers=headers), "INVALID_ARGUMENT"),
            (lambda: client.infer(model, given, "99", headers=headers), "NOT_FOUND")):
        assert status in str(fault(call, InferenceServerException).status())
    client.close()


async def concurrent(url: str, key: str, model: str) -> None:
    headers = {"authorization": f"Bearer {key}"}
    given, wanted = inputs()
    async with rpc_aio.InferenceServerClient(url) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert (await client.get_server_metadata(headers=headers)).name == "tessera"
        assert await client.is_model_ready(model, headers=headers)
        assert (await client.get_model_metadata(model, headers=headers)).name == model
        assert (await client.get_model_config(model, headers=headers)).config.name == model
        answers = await asyncio.gather(*(client.infer(model, given, outputs=wanted, headers=headers)
                                         for _ in range(8)))
        assert all(np.array_equal(answer.as_numpy("Y"), ROWS + 1) for answer in answers)

        async def requests() -> AsyncIterator[dict[str, Any]]:
            for number in range(3):
                yield {"model_name": model, "inputs": given, "outputs": wanted, "request_id": str(number)}

        seen = [result.get_response().id async for result, error in client.stream_infer(requests(), headers=headers)
                if error is None]
        assert seen == ["0", "1", "2"], seen
        assert (await client.get_inference_statistics(model, headers=headers)).model_stats
        for call, status in (
                (lambda: client.infer(model, given), "UNAUTHENTICATED"),
                (lambda: client.infer("no-such-model", given, headers=headers), "NOT_FOUND"),
                (lambda: client.infer(model, inputs("Z")[0], headers=headers), "INVALID_ARGUMENT"),
                (lambda: client.load_model(model, headers=headers), "PERMISSION_DENIED"),
                (lambda: client.get_trace_settings(headers=headers), "PERMISSION_DENIED")):
            try:
                await call()
                seen = "no refusal"
            except InferenceServerException as error:
                seen = str(error.status())
            assert status in seen
        assert model in {entry.name for entry in (await client.get_model_repository_index(headers=headers)).models}


def health(url: str) -> None:
    """grpc.health.v1 as a load balancer asks it, by its bytes; and the code of an error in the trailing metadata."""
    with grpc.insecure_channel(url) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        assert check(b"", timeout=10) == b"\x08\x01"
        name = b"inference.GRPCInferenceService"
        assert check(b"\x0a" + bytes([len(name)]) + name, timeout=10) == b"\x08\x01"
        error = fault(lambda: check(b"\x0a\x04none", timeout=10), grpc.RpcError)
        assert error.code() is grpc.StatusCode.NOT_FOUND
        assert ("x-error-code", "not_found") in tuple(error.trailing_metadata())
        watch = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=10)
        assert next(watch) == b"\x08\x01"
        watch.cancel()


if __name__ == "__main__":
    sync(*sys.argv[1:4])
    asyncio.run(concurrent(*sys.argv[1:4]))
    health(sys.argv[1])
    print("ok")
