"""Section 6: the Open Inference Protocol over gRPC."""

from __future__ import annotations

import grpc

from tessera_conformance import wire
from tessera_conformance.registry import check, need, same
from tessera_conformance.target import Target

HEALTH = "/grpc.health.v1.Health/"


@check("grpc.live-ready", "6.1")
def live_ready(t: Target) -> None:
    """ServerLive and ServerReady answer true without a key."""
    for method in ("ServerLive", "ServerReady"):
        same(wire.grouped(t.rpc_good(method, key="")).get(1), [1], method)


@check("grpc.health", "6.1")
def health(t: Target) -> None:
    """grpc.health.v1 Check answers SERVING for the server, and NOT_FOUND for a service that is not there."""
    same(wire.grouped(t.rpc_good("Check", service=HEALTH, key="")).get(1), [1], "the health")
    same(t.rpc("Check", wire.text(1, "no.such.Service"), service=HEALTH, key="").status, "NOT_FOUND", "the status")


@check("grpc.metadata", "6.2")
def metadata(t: Target) -> None:
    """ModelMetadata has the same tensors as GET /v2/models/{model}."""
    found = wire.grouped(t.rpc_good("ModelMetadata", wire.named(t.tensor_name)))
    for field, part in ((4, "inputs"), (5, "outputs")):
        seen = [(wire.first_text(inner, 1), wire.first_text(inner, 2)) for inner in
                (wire.grouped(one) for one in found.get(field, []) if isinstance(one, bytes))]
        same(seen, [(one["name"], one["datatype"]) for one in t.tensor_model[0][part]], part)


@check("grpc.infer-raw", "6.3")
def infer_raw(t: Target) -> None:
    """ModelInfer takes raw_input_contents, names the model and gives the caller's id back."""
    mine = t.fresh()
    message = wire.infer_request(t.tensor_name, t.inputs, raw=True, request_id=mine)
    model, request_id, found = wire.infer_response(t.rpc_good("ModelInfer", message))
    same((model, request_id), (t.tensor_name, mine), "model and id")
    need(found and all(one.data for one in found), "an output is empty")


@check("grpc.infer-typed", "6.3")
def infer_typed(t: Target) -> None:
    """ModelInfer takes typed contents too."""
    message = wire.infer_request(t.tensor_name, t.inputs, raw=False)
    need(wire.infer_response(t.rpc_good("ModelInfer", message))[2], "no output")


@check("grpc.stream", "6.4")
def stream(t: Target) -> None:
    """ModelStreamInfer answers each request of a stream, by its id."""
    ids = [t.fresh() for _ in range(3)]
    messages = [wire.infer_request(t.tensor_name, t.inputs, raw=True, request_id=one) for one in ids]
    try:
        answers = list(t.channel.stream_stream(wire.SERVICE + "ModelStreamInfer")(
            iter(messages), metadata=(("x-api-key", t.key),), timeout=30))
    except grpc.RpcError as error:
        need(False, f"the stream ends with {error.code().name}: {error.details()}")
        return
    seen = []
    for answer in answers:
        found = wire.grouped(answer)
        need(not wire.first_text(found, 1), f"error_message is {wire.first_text(found, 1)!r}")
        inner = found[2][0]
        seen.append(wire.infer_response(inner if isinstance(inner, bytes) else b"")[1])
    same(seen, ids, "the ids")


@check("grpc.unknown-model", "6.5")
def unknown_model(t: Target) -> None:
    """An unknown model is NOT_FOUND, with the code model_not_found as x-error-code in the trailing metadata."""
    answer = t.rpc("ModelInfer", wire.infer_request("no-such-model", t.inputs, raw=True))
    same((answer.status, answer.trailing.get("x-error-code")), ("NOT_FOUND", "model_not_found"), "status and code")


@check("grpc.signature", "6.5")
def signature(t: Target) -> None:
    """A tensor of another name is INVALID_ARGUMENT input_signature_mismatch."""
    wrong = [type(one)("no-such-input", one.datatype, one.shape, one.data) for one in t.inputs]
    answer = t.rpc("ModelInfer", wire.infer_request(t.tensor_name, wrong, raw=True))
    same((answer.status, answer.trailing.get("x-error-code")), ("INVALID_ARGUMENT", "input_signature_mismatch"),
         "status and code")


@check("grpc.closed-doors", "6.6")
def closed(t: Target) -> None:
    """RepositoryModelLoad and shared memory are PERMISSION_DENIED for every key."""
    # Asked of a model that is not there, so that a target that keeps its doors open loads nothing either.
    for method, message in (("RepositoryModelLoad", wire.text(2, "no-such-model")), ("SystemSharedMemoryStatus", b"")):
        same(t.rpc(method, message).status, "PERMISSION_DENIED", method)
