"""The clients. Generated resources are their attributes; what people call most is written here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from tessera import _grpc, media, oip
from tessera._base import OMIT, AsyncSender, Call, Sender, body_of, parse, quote
from tessera._generated.resources import AsyncModelsResource, AsyncResources, ModelsResource, Resources
from tessera._transport import AsyncTransport, Transport
from tessera.batches import AsyncBatches, Batches
from tessera.files import AsyncFiles, Files
from tessera.images import Classification, ImageAnalysis
from tessera.prediction import AsyncPrediction, Prediction
from tessera.record import record

if TYPE_CHECKING:
    import httpx

OutT = TypeVar("OutT")
Protocol = Literal["http", "grpc"]
WAIT_S = 60  # how long the server holds a call open before it answers 202 and we ask again


def _prediction_call(name: str, fields: Mapping[str, Any], *, prefer: str, input: Mapping[str, Any] | None,
                     parameters: Mapping[str, Any] | None, version: int | str | None,
                     metadata: Mapping[str, Any] | None, webhook: str | None, idempotency_key: str | None,
                     max_cost: str | None) -> Call:
    body = {"input": media.encode_input({**(input or {}), **fields}), "parameters": parameters, "version": version,
            "metadata": metadata, "webhook": webhook}
    limit = {"Max-Cost": str(max_cost)} if max_cost is not None else {}
    return Call("POST", f"/api/v1/models/{quote(name)}/predictions", headers={"Prefer": prefer, **limit},
                json={member: OMIT if value is None else value for member, value in body.items()},
                idempotency_key=idempotency_key, timeout=WAIT_S + 15.0)


def _infer_call(name: str, inputs: Mapping[str, Any], version: int | None, timeout: float | None) -> Call:
    content, headers = oip.encode(inputs)
    part = f"/versions/{version}" if version is not None else ""
    return Call("POST", f"/v2/models/{quote(name)}{part}/infer", content=content, headers=headers, timeout=timeout)


def _analysis_call(image: Any, types: Sequence[str]) -> Call:
    if isinstance(image, str) and image.startswith(("http://", "https://")):
        source = {"url": image}  # the server fetches it
    else:
        source = {"image": media.encode(image, media=True)}
    names = [str(getattr(kind, "value", kind)) for kind in types]
    return Call("POST", "/api/v1/analyze-image", json={**source, "types": names})


def _classify_call(image: Any, top_k: int) -> Call:
    return Call("POST", "/api/v1/classify", json={"image_base64": media.encode(image, media=True), "top_k": top_k})


class Model(Generic[OutT]):
    """One model of the marketplace."""

    def __init__(self, transport: Sender, channel: _grpc.Channel, name: str, returns: Any = None) -> None:
        self._transport, self._channel, self.name, self._returns = transport, channel, name, returns

    def __repr__(self) -> str:
        return f"Model({self.name!r})"

    def predict(self, *, input: Mapping[str, Any] | None = None, parameters: Mapping[str, Any] | None = None,
                version: int | str | None = None, metadata: Mapping[str, Any] | None = None,
                idempotency_key: str | None = None, max_cost: str | None = None, timeout: float | None = None,
                **fields: Any) -> Prediction[OutT]:
        """Runs the model and returns the finished prediction; keywords are the fields of its input.

        `max_cost` (an amount as text) refuses a dearer call before it runs; `timeout` is seconds for the whole. Raises
        errors.*, PredictionFailed where it ended badly."""
        return self._send(f"wait={WAIT_S}", fields, input=input, parameters=parameters, version=version,
                          metadata=metadata, webhook=None, idempotency_key=idempotency_key,
                          max_cost=max_cost).wait(timeout=timeout)

    def submit(self, *, input: Mapping[str, Any] | None = None, parameters: Mapping[str, Any] | None = None,
               version: int | str | None = None, metadata: Mapping[str, Any] | None = None,
               webhook: str | None = None, idempotency_key: str | None = None, max_cost: str | None = None,
               **fields: Any) -> Prediction[OutT]:
        """Queues the prediction; `.wait()` on what it returns."""
        return self._send("respond-async", fields, input=input, parameters=parameters, version=version,
                          metadata=metadata, webhook=webhook, idempotency_key=idempotency_key, max_cost=max_cost)

    def _send(self, prefer: str, fields: Mapping[str, Any], **options: Any) -> Prediction[OutT]:
        response = self._transport.send(_prediction_call(self.name, fields, prefer=prefer, **options))
        made: Prediction[OutT] = parse(Prediction, body_of(response), self._transport, response)
        return made if self._returns is None else made.typed(self._returns)

    def infer(self, inputs: Mapping[str, Any], *, version: int | None = None, protocol: Protocol = "http",
              timeout: float = 60.0) -> dict[str, Any]:
        """Raw tensors in, raw tensors out: numpy arrays by name, binary over the Open Inference Protocol."""
        if protocol == "grpc":
            return self._channel.infer(_grpc.encode(self.name, str(version or ""), inputs), timeout)
        response = self._transport.send(_infer_call(self.name, inputs, version, timeout))
        return oip.decode(response.content, response.headers)


class AsyncModel(Generic[OutT]):
    """One model of the marketplace, for event loops."""

    def __init__(self, transport: AsyncSender, channel: _grpc.AsyncChannel, name: str, returns: Any = None) -> None:
        self._transport, self._channel, self.name, self._returns = transport, channel, name, returns

    def __repr__(self) -> str:
        return f"AsyncModel({self.name!r})"

    async def predict(self, *, input: Mapping[str, Any] | None = None, parameters: Mapping[str, Any] | None = None,
                      version: int | str | None = None, metadata: Mapping[str, Any] | None = None,
                      idempotency_key: str | None = None, max_cost: str | None = None, timeout: float | None = None,
                      **fields: Any) -> AsyncPrediction[OutT]:
        """As `Model.predict`."""
        made = await self._send(f"wait={WAIT_S}", fields, input=input, parameters=parameters, version=version,
                                metadata=metadata, webhook=None, idempotency_key=idempotency_key, max_cost=max_cost)
        return await made.wait(timeout=timeout)

    async def submit(self, *, input: Mapping[str, Any] | None = None, parameters: Mapping[str, Any] | None = None,
                     version: int | str | None = None, metadata: Mapping[str, Any] | None = None,
                     webhook: str | None = None, idempotency_key: str | None = None, max_cost: str | None = None,
                     **fields: Any) -> AsyncPrediction[OutT]:
        """As `Model.submit`."""
        return await self._send("respond-async", fields, input=input, parameters=parameters, version=version,
                                metadata=metadata, webhook=webhook, idempotency_key=idempotency_key,
                                max_cost=max_cost)

    async def _send(self, prefer: str, fields: Mapping[str, Any], **options: Any) -> AsyncPrediction[OutT]:
        response = await self._transport.send(_prediction_call(self.name, fields, prefer=prefer, **options))
        made: AsyncPrediction[OutT] = parse(AsyncPrediction, body_of(response), self._transport, response)
        return made if self._returns is None else made.typed(self._returns)

    async def infer(self, inputs: Mapping[str, Any], *, version: int | None = None, protocol: Protocol = "http",
                    timeout: float = 60.0) -> dict[str, Any]:
        """As `Model.infer`."""
        if protocol == "grpc":
            return await self._channel.infer_soon(_grpc.encode(self.name, str(version or ""), inputs), timeout)
        response = await self._transport.send(_infer_call(self.name, inputs, version, timeout))
        return oip.decode(response.content, response.headers)


class Models(ModelsResource):
    """`client.models`: the generated operations, and `get`."""

    def __init__(self, transport: Sender, channel: _grpc.Channel) -> None:
        super().__init__(transport)
        self._channel = channel

    @overload
    def get(self, name: str) -> Model[Any]: ...
    @overload
    def get(self, name: str, returns: type[OutT]) -> Model[OutT]: ...
    def get(self, name: str, returns: Any = None) -> Model[Any]:
        """A handle on a model; makes no call. `returns` types its outputs: a class of `tessera.results`, or yours."""
        return Model(self._transport, self._channel, name, returns)


class AsyncModels(AsyncModelsResource):
    """`client.models`: the generated operations, and `get`."""

    def __init__(self, transport: AsyncSender, channel: _grpc.AsyncChannel) -> None:
        super().__init__(transport)
        self._channel = channel

    @overload
    def get(self, name: str) -> AsyncModel[Any]: ...
    @overload
    def get(self, name: str, returns: type[OutT]) -> AsyncModel[OutT]: ...
    def get(self, name: str, returns: Any = None) -> AsyncModel[Any]:
        """As `Models.get`."""
        return AsyncModel(self._transport, self._channel, name, returns)


class AIClient(Resources):
    """The client. Share one: it keeps a pool of connections, and threads may use it together.

    `api_key`, `base_url`, `grpc_url`, `timeout` (seconds) and `max_retries` default to TESSERA_API_KEY,
    TESSERA_BASE_URL, TESSERA_GRPC_URL, TESSERA_TIMEOUT and TESSERA_MAX_RETRIES. Raises ConfigurationError."""

    def __init__(self, api_key: str | None = None, *, base_url: str | None = None, grpc_url: str | None = None,
                 timeout: float | None = None, max_retries: int | None = None,
                 headers: Mapping[str, str] | None = None, max_connections: int = 100,
                 transport: httpx.BaseTransport | None = None) -> None:
        self._use(Transport(api_key=api_key, base_url=base_url, timeout=timeout, max_retries=max_retries,
                            headers=headers, max_connections=max_connections, transport=transport), grpc_url, None)

    def _use(self, transport: Transport, grpc_url: str | None, channel: _grpc.Channel | None) -> None:
        self._transport = transport
        if channel is None:
            given = grpc_url or os.environ.get("TESSERA_GRPC_URL")
            channel = _grpc.Channel(*_grpc.address_of(transport.base_url, given), transport.credentials)
        self._channel = channel
        super().__init__(transport)
        self.models: Models = Models(transport, channel)
        self.files: Files = Files(transport)
        self.batches: Batches = Batches(transport)

    def with_options(self, *, timeout: float | None = None, max_retries: int | None = None,
                     headers: Mapping[str, str] | None = None) -> AIClient:
        """The same client with other settings, over the same connections."""
        old = self._transport
        made = AIClient.__new__(AIClient)
        made._use(Transport(api_key=old.credentials, base_url=old.base_url, headers={**old.extra, **(headers or {})},
                            timeout=old.timeout if timeout is None else timeout, http=old.http,
                            max_retries=old.max_retries if max_retries is None else max_retries), None, self._channel)
        return made

    def analyze_image(self, image: Any, types: Sequence[str]) -> ImageAnalysis:
        """Several analyses of one image (URL, path, bytes, PIL, ndarray) in one call."""
        return ImageAnalysis(record(body_of(self._transport.send(_analysis_call(image, types)))))

    def classify(self, image: Any, *, top_k: int = 5) -> Classification:
        """The labels of an image by the default classifier, best first."""
        return Classification(record(body_of(self._transport.send(_classify_call(image, top_k)))))

    def request(self, method: str, path: str, *, json: Any = OMIT, content: bytes | None = None,
                query: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None,
                idempotency_key: str | None = None, timeout: float | None = None) -> httpx.Response:
        """Any call of the platform as it is, with the client's key, retries and errors: for what has no method yet."""
        return self._transport.send(Call(method.upper(), path, query=query or {}, json=json, content=content,
                                         headers=headers or {}, idempotency_key=idempotency_key, timeout=timeout))

    def send_form(self, method: str, path: str, form: Mapping[str, Any]) -> httpx.Response:
        """A multipart form: (name, content, media type) is a file, all else a field."""
        return self._transport.send(Call(method, path, form=form))

    def close(self) -> None:
        """Closes the connections, also of clients made by `with_options`."""
        self._transport.close()
        self._channel.close()

    def __enter__(self) -> AIClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


class AsyncAIClient(AsyncResources):
    """As `AIClient`, for event loops."""

    def __init__(self, api_key: str | None = None, *, base_url: str | None = None, grpc_url: str | None = None,
                 timeout: float | None = None, max_retries: int | None = None,
                 headers: Mapping[str, str] | None = None, max_connections: int = 100,
                 transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._use(AsyncTransport(api_key=api_key, base_url=base_url, timeout=timeout, max_retries=max_retries,
                                 headers=headers, max_connections=max_connections, transport=transport), grpc_url,
                  None)

    def _use(self, transport: AsyncTransport, grpc_url: str | None, channel: _grpc.AsyncChannel | None) -> None:
        self._transport = transport
        if channel is None:
            given = grpc_url or os.environ.get("TESSERA_GRPC_URL")
            channel = _grpc.AsyncChannel(*_grpc.address_of(transport.base_url, given), transport.credentials)
        self._channel = channel
        super().__init__(transport)
        self.models: AsyncModels = AsyncModels(transport, channel)
        self.files: AsyncFiles = AsyncFiles(transport)
        self.batches: AsyncBatches = AsyncBatches(transport)

    def with_options(self, *, timeout: float | None = None, max_retries: int | None = None,
                     headers: Mapping[str, str] | None = None) -> AsyncAIClient:
        """As `AIClient.with_options`."""
        old = self._transport
        made = AsyncAIClient.__new__(AsyncAIClient)
        made._use(AsyncTransport(api_key=old.credentials, base_url=old.base_url, http=old.http,
                                 headers={**old.extra, **(headers or {})},
                                 timeout=old.timeout if timeout is None else timeout,
                                 max_retries=old.max_retries if max_retries is None else max_retries),
                  None, self._channel)
        return made

    async def analyze_image(self, image: Any, types: Sequence[str]) -> ImageAnalysis:
        """As `AIClient.analyze_image`."""
        return ImageAnalysis(record(body_of(await self._transport.send(_analysis_call(image, types)))))

    async def classify(self, image: Any, *, top_k: int = 5) -> Classification:
        """As `AIClient.classify`."""
        return Classification(record(body_of(await self._transport.send(_classify_call(image, top_k)))))

    async def request(self, method: str, path: str, *, json: Any = OMIT, content: bytes | None = None,
                      query: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None,
                      idempotency_key: str | None = None, timeout: float | None = None) -> httpx.Response:
        """As `AIClient.request`."""
        return await self._transport.send(Call(
            method.upper(), path, query=query or {}, json=json, content=content, headers=headers or {},
            idempotency_key=idempotency_key, timeout=timeout))

    async def close(self) -> None:
        """As `AIClient.close`."""
        await self._transport.close()
        await self._channel.close_soon()

    async def __aenter__(self) -> AsyncAIClient:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        await self.close()
