"""The calls of kserve's REST and gRPC clients: `kserve_client.py http-host:port grpc-host:port key model`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from typing import Any

import numpy as np
from grpc import RpcError
from httpx import HTTPStatusError
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

ROWS = np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.float32)


def request(model: str, binary: bool) -> InferRequest:
    tensor = InferInput("X", [2, 4], "FP32")
    tensor.set_data_from_numpy(ROWS, binary_data=binary)
    wanted = [RequestedOutput("Y", {"binary_data": binary})]
    return InferRequest(model_name=model, infer_inputs=[tensor], request_outputs=wanted)


async def fault(call: Awaitable[Any], kind: type[Exception]) -> Any:
    """The exception that a call must raise."""
    try:
        await call
    except kind as error:
        return error
    raise AssertionError("a refusal was expected")


async def rest(base: str, key: str, model: str) -> None:
    client = InferenceRESTClient(RESTConfig(protocol="v2", timeout=30))
    headers = {"X-API-Key": key}
    assert await client.is_server_live(base)
    assert await client.is_server_ready(base)
    assert await client.is_model_ready(base, model, headers=headers)
    for binary in (False, True):
        answer = await client.infer(base, request(model, binary), model_name=model, headers=dict(headers))
        assert np.array_equal(answer.outputs[0].as_numpy(), ROWS + 1), binary
    for name, sent, status in (("no-such-model", headers, 404), (model, {}, 401)):
        call = client.infer(base, request(name, True), model_name=name, headers=dict(sent))
        error = await fault(call, HTTPStatusError)
        assert error.response.status_code == status, error
    await client.close()


async def rpc(url: str, key: str, model: str) -> None:
    client = InferenceGRPCClient(url)
    headers = (("x-api-key", key),)
    assert await client.is_server_live()
    assert await client.is_server_ready()
    assert await client.is_model_ready(model, headers=headers)
    answer = await client.infer(request(model, True), headers=headers)
    assert np.array_equal(answer.outputs[0].as_numpy(), ROWS + 1)
    for name, sent, status in (("no-such-model", headers, "NOT_FOUND"), (model, (), "UNAUTHENTICATED")):
        error = await fault(client.infer(request(name, True), headers=sent), RpcError)
        assert error.code().name == status, error
    await client.close()


async def main() -> None:
    http_url, grpc_url, key, model = sys.argv[1:5]
    await rest(f"http://{http_url}", key, model)
    await rpc(grpc_url, key, model)
    print("ok")


if __name__ == "__main__":
    asyncio.run(main())
