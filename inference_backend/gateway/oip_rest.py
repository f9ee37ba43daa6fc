"""The Open Inference Protocol v2 over HTTP. The content type of a request says nothing: real clients send any."""

from __future__ import annotations

from typing import Any

from inference_backend import oip
from inference_backend.gateway.http import Request, Response
from inference_backend.invocation import Call, Work, authenticate, authorise, invoke
from inference_backend.predictions import tensor_work
from inference_backend.routing import pick
from inference_backend.runtime import Runtime
from kernel.contracts import Grant, Route, TensorSpec
from kernel.problems import Problem

SERVER = {"name": "tessera", "version": "1.0.0",
          "extensions": ["binary_tensor_data", "statistics", "model_configuration"]}
_FORBIDDEN = ("systemsharedmemory", "cudasharedmemory", "trace", "logging")


async def answer(runtime: Runtime, request: Request, segments: list[str]) -> Response:
    """Everything below /v2 except infer, whose body is read first."""
    match segments:
        case ["health", "live"]:
            return Response.json({"live": True})
        case ["health", "ready"]:
            ready = await runtime.ready()
            return Response.json({"ready": ready}, status=200 if ready else 503)
        case [name, *_] if name in _FORBIDDEN:
            raise Problem("permission_denied", "not offered on this platform")
        case ["repository", "models", _, "load" | "unload"]:
            raise Problem("permission_denied", "models are loaded by the platform")
        case ["models", _, "versions", _, name, *_] | ["models", _, name, *_] if name in _FORBIDDEN:
            raise Problem("permission_denied", "not offered on this platform")
    grant = await authenticate(runtime, request.key, request.ip)
    match segments:
        case []:
            return Response.json(SERVER)
        case ["repository", "index"]:
            return Response.json(await index(runtime, grant))
        case ["models", model, *rest]:
            version = None
            if rest[:1] == ["versions"] and len(rest) > 1:
                version, rest = rest[1], rest[2:]
            route = await authorise(runtime, grant, model)
            if rest == ["ready"]:
                pick(route, version, grant.key_hash)
                ready = await runtime.pools.probe(route)
                return Response.json({"name": route.model, "ready": ready}, status=200 if ready else 503)
            return _about(runtime, route, version, rest, grant)
    raise Problem("not_found", "there is nothing here")


def _about(runtime: Runtime, route: Route, version: str | None, rest: list[str], grant: Grant) -> Response:
    target = pick(route, version, grant.key_hash)
    match rest:
        case []:
            return Response.json(metadata(route, version))
        case ["config"]:
            return Response.json(config(route))
        case ["stats"]:
            figures = runtime.figures[route.model]
            success = figures.calls - figures.failures
            return Response.json({"model_stats": [{
                "name": route.model, "version": str(target.version), "inference_count": success,
                "execution_count": success, "inference_stats": {
                    "success": {"count": success, "ns": figures.total_ns},
                    "fail": {"count": figures.failures, "ns": 0}}}]})
        case ["infer" | "generate" | "generate_stream"]:
            raise Problem("method_not_allowed", "use POST")
    raise Problem("not_found", "there is nothing here")


def metadata(route: Route, version: str | None) -> dict[str, Any]:
    versions = [str(pick(route, version, "").version)] if version else [str(target.version) for target in route.targets]
    return {"name": route.model, "versions": versions, "platform": route.runtime,
            "inputs": [_spec(spec) for spec in route.inputs], "outputs": [_spec(spec) for spec in route.outputs]}


def _spec(spec: TensorSpec) -> dict[str, Any]:
    return {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}


def config(route: Route) -> dict[str, Any]:
    """What a caller may know of the configuration: its tensors as the signature has them, nothing of the machine."""
    return {"name": route.model, "platform": route.runtime, "max_batch_size": 0,
            "input": [_config(spec) for spec in route.inputs], "output": [_config(spec) for spec in route.outputs]}


def _config(spec: TensorSpec) -> dict[str, Any]:
    kind = "STRING" if spec.datatype == "BYTES" else spec.datatype
    return {"name": spec.name, "data_type": f"TYPE_{kind}", "dims": list(spec.shape)}


async def index(runtime: Runtime, grant: Grant) -> list[dict[str, str]]:
    """The versions that this grant may call."""
    return [{"name": route.model, "version": str(target.version), "state": "READY", "reason": ""}
            for route in await runtime.snapshots.routes() if route.model in grant.models for target in route.targets]


async def infer(runtime: Runtime, request: Request, model: str, version: str | None) -> Response:
    """POST …/infer in any of the three forms of body."""
    def prepare(route: Route) -> Work:
        if len(request.body) > route.max_body_bytes:
            raise Problem("payload_too_large", f"the body must be at most {route.max_body_bytes} bytes")
        parsed = oip.parse_infer(request.body, request.headers.get("inference-header-content-length"),
                                 route.inputs, route.outputs)
        return tensor_work(route, parsed)

    outcome = await invoke(runtime, Call(
        model=model, body=request.body, prepare=prepare, key=request.key, version=version, ip=request.ip,
        event_id=request.event_id, may_cache=request.may_cache))
    body, header_length = outcome.body
    headers = dict(outcome.headers)
    if header_length is None:
        return Response(body, headers=headers)
    headers["Inference-Header-Content-Length"] = str(header_length)
    return Response(body, content_type="application/octet-stream", headers=headers)
