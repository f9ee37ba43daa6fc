"""The Open Inference Protocol over gRPC, on its own port, and the standard health service.

Calls are read, checked and written anew like those over HTTP and take the same path; nothing is forwarded to Triton's
own gRPC port. The key comes as metadata `x-api-key` or `authorization`; an error carries its code as `x-error-code`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, NoReturn

import grpc
import grpc.aio
from google.protobuf.json_format import ParseDict
from google.protobuf.message import DecodeError

from inference_backend import oip
from inference_backend.gateway import oip_rest
from inference_backend.gateway.proxies import TrustedProxies
from inference_backend.invocation import MAX_COST, Call, Delivery, MaxCost, Work, authenticate, authorise, invoke
from inference_backend.oip import InferRequest, Tensor, WantedOutput
from inference_backend.predictions import tensor_work
from inference_backend.routing import pick
from inference_backend.runtime import Runtime
from inference_backend.triton.messages import messages
from kernel.contracts import Route
from kernel.problems import Problem

log = logging.getLogger(__name__)

SERVICE = "inference.GRPCInferenceService"
HEALTH = "grpc.health.v1.Health"
MAX_MESSAGE = 64 << 20
SERVING, NOT_SERVING, SERVICE_UNKNOWN = b"\x08\x01", b"\x08\x02", b"\x08\x03"  # HealthCheckResponse{status}
WATCH_S = 0.5

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "PERMISSION_DENIED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    422: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
# datatype → the field of InferTensorContents that holds its values
_CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
}

Context = Any  # grpc.aio.ServicerContext, whose type parameters say nothing here


class GrpcServer:
    """Listens on `address`; `start` gives the bound port."""

    def __init__(self, runtime: Runtime, address: str, *, shared: bool = False, trusted: Sequence[str] = ()) -> None:
        """`shared` lets other workers listen on the same address; `trusted` are the networks of our own proxies."""
        self._runtime = runtime
        self._proxies = TrustedProxies(trusted)
        self._address = address
        self._shared = shared
        self._server: grpc.aio.Server | None = None

    async def start(self) -> int:
        await self._runtime.start()
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", MAX_MESSAGE),
                ("grpc.max_send_message_length", MAX_MESSAGE),
                ("grpc.so_reuseport", int(self._shared)),
            ]
        )
        self._server.add_generic_rpc_handlers((_Handlers(self._runtime, self._proxies),))
        port = self._server.add_insecure_port(self._address)
        await self._server.start()
        return int(port)

    async def stop(self, grace_s: float = 10.0) -> None:
        if self._server is not None:
            await self._server.stop(grace_s)
            self._server = None


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]
    """One entry for every method of the two services; what is not offered is PERMISSION_DENIED."""

    def __init__(self, runtime: Runtime, proxies: TrustedProxies) -> None:
        service = _Service(runtime, proxies)
        self._methods: dict[str, tuple[Callable[..., Awaitable[Any]], Any]] = {
            "ServerLive": (service.live, messages.ServerLiveRequest),
            "ServerReady": (service.ready, messages.ServerReadyRequest),
            "ServerMetadata": (service.server_metadata, messages.ServerMetadataRequest),
            "ModelReady": (service.model_ready, messages.ModelReadyRequest),
            "ModelMetadata": (service.model_metadata, messages.ModelMetadataRequest),
            "ModelConfig": (service.model_config, messages.ModelConfigRequest),
            "ModelStatistics": (service.statistics, messages.ModelStatisticsRequest),
            "RepositoryIndex": (service.index, messages.RepositoryIndexRequest),
        }
        self._service = service
        self._infer = grpc.unary_unary_rpc_method_handler(
            _guarded(service.infer), response_serializer=messages.ModelInferResponse.SerializeToString)

    def service(self, details: Any) -> Any:
        name, _, method = details.method.lstrip("/").partition("/")
        if name == HEALTH and method == "Check":
            return grpc.unary_unary_rpc_method_handler(_guarded(self._service.health))
        if name == HEALTH and method == "Watch":
            return grpc.unary_stream_rpc_method_handler(self._service.watch)
        if name != SERVICE:
            return None
        if method == "ModelInfer":  # bytes in and out: what bills is the hash of the very bytes that came
            return self._infer
        if method == "ModelStreamInfer":
            return grpc.stream_stream_rpc_method_handler(
                self._service.stream,
                response_serializer=messages.ModelStreamInferResponse.SerializeToString,
            )
        if method not in self._methods:
            return grpc.unary_unary_rpc_method_handler(_refuse)
        handler, request = self._methods[method]
        return grpc.unary_unary_rpc_method_handler(
            _guarded(handler),
            request_deserializer=request.FromString,
            response_serializer=lambda answer: answer.SerializeToString(),
        )


def _guarded(handler: Callable[..., Awaitable[Any]]) -> Callable[[Any, Context], Awaitable[Any]]:
    async def call(request: Any, context: Context) -> Any:
        try:
            return await handler(request, context)
        except Problem as problem:
            await _abort(context, problem)
        except Exception as error:
            if isinstance(error, grpc.aio.AbortError):
                raise
            log.exception("gRPC call failed")
            await _abort(context, Problem("internal_error", "an unexpected failure on our side"))

    return call


async def _abort(context: Context, problem: Problem) -> NoReturn:
    status = getattr(grpc.StatusCode, _STATUS.get(problem.status, "INTERNAL"))
    await context.abort(status, problem.detail, trailing_metadata=(("x-error-code", problem.code),))
    raise AssertionError("abort raises")


async def _refuse(_request: bytes, context: Context) -> bytes:
    await _abort(context, Problem("permission_denied", "not offered on this platform"))


class _Service:
    """The methods, each from message to message."""

    def __init__(self, runtime: Runtime, proxies: TrustedProxies) -> None:
        self._runtime, self._proxies = runtime, proxies

    async def health(self, request: bytes, _context: Context) -> bytes:
        """grpc.health.v1 Check: of the whole server ("") or of the inference service."""
        if _health_service(request) not in ("", SERVICE):
            raise Problem("not_found", "there is no such service")
        return SERVING if await self._runtime.ready() else NOT_SERVING

    async def watch(self, request: bytes, _context: Context) -> AsyncIterator[bytes]:
        """grpc.health.v1 Watch: the state now, and again whenever it changes; ends when the server goes down."""
        known = _health_service(request) in ("", SERVICE)
        last = b""
        while True:
            state = (SERVING if await self._runtime.ready() else NOT_SERVING) if known else SERVICE_UNKNOWN
            if state != last:
                last = state
                yield state
            if self._runtime.draining:
                return
            await asyncio.sleep(WATCH_S)

    async def live(self, _request: Any, _context: Context) -> Any:
        return messages.ServerLiveResponse(live=True)

    async def ready(self, _request: Any, _context: Context) -> Any:
        return messages.ServerReadyResponse(ready=await self._runtime.ready())

    async def server_metadata(self, _request: Any, context: Context) -> Any:
        await authenticate(self._runtime, *self._caller(context))
        server: dict[str, Any] = oip_rest.SERVER
        return messages.ServerMetadataResponse(**server)

    async def model_ready(self, request: Any, context: Context) -> Any:
        route = await self._route(request.name, context)
        return messages.ModelReadyResponse(ready=await self._runtime.pools.probe(route))

    async def model_metadata(self, request: Any, context: Context) -> Any:
        route = await self._route(request.name, context)
        data = oip_rest.metadata(route, request.version or None)
        tensors = {
            part: [messages.ModelMetadataResponse.TensorMetadata(**spec) for spec in data.pop(part)]
            for part in ("inputs", "outputs")
        }
        return messages.ModelMetadataResponse(**data, **tensors)

    async def model_config(self, request: Any, context: Context) -> Any:
        route = await self._route(request.name, context)
        pick(route, request.version or None, "")
        config = oip_rest.config(route)
        answer = messages.ModelConfigResponse()
        ParseDict(config, answer.config)
        return answer

    async def statistics(self, request: Any, context: Context) -> Any:
        route = await self._route(request.name, context)
        figures = self._runtime.figures[route.model]
        count = figures.calls - figures.failures
        statistics = messages.ModelStatistics(name=route.model, inference_count=count, execution_count=count)
        statistics.inference_stats.success.count = count
        statistics.inference_stats.success.ns = figures.total_ns
        statistics.inference_stats.fail.count = figures.failures
        return messages.ModelStatisticsResponse(model_stats=[statistics])

    async def index(self, _request: Any, context: Context) -> Any:
        grant = await authenticate(self._runtime, *self._caller(context))
        return messages.RepositoryIndexResponse(
            models=[
                messages.RepositoryIndexResponse.ModelIndex(**entry)
                for entry in await oip_rest.index(self._runtime, grant)
            ]
        )

    async def infer(self, body: bytes, context: Context) -> Any:
        """ModelInfer: one call through the one path."""
        try:
            request = messages.ModelInferRequest.FromString(body)
        except DecodeError:
            raise Problem("invalid_request", "the message is no ModelInferRequest") from None
        key, ip = self._caller(context)
        remaining = context.time_remaining()

        def prepare(route: Route) -> Work:
            parsed = _read(request, route)
            work = tensor_work(route, parsed)
            return Work(
                work.inputs,
                work.outputs,
                work.raw_tensors,
                work.estimate_units,
                lambda reply, target: _delivery(work.finish(reply, target)),
            )

        most = dict(context.invocation_metadata() or ()).get("max-cost")
        MAX_COST.set(MaxCost(most) if isinstance(most, str) else None)
        outcome = await invoke(
            self._runtime,
            Call(
                model=request.model_name,
                body=body,
                prepare=prepare,
                key=key,
                ip=ip,
                version=request.model_version or None,
                timeout_ms=max(int(remaining * 1000), 1) if remaining is not None else None,
            ),
        )
        tensors: list[Tensor] = outcome.body
        answer = messages.ModelInferResponse(
            model_name=outcome.route.model, model_version=str(outcome.target.version), id=request.id
        )
        for tensor in tensors:
            answer.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
            answer.raw_output_contents.append(bytes(tensor.data))
        context.set_trailing_metadata(tuple((name.lower(), value) for name, value in outcome.headers.items()))
        return answer

    async def stream(self, requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[Any]:
        """One answer to each request, in order; a refused one is a message, not the end of the stream."""
        async for body in requests:
            try:
                yield messages.ModelStreamInferResponse(infer_response=await self.infer(body, context))
            except Problem as problem:
                yield messages.ModelStreamInferResponse(error_message=f"{problem.code}: {problem.detail}")

    def _caller(self, context: Context) -> tuple[str | None, str]:
        key, peer, forwarded = _who(context)
        return key, self._proxies.caller(peer, forwarded)

    async def _route(self, model: str, context: Context) -> Route:
        grant = await authenticate(self._runtime, *self._caller(context))
        return await authorise(self._runtime, grant, model)


def _health_service(request: bytes) -> str:
    """HealthCheckRequest{service}: one text field, short enough for a length of one byte."""
    return request[2:2 + request[1]].decode(errors="replace") if request[:1] == b"\x0a" and len(request) > 1 else ""


def _who(context: Context) -> tuple[str | None, str, str | None]:
    """The key, the peer's address, and what the peer says of whom it speaks for."""
    metadata = {name: value for name, value in context.invocation_metadata() or () if isinstance(value, str)}
    key = metadata.get("x-api-key")
    scheme, _, token = metadata.get("authorization", "").partition(" ")
    if key is None and scheme.lower() == "bearer":
        key = token
    peer = context.peer()  # ipv4:127.0.0.1:5000, ipv6:%5B::1%5D:5000
    address = peer.partition(":")[2].rpartition(":")[0].replace("%5B", "").replace("%5D", "").strip("[]")
    return key, address, metadata.get("x-forwarded-for")


def _delivery(delivery: Delivery) -> Delivery:
    """The rendered binary body as tensors again: gRPC has its own frame for them."""
    body, length = delivery.body
    return Delivery(oip.decode_reply(body, length), delivery.units)


def _read(request: Any, route: Route) -> InferRequest:
    """A ModelInferRequest matched with the signature. Raises Problem."""
    raw = request.raw_input_contents
    if raw and len(raw) != len(request.inputs):
        raise Problem("input_signature_mismatch", "raw_input_contents must hold one entry for each input")
    if not request.inputs or len(request.inputs) > oip.MAX_TENSORS:
        raise Problem("input_signature_mismatch", "inputs must be a list of tensors")
    specs = {spec.name: spec for spec in route.inputs}
    tensors = []
    for position, entry in enumerate(request.inputs):
        pointer = f"/inputs/{position}"
        spec = oip.find_input(entry.name, specs, pointer)
        if entry.datatype != spec.datatype:
            raise Problem("input_signature_mismatch", f"{spec.name} must have datatype {spec.datatype}")
        if any(name.startswith("shared_memory") for name in entry.parameters):
            raise Problem("invalid_request", "shared memory is not offered")
        shape = oip.check_shape(list(entry.shape), spec, f"{pointer}/shape")
        if raw:
            data = raw[position]
        elif spec.datatype == "BYTES":
            data = oip.join_strings(list(entry.contents.bytes_contents))
        elif spec.datatype in _CONTENTS:
            data = oip.encode_values(list(getattr(entry.contents, _CONTENTS[spec.datatype])), spec, pointer)
        else:
            raise Problem("input_signature_mismatch", f"send {spec.datatype} as raw_input_contents")
        tensors.append(oip.checked(spec, shape, data, pointer))
    known = {spec.name for spec in route.outputs}
    wanted = [output.name for output in request.outputs]
    if not set(wanted) <= known or len(set(wanted)) != len(wanted):
        raise Problem("input_signature_mismatch", f"the outputs of this model are: {', '.join(sorted(known))}")
    return InferRequest(
        request.id[: oip.MAX_ID],
        oip.require_all(tensors, route.inputs),
        tuple(WantedOutput(name, True) for name in wanted),
        True,
    )
