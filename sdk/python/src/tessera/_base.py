"""The core under the generated resources: one request with its retries, synchronous and asynchronous, and lists."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Final, Generic, Protocol, TypeVar, runtime_checkable
from urllib.parse import quote as _quote

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter

from tessera import errors
from tessera._version import __version__
from tessera.events import FINAL, Event, EventParser

DEFAULT_BASE_URL = "http://127.0.0.1:8000"
MAX_BACKOFF_S = 8.0
STREAM_PAUSE_S = 1.0  # before a stream that the server ended in good order is taken up again
T = TypeVar("T")
TransportT = TypeVar("TransportT", contravariant=True)


class APIModel(BaseModel):
    """An answer of the API. Fields that are newer than this package are kept and readable as attributes."""

    model_config = ConfigDict(extra="allow", populate_by_name=True, protected_namespaces=())


class Omit:
    """The type of an argument that was not given: distinct from None, which is sent as null."""

    def __bool__(self) -> bool:
        return False


OMIT: Final = Omit()


def quote(segment: object) -> str:
    """One segment of a path."""
    return _quote(str(segment), safe="")


@dataclass(frozen=True)
class Call:
    """One logical call. Its idempotency key is made once, so that all attempts are the same call to the server."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    json: Any = OMIT
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    idempotency_key: str | None = None
    timeout: float | None = None


class Core:
    """What both clients share: settings, how a request looks, which answers are worth another attempt."""

    def __init__(self, *, api_key: str | None, base_url: str | None, timeout: float, max_retries: int) -> None:
        key = api_key or os.environ.get("TESSERA_API_KEY", "")
        if not key:
            raise errors.ConfigurationError("no API key: pass api_key=… or set TESSERA_API_KEY")
        self._api_key = key
        self.base_url = (base_url or os.environ.get("TESSERA_BASE_URL") or DEFAULT_BASE_URL).rstrip("/")
        self.timeout = timeout
        self.max_retries = max_retries

    def _request(self, call: Call) -> httpx.Request:
        headers = {"Authorization": f"Bearer {self._api_key}", "User-Agent": f"tessera-python/{__version__}",
                   "Accept": "application/json", **call.headers}
        if call.method == "POST":
            headers["Idempotency-Key"] = call.idempotency_key or ""
        content = call.content
        if not isinstance(call.json, Omit):
            content = json.dumps(strip(call.json), separators=(",", ":"), allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        limit = httpx.Timeout(call.timeout or self.timeout, connect=10.0)
        return httpx.Request(call.method, self.base_url + call.path, params=_query(call.query), headers=headers,
                             content=content, extensions={"timeout": limit.as_dict()})

    def _keyed(self, call: Call) -> Call:
        if call.method == "POST" and call.idempotency_key is None:
            return Call(**{**call.__dict__, "idempotency_key": str(uuid.uuid4())})
        return call

    def _retry_after(self, attempt: int, failure: errors.TesseraError, headers: Mapping[str, str]) -> float | None:
        """How long to wait before the next attempt; None: there is none."""
        if attempt >= self.max_retries:
            return None
        if isinstance(failure, errors.APIStatusError) and not failure.retryable:
            return None
        asked = _seconds(headers.get("retry-after", ""))
        if asked is not None:
            return asked if asked <= 60 else None
        return float(min(MAX_BACKOFF_S, 0.5 * 2.0**attempt) * random.uniform(0.5, 1.0))


def _listening(call: Call, last_id: str) -> Call:
    """The call as one that goes on after an event."""
    following = {"Last-Event-ID": last_id} if last_id else {}
    return replace(call, headers={"Accept": "text/event-stream", **call.headers, **following})


def _failure(response: httpx.Response) -> errors.APIStatusError:
    try:
        document = response.json()
    except ValueError:
        document = {}
    return errors.of(response.status_code, document if isinstance(document, dict) else {}, response.headers)


def _unreached(error: httpx.TransportError) -> errors.APIConnectionError:
    if isinstance(error, httpx.TimeoutException):
        return errors.APITimeoutError(f"no answer in time: {error}")
    return errors.APIConnectionError(f"the server could not be reached: {error}")


def _seconds(text: str) -> float | None:
    """Retry-After as seconds or as a date."""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())  # noqa: UP017 (Python 3.10)


def strip(value: Any) -> Any:
    """The value without the arguments that were not given."""
    if isinstance(value, Mapping):
        return {name: strip(item) for name, item in value.items() if not isinstance(item, Omit)}
    return value


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in query.items() if value is not None and not isinstance(value, Omit)}
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}


class Transport(Core):
    """Sends calls, blocking."""

    def __init__(self, *, api_key: str | None, base_url: str | None, timeout: float, max_retries: int,
                 transport: httpx.BaseTransport | None) -> None:
        super().__init__(api_key=api_key, base_url=base_url, timeout=timeout, max_retries=max_retries)
        self._http = httpx.Client(transport=transport, follow_redirects=False)

    def send(self, call: Call) -> httpx.Response:
        """The successful answer, after as many attempts as it takes. Raises errors.*."""
        call = self._keyed(call)
        attempt = 0
        while True:
            headers: Mapping[str, str] = {}
            failure: errors.TesseraError
            try:
                response = self._http.send(self._request(call))
                if response.is_success:
                    return response
                failure, headers = _failure(response), response.headers
            except httpx.TransportError as error:
                failure = _unreached(error)
            wait = self._retry_after(attempt, failure, headers)
            if wait is None:
                raise failure
            time.sleep(wait)
            attempt += 1

    def events(self, call: Call) -> Iterator[Event]:
        """The events of a stream to its final one; a connection that breaks is taken up where it was."""
        parser = EventParser()
        attempt = 0
        while True:
            headers: Mapping[str, str] = {}
            failure: errors.TesseraError = errors.APIConnectionError("the stream ended without a word")
            wait: float | None = None
            try:
                response = self._http.send(self._request(_listening(call, parser.last_id)), stream=True)
                try:
                    if response.is_success:
                        for line in response.iter_lines():
                            attempt, wait = 0, STREAM_PAUSE_S
                            event = parser.feed(line)
                            if event is not None:
                                yield event
                                if event.kind == FINAL:
                                    return
                    else:
                        response.read()
                        failure, headers = _failure(response), response.headers
                finally:
                    response.close()
            except httpx.TransportError as error:
                failure, wait = _unreached(error), None
            wait = wait if wait is not None else self._retry_after(attempt, failure, headers)
            if wait is None:
                raise failure
            time.sleep(wait)
            attempt += 1

    def close(self) -> None:
        self._http.close()


class AsyncTransport(Core):
    """Sends calls from an event loop."""

    def __init__(self, *, api_key: str | None, base_url: str | None, timeout: float, max_retries: int,
                 transport: httpx.AsyncBaseTransport | None) -> None:
        super().__init__(api_key=api_key, base_url=base_url, timeout=timeout, max_retries=max_retries)
        self._http = httpx.AsyncClient(transport=transport, follow_redirects=False)

    async def send(self, call: Call) -> httpx.Response:
        """As `Transport.send`."""
        call = self._keyed(call)
        attempt = 0
        while True:
            headers: Mapping[str, str] = {}
            failure: errors.TesseraError
            try:
                response = await self._http.send(self._request(call))
                if response.is_success:
                    return response
                failure, headers = _failure(response), response.headers
            except httpx.TransportError as error:
                failure = _unreached(error)
            wait = self._retry_after(attempt, failure, headers)
            if wait is None:
                raise failure
            await asyncio.sleep(wait)
            attempt += 1

    async def events(self, call: Call) -> AsyncIterator[Event]:
        """As `Transport.events`."""
        parser = EventParser()
        attempt = 0
        while True:
            headers: Mapping[str, str] = {}
            failure: errors.TesseraError = errors.APIConnectionError("the stream ended without a word")
            wait: float | None = None
            try:
                response = await self._http.send(self._request(_listening(call, parser.last_id)), stream=True)
                try:
                    if response.is_success:
                        async for line in response.aiter_lines():
                            attempt, wait = 0, STREAM_PAUSE_S
                            event = parser.feed(line)
                            if event is not None:
                                yield event
                                if event.kind == FINAL:
                                    return
                    else:
                        await response.aread()
                        failure, headers = _failure(response), response.headers
                finally:
                    await response.aclose()
            except httpx.TransportError as error:
                failure, wait = _unreached(error), None
            wait = wait if wait is not None else self._retry_after(attempt, failure, headers)
            if wait is None:
                raise failure
            await asyncio.sleep(wait)
            attempt += 1

    async def close(self) -> None:
        await self._http.aclose()


@runtime_checkable
class Bound(Protocol[TransportT]):
    """An answer that makes calls itself is told its transport here."""

    def bind(self, transport: TransportT) -> None: ...


def parse(kind: Any, data: Any, transport: Any) -> Any:
    """The answer as its type, bound to its client where it makes calls itself."""
    value = TypeAdapter(kind).validate_python(data)
    if isinstance(value, Bound):
        value.bind(transport)
    return value


def body_of(response: httpx.Response) -> Any:
    return json.loads(response.content) if response.content else None


class Paginator(Generic[T]):
    """A list that fetches its further pages while it is read."""

    def __init__(self, transport: Transport, call: Call, kind: type[T]) -> None:
        self._transport, self._call, self._kind = transport, call, kind

    def __iter__(self) -> Iterator[T]:
        cursor: str | None = None
        while True:
            page = body_of(self._transport.send(_at(self._call, cursor)))
            for item in page["data"]:
                yield parse(self._kind, item, self._transport)
            cursor = page.get("next_cursor")
            if not page.get("has_more") or not cursor:
                return

    def first(self) -> T | None:
        return next(iter(self), None)


class AsyncPaginator(Generic[T]):
    """As `Paginator`, for ``async for``."""

    def __init__(self, transport: AsyncTransport, call: Call, kind: type[T]) -> None:
        self._transport, self._call, self._kind = transport, call, kind

    async def __aiter__(self) -> AsyncIterator[T]:
        cursor: str | None = None
        while True:
            page = body_of(await self._transport.send(_at(self._call, cursor)))
            for item in page["data"]:
                yield parse(self._kind, item, self._transport)
            cursor = page.get("next_cursor")
            if not page.get("has_more") or not cursor:
                return

    async def first(self) -> T | None:
        async for item in self:
            return item
        return None


def _at(call: Call, cursor: str | None) -> Call:
    return Call(**{**call.__dict__, "query": {**call.query, "cursor": cursor}}) if cursor else call


class Resource:
    """A group of operations, blocking."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _call(self, kind: Any, call: Call) -> Any:
        return parse(kind, body_of(self._transport.send(call)), self._transport)

    def _events(self, call: Call) -> Iterator[Event]:
        return self._transport.events(call)

    def _pages(self, kind: type[T], call: Call) -> Paginator[T]:
        return Paginator(self._transport, call, kind)


class AsyncResource:
    """A group of operations, to await."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def _call(self, kind: Any, call: Call) -> Any:
        return parse(kind, body_of(await self._transport.send(call)), self._transport)

    def _events(self, call: Call) -> AsyncIterator[Event]:
        return self._transport.events(call)

    def _pages(self, kind: type[T], call: Call) -> AsyncPaginator[T]:
        return AsyncPaginator(self._transport, call, kind)
