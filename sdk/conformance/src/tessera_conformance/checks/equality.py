"""Section 8: one model, one answer, whatever the language of the call."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from tessera_conformance import wire
from tessera_conformance.registry import Skip, check, need
from tessera_conformance.target import Target
from tessera_conformance.tensors import Tensor, alike, binary_request, close, json_request, read_answer


def _sdk(t: Target) -> Any:
    if t.headers:
        raise Skip("the SDK sends no headers of the caller's own")
    try:
        from tessera import AIClient
    except ImportError:
        raise Skip("the Python SDK is not installed (pip install tessera-conformance[sdk])") from None
    return AIClient(t.key, base_url=t.url)


def _output(t: Target) -> Any:
    return t.predict().json()["output"]


@check("equal.json-binary", "8.1")
def json_binary(t: Target) -> None:
    """Binary tensors give what JSON tensors give."""
    body, headers = binary_request(t.inputs, binary_output=True)
    answer = t.good("POST", t.infer_path, body=body, headers=headers)
    close(read_answer(answer.content, answer.headers)[1], t.infer(), "binary")


@check("equal.json-grpc", "8.1")
def json_grpc(t: Target) -> None:
    """gRPC, raw and typed, gives what JSON gives."""
    for raw in (True, False):
        message = wire.infer_request(t.tensor_name, t.inputs, raw=raw)
        close(wire.infer_response(t.rpc_good("ModelInfer", message))[2], t.infer(), "gRPC raw" if raw else "gRPC typed")


@check("equal.native-oip", "8.2")
def native_oip(t: Target) -> None:
    """The tensor view of a model of human kinds gives what the native dialect gives."""
    given = Tensor("input", "BYTES", [1], [json.dumps({"input": t.text_input}).encode()])
    answer = t.good("POST", f"/v2/models/{quote(t.text_name)}/infer", body=json_request([given]))
    found = json.loads(read_answer(answer.content, answer.headers)[1][0].data[0])
    need(alike(found, _output(t), 1e-5), "another output over /v2")


@check("equal.native-generate", "8.2")
def native_generate(t: Target) -> None:
    """…/generate gives what the native dialect gives."""
    found = t.document("POST", f"/v2/models/{quote(t.text_name)}/generate", body={"input": t.text_input})
    need(alike(json.loads(found["text_output"]), _output(t), 1e-5), "another output by generate")


@check("equal.native-grpc", "8.2")
def native_grpc(t: Target) -> None:
    """The tensor view over gRPC gives what the native dialect gives."""
    given = Tensor("input", "BYTES", [1], [json.dumps({"input": t.text_input}).encode()])
    _, _, found = wire.infer_response(t.rpc_good("ModelInfer", wire.infer_request(t.text_name, [given], raw=True)))
    need(alike(json.loads(found[0].data[0]), _output(t), 1e-5), "another output over gRPC")


@check("equal.native-openai", "8.2")
def native_openai(t: Target) -> None:
    """/v1/embeddings gives the vectors of the native dialect."""
    rows = t.document("POST", "/v1/embeddings", body={"model": t.text_name, "input": t.texts})["data"]
    need(alike([row["embedding"] for row in rows], _output(t)["embeddings"], 1e-5), "other vectors over /v1")


@check("equal.native-sdk", "8.3")
def native_sdk(t: Target) -> None:
    """The SDK's predict gives what the native dialect gives."""
    with _sdk(t) as client:
        found = client.models.get(t.text_name).predict(input=t.text_input).output
    need(alike(json.loads(json.dumps(found)), _output(t), 1e-5), "another output by the SDK")


@check("equal.oip-sdk", "8.3")
def oip_sdk(t: Target) -> None:
    """The SDK's infer gives what JSON tensors give."""
    with _sdk(t) as client:
        try:
            import numpy
        except ImportError:
            raise Skip("numpy is not installed") from None
        codes = {"FP16": "f2", "FP32": "f4", "FP64": "f8", "BOOL": "?"}
        arrays = {one.name: numpy.array(one.data, codes.get(one.datatype) or one.datatype.lower()).reshape(one.shape)
                  for one in t.inputs}
        found = client.models.get(t.tensor_name).infer(arrays)
    for one in t.infer():
        need(one.name in found and list(found[one.name].shape) == one.shape, f"no {one.name} of shape {one.shape}")
        need(alike(found[one.name].reshape(-1).tolist(), one.data, 1e-5), f"another {one.name} by the SDK")


@check("equal.batch", "8.4")
def batch(t: Target) -> None:
    """Rows give the same alone as together: how calls are batched can't be seen in their answers."""
    shapes = [one["shape"] for one in t.tensor_model[0]["inputs"] + t.tensor_model[0]["outputs"]]
    if not all(shape and shape[0] < 0 for shape in shapes):
        raise Skip("the model has no batch dimension")
    together = t.infer()
    for row in range(4):
        alone = t.infer([one.rows(row, row + 1) for one in t.inputs])
        close(alone, [one.rows(row, row + 1) for one in together], f"row {row} alone")


@check("equal.concurrent", "8.4")
def concurrent(t: Target) -> None:
    """Sixteen calls at once give what one alone gives."""
    wanted = t.infer()
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: t.infer(), range(16)):
            close(found, wanted, "one of sixteen at once")


@check("equal.repeat", "8.4")
def repeat(t: Target) -> None:
    """A model that says it is deterministic gives the same answer each time."""
    serving = (t.text_model.get("manifest") or {}).get("serving") or {}
    if not serving.get("deterministic"):
        raise Skip("the model does not say that it is deterministic")
    outputs = {json.dumps(_output(t), sort_keys=True) for _ in range(3)}
    need(len(outputs) == 1, f"{len(outputs)} different outputs of three")
