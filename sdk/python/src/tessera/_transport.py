"""One request with its retries, over a pool of connections: blocking and asynchronous."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import time
import uuid
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

from tessera import errors
from tessera._base import Call, Omit, Pause, Steps, strip
from tessera._version import __version__
from tessera.events import FINAL, Event, EventParser

if TYPE_CHECKING:
    import httpx

DEFAULT_BASE_URL = "http://127.0.0.1:8000"
DEFAULT_TIMEOUT_S = 60.0
MAX_BACKOFF_S = 8.0
MAX_RETRY_AFTER_S = 60.0  # a server that asks for more patience than this gets none: the caller is told at once
STREAM_PAUSE_S = 1.0  # before a stream that the server ended in good order is taken up again
T = TypeVar("T")
logger = logging.getLogger("tessera")


def _number(name: str, fallback: float) -> float:
    text = os.environ.get(name, "")
    try:
        return float(text) if text else fallback
    except ValueError:
        raise errors.ConfigurationError(f"{name} is no number: {text!r}") from None


def _log_as_asked() -> None:
    """TESSERA_LOG=debug or info writes to stderr, for whoever has set up no logging of their own."""
    level = os.environ.get("TESSERA_LOG", "").upper()
    if level in ("DEBUG", "INFO", "WARNING") and not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s tessera %(levelname)s %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(level)


class Core:
    """What both clients share: settings, how a request looks, which answers are worth another attempt."""

    def __init__(self, *, api_key: str | None, base_url: str | None, timeout: float | None,
                 max_retries: int | None, headers: Mapping[str, str] | None = None) -> None:
        key = api_key or os.environ.get("TESSERA_API_KEY", "")
        if not key:
            raise errors.ConfigurationError("no API key: pass api_key=… or set TESSERA_API_KEY")
        self._api_key = key
        self.base_url = (base_url or os.environ.get("TESSERA_BASE_URL") or DEFAULT_BASE_URL).rstrip("/")
        self.timeout = timeout if timeout is not None else _number("TESSERA_TIMEOUT", DEFAULT_TIMEOUT_S)
        self.max_retries = max_retries if max_retries is not None else int(_number("TESSERA_MAX_RETRIES", 2))
        self.extra = dict(headers or {})
        self._standing = {"Authorization": f"Bearer {key}", "User-Agent": f"tessera-python/{__version__}",
                          "Accept": "application/json", **self.extra}
        _log_as_asked()

    @property
    def credentials(self) -> str:
        """The key, for the channels that are not HTTP."""
        return self._api_key

    def _request(self, call: Call) -> httpx.Request:
        import httpx

        headers = {**self._standing, **call.headers}
        if call.method == "POST":
            headers["Idempotency-Key"] = call.idempotency_key or ""
        content = call.content
        if not isinstance(call.json, Omit):
            content = json.dumps(strip(call.json), separators=(",", ":"), allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        fields: dict[str, Any] = {}
        files: dict[str, Any] = {}
        for name, value in strip(call.form or {}).items():
            (files if isinstance(value, tuple) else fields)[name] = value
        patience = call.timeout or self.timeout
        limit = {"connect": min(10.0, patience), "read": patience, "write": patience, "pool": patience}
        return httpx.Request(call.method, self.base_url + call.path, params=_query(call.query) or None, headers=headers,
                             content=content, data=fields or None, files=files or None, extensions={"timeout": limit})

    def _sending(self, call: Call) -> Generator[httpx.Request | Pause, Any, httpx.Response]:
        """The attempts of one call: yields requests and pauses, is sent each answer or the failure to reach anybody."""
        if call.method == "POST" and call.idempotency_key is None:
            call = replace(call, idempotency_key=str(uuid.uuid4()))
        attempt = 0
        while True:
            headers: Mapping[str, str] = {}
            failure: errors.TesseraError
            began = time.perf_counter()
            answered = yield self._request(call)
            if isinstance(answered, Exception):
                failure = _unreached(answered)
            else:
                _told(call, answered, began)
                if answered.is_success:
                    return answered  # type: ignore[no-any-return]
                failure, headers = _failure(answered), answered.headers
            wait = self._retry_after(call, attempt, failure, headers)
            if wait is None:
                raise failure
            yield Pause(wait)
            attempt += 1

    def _retry_after(self, call: Call, attempt: int, failure: errors.TesseraError,
                     headers: Mapping[str, str]) -> float | None:
        """How long to wait before the next attempt; None: there is none."""
        if attempt >= self.max_retries:
            return None
        if isinstance(failure, errors.APIStatusError) and not failure.retryable:
            return None
        asked = _seconds(headers.get("retry-after", ""))
        if asked is not None and asked > MAX_RETRY_AFTER_S:
            return None
        wait = asked if asked is not None else float(min(MAX_BACKOFF_S, 0.5 * 2.0**attempt) * random.uniform(0.5, 1.0))
        logger.info("%s %s: attempt %d failed (%s), again in %.2f s", call.method, call.path, attempt + 1,
                    _first_line(failure), wait)
        return wait


def _first_line(failure: BaseException) -> str:
    return str(failure).split("\n", 1)[0]


def _told(call: Call, response: httpx.Response, began: float) -> None:
    """A line of the log: never the key, never what was sent."""
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug("%s %s → %d in %.1f ms (request %s)", call.method, call.path, response.status_code,
                     (time.perf_counter() - began) * 1000, response.headers.get("x-request-id", "unknown"))


def _failure(response: httpx.Response) -> errors.APIStatusError:
    try:
        document = response.json()
    except ValueError:
        document = {}
    return errors.of(response.status_code, document if isinstance(document, dict) else {}, response.headers)


def _unreached(error: Exception) -> errors.APIConnectionError:
    import httpx

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
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in query.items() if value is not None and not isinstance(value, Omit)}
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}


class _Stream:
    """Where a stream stands: what was heard last, and why its connection ended."""

    def __init__(self, core: Core, call: Call) -> None:
        self._core, self._call, self._parser, self._attempt = core, call, EventParser(), 0

    def request(self) -> httpx.Request:
        """The stream from the event on that was heard last."""
        self._failure: errors.TesseraError = errors.APIConnectionError("the stream ended without a word")
        self._headers: Mapping[str, str] = {}
        self._wait: float | None = None
        last = {"Last-Event-ID": self._parser.last_id} if self._parser.last_id else {}
        return self._core._request(replace(self._call, headers={
            "Accept": "text/event-stream", **self._call.headers, **last}))

    def take(self, line: str) -> Event | None:
        self._attempt, self._wait = 0, STREAM_PAUSE_S
        return self._parser.feed(line)

    def refused(self, response: httpx.Response) -> None:
        self._failure, self._headers = _failure(response), response.headers

    def broke(self, error: Exception) -> None:
        self._failure, self._wait = _unreached(error), None

    def pause(self) -> float:
        """Seconds until it is taken up again. Raises why it is not."""
        wait = self._wait
        if wait is None:
            wait = self._core._retry_after(self._call, self._attempt, self._failure, self._headers)
        if wait is None:
            raise self._failure
        self._attempt += 1
        return wait


class Transport(Core):
    """Sends calls, blocking. One pool of connections, safe to share between threads."""

    def __init__(self, *, api_key: str | None, base_url: str | None, timeout: float | None = None,
                 max_retries: int | None = None, headers: Mapping[str, str] | None = None, max_connections: int = 100,
                 transport: httpx.BaseTransport | None = None, http: httpx.Client | None = None) -> None:
        import httpx

        super().__init__(api_key=api_key, base_url=base_url, timeout=timeout, max_retries=max_retries, headers=headers)
        self._unreachable = httpx.TransportError
        self.http = http or httpx.Client(transport=transport, follow_redirects=False,
                                         limits=httpx.Limits(max_connections=max_connections,
                                                             max_keepalive_connections=max_connections))

    def send(self, call: Call) -> httpx.Response:
        """The successful answer, after as many attempts as it takes. Raises errors.*."""
        attempts = self._sending(call)
        answer: Any = None
        while True:
            try:
                step = attempts.send(answer)
            except StopIteration as end:
                response: httpx.Response = end.value
                return response
            if isinstance(step, Pause):
                time.sleep(step.seconds)
                answer = None
                continue
            try:
                answer = self.http.send(step)
            except self._unreachable as error:
                answer = error

    def drive(self, steps: Steps[T]) -> T:
        """Does a procedure of several calls."""
        answer: Any = None
        while True:
            try:
                step = steps.send(answer)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(step, Pause):
                time.sleep(step.seconds)
                answer = None
                continue
            try:
                answer = self.send(step)
            except errors.TesseraError as error:
                steps.throw(error)  # a procedure may say what can be done now; none goes on
                raise

    def events(self, call: Call) -> Iterator[Event]:
        """The events of a stream to its final one; a connection that breaks is taken up where it was."""
        stream = _Stream(self, call)
        while True:
            try:
                response = self.http.send(stream.request(), stream=True)
                try:
                    if response.is_success:
                        for line in response.iter_lines():
                            event = stream.take(line)
                            if event is not None:
                                yield event
                                if event.kind == FINAL:
                                    return
                    else:
                        response.read()
                        stream.refused(response)
                finally:
                    response.close()
            except self._unreachable as error:
                stream.broke(error)
            time.sleep(stream.pause())

    def close(self) -> None:
        self.http.close()


class AsyncTransport(Core):
    """Sends calls from an event loop."""

    def __init__(self, *, api_key: str | None, base_url: str | None, timeout: float | None = None,
                 max_retries: int | None = None, headers: Mapping[str, str] | None = None, max_connections: int = 100,
                 transport: httpx.AsyncBaseTransport | None = None, http: httpx.AsyncClient | None = None) -> None:
        import httpx

        super().__init__(api_key=api_key, base_url=base_url, timeout=timeout, max_retries=max_retries, headers=headers)
        self._unreachable = httpx.TransportError
        self.http = http or httpx.AsyncClient(transport=transport, follow_redirects=False,
                                              limits=httpx.Limits(max_connections=max_connections,
                                                                  max_keepalive_connections=max_connections))

    async def send(self, call: Call) -> httpx.Response:
        """As `Transport.send`."""
        attempts = self._sending(call)
        answer: Any = None
        while True:
            try:
                step = attempts.send(answer)
            except StopIteration as end:
                response: httpx.Response = end.value
                return response
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
                answer = None
                continue
            try:
                answer = await self.http.send(step)
            except self._unreachable as error:
                answer = error

    async def drive(self, steps: Steps[T]) -> T:
        """As `Transport.drive`."""
        answer: Any = None
        while True:
            try:
                step = steps.send(answer)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
                answer = None
                continue
            try:
                answer = await self.send(step)
            except errors.TesseraError as error:
                steps.throw(error)
                raise

    async def events(self, call: Call) -> AsyncIterator[Event]:
        """As `Transport.events`."""
        stream = _Stream(self, call)
        while True:
            try:
                response = await self.http.send(stream.request(), stream=True)
                try:
                    if response.is_success:
                        async for line in response.aiter_lines():
                            event = stream.take(line)
                            if event is not None:
                                yield event
                                if event.kind == FINAL:
                                    return
                    else:
                        await response.aread()
                        stream.refused(response)
                finally:
                    await response.aclose()
            except self._unreachable as error:
                stream.broke(error)
            await asyncio.sleep(stream.pause())

    async def close(self) -> None:
        await self.http.aclose()
