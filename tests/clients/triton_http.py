"""Every call of the stock tritonclient.http and http.aio that the API offers: `triton_http.py host:port key model`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import numpy as np
import tritonclient.http as http
import tritonclient.http.aio as http_aio
from tritonclient.utils import InferenceServerException

ROWS = np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.float32)


def inputs(module: Any, binary: bool, name: str = "X") -> tuple[list[Any], list[Any]]:
    tensor = module.InferInput(name, [2, 4], "FP32")
    tensor.set_data_from_numpy(ROWS, binary_data=binary)
    return [tensor], [module.InferRequestedOutput("Y", binary_data=binary)]


def refused(error: InferenceServerException, status: str) -> None:
    assert status in str(error.status()), (error.status(), error.message())


def sync(url: str, key: str, model: str) -> None:
    client = http.InferenceServerClient(url, concurrency=2)
    try:
        assert client.is_server_live()
        assert client.is_server_ready()
        headers = {"x-api-key": key}
        assert client.get_server_metadata(headers=dict(headers))["name"] == "tessera"
        for version in ("", "1"):
            assert client.is_model_ready(model, version, headers=dict(headers))
            data = client.get_model_metadata(model, version, headers=dict(headers))
            assert (data["name"], data["inputs"][0]["name"], data["outputs"][0]["datatype"]) == (model, "X", "FP32")
            config = client.get_model_config(model, version, headers=dict(headers))
            assert config["input"][0]["data_type"] == "TYPE_FP32"
            for binary in (True, False):
                given, wanted = inputs(http, binary)
                answer = client.infer(model, given, version, wanted, request_id="mine", headers=dict(headers))
                assert np.array_equal(answer.as_numpy("Y"), ROWS + 1)
                assert answer.get_response()["id"] == "mine"
        given, wanted = inputs(http, True)
        pending = [client.async_infer(model, given, outputs=wanted, headers=dict(headers)) for _ in range(4)]
        assert all(np.array_equal(one.get_result().as_numpy("Y"), ROWS + 1) for one in pending)
        packed = client.infer(model, given, outputs=wanted, headers=dict(headers), request_compression_algorithm=None,
                              response_compression_algorithm="gzip")
        assert np.array_equal(packed.as_numpy("Y"), ROWS + 1)
        stats = client.get_inference_statistics(model, headers=dict(headers))["model_stats"][0]
        assert stats["inference_count"] >= 9
        index = client.get_model_repository_index(headers=dict(headers))
        assert model in {entry["name"] for entry in index}
        for call, status in (
                (lambda: client.load_model(model, headers=dict(headers)), "403"),
                (lambda: client.unload_model(model, headers=dict(headers)), "403"),
                (lambda: client.get_system_shared_memory_status(headers=dict(headers)), "403"),
                (lambda: client.get_cuda_shared_memory_status(headers=dict(headers)), "403"),
                (lambda: client.register_system_shared_memory("r", "/r", 8, headers=dict(headers)), "403"),
                (lambda: client.unregister_system_shared_memory(headers=dict(headers)), "403"),
                (lambda: client.get_trace_settings(headers=dict(headers)), "403"),
                (lambda: client.update_trace_settings(model, {"trace_level": ["OFF"]}, headers=dict(headers)), "403"),
                (lambda: client.update_log_settings({"log_verbose_level": 1}, headers=dict(headers)), "403"),
                (lambda: client.get_log_settings(headers=dict(headers)), "403"),
                (lambda: client.get_model_metadata(model), "401"),
                (lambda: client.get_model_metadata("no-such-model", headers=dict(headers)), "404"),
                (lambda: client.get_inference_statistics("no-such-model", headers=dict(headers)), "404"),
                (lambda: client.infer(model, inputs(http, True, "Z")[0], headers=dict(headers)), "422"),
                (lambda: client.infer(model, given, "99", headers=dict(headers)), "404")):
            try:
                call()
            except InferenceServerException as error:
                refused(error, status)
            else:
                raise AssertionError(f"{status} was expected")
    finally:
        client.close()


async def concurrent(url: str, key: str, model: str) -> None:
    headers = {"x-api-key": key}
    async with http_aio.InferenceServerClient(url) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert (await client.get_server_metadata(headers=dict(headers)))["name"] == "tessera"
        assert await client.is_model_ready(model, headers=dict(headers))
        assert (await client.get_model_metadata(model, headers=dict(headers)))["name"] == model
        assert (await client.get_model_config(model, headers=dict(headers)))["name"] == model
        for binary in (True, False):
            given, wanted = inputs(http_aio, binary)
            answers = await asyncio.gather(*(client.infer(model, given, outputs=wanted, headers=dict(headers))
                                             for _ in range(8)))
            assert all(np.array_equal(answer.as_numpy("Y"), ROWS + 1) for answer in answers)
        assert (await client.get_inference_statistics(model, headers=dict(headers)))["model_stats"]
        assert model in {entry["name"] for entry in await client.get_model_repository_index(headers=dict(headers))}
        for call, status in (
                (lambda: client.infer(model, given, outputs=wanted), "401"),
                (lambda: client.infer("no-such-model", given, headers=dict(headers)), "404"),
                (lambda: client.infer(model, inputs(http_aio, True, "Z")[0], headers=dict(headers)), "422"),
                (lambda: client.load_model(model, headers=dict(headers)), "403"),
                (lambda: client.get_system_shared_memory_status(headers=dict(headers)), "403")):
            try:
                await call()
            except InferenceServerException as error:
                refused(error, status)
            else:
                raise AssertionError(f"{status} was expected")


if __name__ == "__main__":
    sync(*sys.argv[1:4])
    asyncio.run(concurrent(*sys.argv[1:4]))
    print("ok")
