"""The core under the generated resources: what a call is, how an answer becomes its type, and lists."""

from __future__ import annotations

import importlib
import json
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar
from urllib.parse import quote as _quote

from pydantic import BaseModel, ConfigDict, PrivateAttr, TypeAdapter, ValidationError

from tessera import errors
from tessera.events import Event

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class APIModel(BaseModel):
    """An answer of the API. Fields that are newer than this package are kept and readable as attributes."""

    # Validators are built at first use: importing the package must not pay for a hundred of them.
    model_config = ConfigDict(extra="allow", populate_by_name=True, protected_namespaces=(), defer_build=True)
    _response: Any = PrivateAttr(default=None)

    @property
    def raw_response(self) -> httpx.Response | None:
        """The HTTP answer that this came in: status, headers (X-Cost, X-Request-Id, Server-Timing …), bytes. None where
        it came in an answer with others (an element of a list)."""
        answer: httpx.Response | None = self._response
        return answer


class Omit:
    """The type of an argument that was not given: distinct from None, which is sent as null."""

    def __bool__(self) -> bool:
        return False


OMIT: Final = Omit()
FilePart = tuple[str, bytes, str]  # file name, content, media type


class LazyModule:
    """A module that is imported when the first of its names is asked for: a hundred models cost a program that only
    predicts nothing."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        found = getattr(importlib.import_module(self._name), name)
        setattr(self, name, found)
        return found


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
    form: Mapping[str, Any] | None = None  # a multipart form; a FilePart is a file, all else a field
    headers: Mapping[str, str] = field(default_factory=dict)
    idempotency_key: str | None = None
    timeout: float | None = None


@dataclass(frozen=True)
class Pause:
    """A step of a longer procedure that only lets time pass."""

    seconds: float


# A procedure of several calls, written once for both clients: it yields calls and is sent their answers.
Steps = Generator["Call | Pause", Any, T]


class Sender(Protocol):
    """What `Transport` offers here."""

    def send(self, call: Call) -> httpx.Response: ...
    def events(self, call: Call) -> Iterator[Event]: ...
    def drive(self, steps: Steps[T]) -> T: ...


class AsyncSender(Protocol):
    """What `AsyncTransport` offers here."""

    async def send(self, call: Call) -> httpx.Response: ...
    def events(self, call: Call) -> AsyncIterator[Event]: ...
    async def drive(self, steps: Steps[T]) -> T: ...


def strip(value: Any) -> Any:
    """The value without the arguments that were not given."""
    if isinstance(value, Mapping):
        return {name: strip(item) for name, item in value.items() if not isinstance(item, Omit)}
    return value


@lru_cache(maxsize=512)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def parse(kind: Any, data: Any, transport: Any, response: httpx.Response | None = None) -> Any:
    """The answer as its type, bound to its client where it makes calls itself."""
    try:
        value = _adapter(kind).validate_python(data)
    except ValidationError as error:
        raise errors.UnreadableAnswer(f"the answer lacks what this package needs: {error}") from None
    if isinstance(value, APIModel):
        value._response = response
        bind = getattr(type(value), "bind", None)
        if bind is not None:
            bind(value, transport)
    return value


def body_of(response: httpx.Response) -> Any:
    """The JSON of an answer; None of an empty one."""
    return json.loads(response.content) if response.content else None


class Paginator(Generic[T]):
    """A list that fetches its further pages while it is read."""

    def __init__(self, transport: Sender, call: Call, kind: type[T]) -> None:
        self._transport, self._call, self._kind = transport, call, kind

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page

    def pages(self) -> Iterator[list[T]]:
        """Page by page, as the server cuts them."""
        cursor: str | None = None
        while True:
            page = body_of(self._transport.send(_at(self._call, cursor)))
            yield [parse(self._kind, item, self._transport) for item in page["data"]]
            cursor = page.get("next_cursor")
            if not page.get("has_more") or not cursor:
                return

    def first(self) -> T | None:
        """The first element, or None of an empty list."""
        return next(iter(self), None)


class AsyncPaginator(Generic[T]):
    """As `Paginator`, for ``async for``."""

    def __init__(self, transport: AsyncSender, call: Call, kind: type[T]) -> None:
        self._transport, self._call, self._kind = transport, call, kind

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page:
                yield item

    async def pages(self) -> AsyncIterator[list[T]]:
        """As `Paginator.pages`."""
        cursor: str | None = None
        while True:
            page = body_of(await self._transport.send(_at(self._call, cursor)))
            yield [parse(self._kind, item, self._transport) for item in page["data"]]
            cursor = page.get("next_cursor")
            if not page.get("has_more") or not cursor:
                return

    async def first(self) -> T | None:
        """As `Paginator.first`."""
        async for item in self:
            return item
        return None


def _at(call: Call, cursor: str | None) -> Call:
    return replace(call, query={**call.query, "cursor": cursor}) if cursor else call


class Resource:
    """A group of operations, blocking."""

    def __init__(self, transport: Sender) -> None:
        self._transport = transport

    def _call(self, kind: Any, call: Call) -> Any:
        response = self._transport.send(call)
        return parse(kind, body_of(response), self._transport, response)

    def _bytes(self, call: Call) -> bytes:
        return bytes(self._transport.send(call).content)

    def _events(self, call: Call) -> Iterator[Event]:
        return self._transport.events(call)

    def _pages(self, kind: type[T], call: Call) -> Paginator[T]:
        return Paginator(self._transport, call, kind)


class AsyncResource:
    """A group of operations, to await."""

    def __init__(self, transport: AsyncSender) -> None:
        self._transport = transport

    async def _call(self, kind: Any, call: Call) -> Any:
        response = await self._transport.send(call)
        return parse(kind, body_of(response), self._transport, response)

    async def _bytes(self, call: Call) -> bytes:
        return bytes((await self._transport.send(call)).content)

    def _events(self, call: Call) -> AsyncIterator[Event]:
        return self._transport.events(call)

    def _pages(self, kind: type[T], call: Call) -> AsyncPaginator[T]:
        return AsyncPaginator(self._transport, call, kind)
