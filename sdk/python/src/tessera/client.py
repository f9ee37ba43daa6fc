"""The clients. Generated resources are their attributes; what people call most is written here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import httpx

from tessera import media, oip
from tessera._base import OMIT, AsyncTransport, Call, Transport, body_of, parse, quote
from tessera._generated.resources import AsyncModelsResource, AsyncResources, ModelsResource, Resources
from tessera.prediction import AsyncPrediction, Prediction, Record, record

WAIT_S = 60  # how long the server holds a call open before it answers 202 and we ask again


def _prediction_call(name: str, fields: Mapping[str, Any], *, prefer: str, input: Mapping[str, Any] | None,
                     parameters: Mapping[str, Any] | None, version: int | str | None,
                     metadata: Mapping[str, Any] | None, webhook: str | None, idempotency_key: str | None) -> Call:
    def given(value: Any) -> Any:
        return OMIT if value is None else value

    body = {"input": media.encode_input({**(input or {}), **fields}), "parameters": given(parameters),
            "version": given(version), "metadata": given(metadata), "webhook": given(webhook)}
    return Call("POST", f"/api/v1/models/{quote(name)}/predictions", json=body, headers={"Prefer": prefer},
                idempotency_key=idempotency_key, timeout=WAIT_S + 15.0)


def _infer_call(name: str, inputs: Mapping[str, Any], version: int | None) -> Call:
    content, headers = oip.encode(inputs)
    part = f"/versions/{version}" if version is not None else ""
    return Call("POST", f"/v2/models/{quote(name)}{part}/infer", content=content, headers=headers)


def _analysis_call(image: Any, types: Sequence[str]) -> Call:
    if isinstance(image, str) and image.startswith(("http://", "https://")):
        source = {"url": image}  # the server fetches it
    else:
        source = {"image": media.encode(image, media=True)}
    return Call("POST", "/api/v1/analyze-image", json={**source, "types": list(types)})


class Model:
    """One model of the marketplace."""

    def __init__(self, transport: Transport, name: str) -> None:
        self._transport, self.name = transport, name

    def predict(self, *, input: Mapping[str, Any] | None = None, parameters: Mapping[str, Any] | None = None,
                version: int | str | None = None, metadata: Mapping[str, Any] | None = None,
                idempotency_key: str | None = None, **fields: Any) -> Prediction:
        """Runs the model and returns the finished prediction; keywords are the fields of its input."""
        call = _prediction_call(self.name, fields, prefer=f"wait={WAIT_S}", input=input, parameters=parameters,
                                version=version, metadata=metadata, webhook=None, idempotency_key=idempotency_key)
        made: Prediction = parse(Prediction, body_of(self._transport.send(call)), self._transport)
        return made.wait()

    def submit(self, *, input: Mapping[str, Any] | None = None, parameters: Mapping[str, Any] | None = None,
               version: int | str | None = None, metadata: Mapping[str, Any] | None = None,
               webhook: str | None = None, idempotency_key: str | None = None, **fields: Any) -> Prediction:
        """Queues the prediction; `.wait()` on what it returns."""
        call = _prediction_call(self.name, fields, prefer="respond-async", input=input, parameters=parameters,
                                version=version, metadata=metadata, webhook=webhook, idempotency_key=idempotency_key)
        made: Prediction = parse(Prediction, body_of(self._transport.send(call)), self._transport)
        return made

    def infer(self, inputs: Mapping[str, Any], *, version: int | None = None) -> dict[str, Any]:
        """Raw tensors in, raw tensors out (numpy arrays by name)."""
        response = self._transport.send(_infer_call(self.name, inputs, version))
        return oip.decode(response.content, response.headers)


class AsyncModel:
    """One model of the marketplace, for event loops."""

    def __init__(self, transport: AsyncTransport, name: str) -> None:
        self._transport, self.name = transport, name

    async def predict(self, *, input: Mapping[str, Any] | None = None, parameters: Mapping[str, Any] | None = None,
                      version: int | str | None = None, metadata: Mapping[str, Any] | None = None,
                      idempotency_key: str | None = None, **fields: Any) -> AsyncPrediction:
        """As `Model.predict`."""
        call = _prediction_call(self.name, fields, prefer=f"wait={WAIT_S}", input=input, parameters=parameters,
                                version=version, metadata=metadata, webhook=None, idempotency_key=idempotency_key)
        made: AsyncPrediction = parse(AsyncPrediction, body_of(await self._transport.send(call)), self._transport)
        return await made.wait()

    async def submit(self, *, input: Mapping[str, Any] | None = None, parameters: Mapping[str, Any] | None = None,
                     version: int | str | None = None, metadata: Mapping[str, Any] | None = None,
                     webhook: str | None = None, idempotency_key: str | None = None, **fields: Any) -> AsyncPrediction:
        """As `Model.submit`."""
        call = _prediction_call(self.name, fields, prefer="respond-async", input=input, parameters=parameters,
                                version=version, metadata=metadata, webhook=webhook, idempotency_key=idempotency_key)
        made: AsyncPrediction = parse(AsyncPrediction, body_of(await self._transport.send(call)), self._transport)
        return made

    async def infer(self, inputs: Mapping[str, Any], *, version: int | None = None) -> dict[str, Any]:
        """As `Model.infer`."""
        response = await self._transport.send(_infer_call(self.name, inputs, version))
        return oip.decode(response.content, response.headers)


class Models(ModelsResource):
    """`client.models`: the generated operations, and `get`."""

    def get(self, name: str) -> Model:
        """A handle on a model; makes no call."""
        return Model(self._transport, name)


class AsyncModels(AsyncModelsResource):
    """`client.models`: the generated operations, and `get`."""

    def get(self, name: str) -> AsyncModel:
        """A handle on a model; makes no call."""
        return AsyncModel(self._transport, name)


class AIClient(Resources):
    """The client. `api_key` and `base_url` default to TESSERA_API_KEY and TESSERA_BASE_URL."""

    def __init__(self, api_key: str | None = None, *, base_url: str | None = None, timeout: float = 60.0,
                 max_retries: int = 2, transport: httpx.BaseTransport | None = None) -> None:
        self._transport = Transport(api_key=api_key, base_url=base_url, timeout=timeout, max_retries=max_retries,
                                    transport=transport)
        super().__init__(self._transport)
        self.models: Models = Models(self._transport)

    def analyze_image(self, image: Any, types: Sequence[str]) -> Record:
        """Several analyses of one image (URL, path, bytes, PIL, ndarray) in one call."""
        answer: Record = record(body_of(self._transport.send(_analysis_call(image, types))))
        return answer

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> AIClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


class AsyncAIClient(AsyncResources):
    """As `AIClient`, for event loops."""

    def __init__(self, api_key: str | None = None, *, base_url: str | None = None, timeout: float = 60.0,
                 max_retries: int = 2, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = AsyncTransport(api_key=api_key, base_url=base_url, timeout=timeout, max_retries=max_retries,
                                         transport=transport)
        super().__init__(self._transport)
        self.models: AsyncModels = AsyncModels(self._transport)

    async def analyze_image(self, image: Any, types: Sequence[str]) -> Record:
        """As `AIClient.analyze_image`."""
        answer: Record = record(body_of(await self._transport.send(_analysis_call(image, types))))
        return answer

    async def close(self) -> None:
        await self._transport.close()

    async def __aenter__(self) -> AsyncAIClient:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        await self.close()
