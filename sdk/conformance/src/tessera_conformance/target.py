"""The service that is examined: its addresses, what it offers, and calls in each dialect."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

import grpc
import httpx

from tessera_conformance import tensors, wire
from tessera_conformance.registry import Failed, Skip, need, same
from tessera_conformance.tensors import Tensor

_LOOKED_AT = 150  # models whose tensors are looked at before the kit gives up
_NUMERIC = frozenset(tensors.CODES)
_VALUES = 100_000  # of the largest tensor that the kit sends


@dataclass(frozen=True)
class Rpc:
    """One answer over gRPC: the message, or the status with its trailing metadata."""

    message: bytes
    status: str
    detail: str
    trailing: Mapping[str, str]


class Target:
    """A base URL and a key; `grpc` is host:port, `tensor_model` and `text_model` name models instead of a search."""

    def __init__(self, url: str, key: str, *, grpc_address: str = "", tensor_model: str = "", text_model: str = "",
                 callback_host: str = "127.0.0.1", headers: Mapping[str, str] | None = None,
                 timeout: float = 30.0) -> None:
        """`headers` go out with every call, over HTTP and gRPC: what stands before the target may want them."""
        self.headers = {name.lower(): value for name, value in (headers or {}).items()}
        self.url, self.key = url.rstrip("/"), key
        self._grpc_address, self._tensor_model, self._text_model = grpc_address, tensor_model, text_model
        self.callback_host = callback_host
        # A connection for each call: what one failure does to a connection must not become the next check's failure.
        self.http = httpx.Client(base_url=self.url, timeout=timeout, limits=httpx.Limits(max_keepalive_connections=0),
                                 headers={"User-Agent": "tessera-conformance", **self.headers})

    def close(self) -> None:
        self.http.close()
        if "channel" in self.__dict__:
            self.channel.close()

    # ---- HTTP

    def call(self, method: str, path: str, *, body: Any = None, headers: Mapping[str, str] | None = None,
             key: str | None = None, **more: Any) -> httpx.Response:
        """One request with the key; `body` is sent as JSON unless it is bytes. `key=""` sends none."""
        sent = {} if key == "" else {"X-API-Key": key or self.key}
        if body is not None and not isinstance(body, bytes):
            body, sent = json.dumps(body).encode(), {**sent, **tensors.JSON}
        return self.http.request(method, path, content=body, headers={**sent, **(headers or {})}, **more)

    def good(self, method: str, path: str, *, status: int = 200, **more: Any) -> httpx.Response:
        """As `call`; fails the check on any other status."""
        answer = self.call(method, path, **more)
        return _with_status(answer, status)

    def document(self, method: str, path: str, **more: Any) -> Any:
        """The JSON of a successful answer."""
        return self.good(method, path, **more).json()

    def allowed(self, scope: str, method: str, path: str, *, status: int = 200, **more: Any) -> httpx.Response:
        """As `good`, but skips where the key lacks the scope."""
        answer = self.call(method, path, **more)
        if answer.status_code == 403 and "scope" in answer.text:
            raise Skip(f"the key lacks the scope {scope}")
        return _with_status(answer, status)

    def refuses(self, answer: httpx.Response, status: int, code: str, dialect: str) -> dict[str, Any]:
        """Fails unless the answer is that failure, in the form of the dialect. Returns its document."""
        same(answer.status_code, status, f"the status ({answer.text[:100]})")
        media = answer.headers.get("content-type", "")
        if dialect == "native":
            same(media.partition(";")[0], "application/problem+json", "the content type")
        else:
            same(media, "application/json", "the content type")
        document = answer.json()
        if dialect == "openai":
            document = document["error"]
            need(isinstance(document.get("message"), str) and document["message"], "`error.message` is missing")
        if dialect == "oip":
            need(isinstance(document.get("error"), str) and document["error"], "`error` must be a text")
        if dialect == "native":
            missing = {"type", "title", "status", "code", "detail", "request_id"} - document.keys()
            need(not missing, f"the problem lacks {sorted(missing)}")
            same(document["status"], status, "`status` of the problem")
        same(document.get("code"), code, "`code`")
        return dict(document)

    # ---- models to examine

    @cached_property
    def _tensors(self) -> tuple[dict[str, Any], list[Tensor]] | Failed:
        try:
            return self._find_tensors()
        except Failed as failed:
            return failed

    @property
    def tensor_model(self) -> tuple[dict[str, Any], list[Tensor]]:
        """Metadata of a model with numeric tensors, and four rows of input for it."""
        if isinstance(self._tensors, Failed):
            raise self._tensors
        return self._tensors

    @property
    def tensor_name(self) -> str:
        return str(self.tensor_model[0]["name"])

    @property
    def inputs(self) -> list[Tensor]:
        return self.tensor_model[1]

    @property
    def infer_path(self) -> str:
        return f"/v2/models/{quote(self.tensor_name)}/infer"

    def _find_tensors(self) -> tuple[dict[str, Any], list[Tensor]]:
        names = [self._tensor_model] if self._tensor_model else [
            str(one["name"]) for one in self.document("POST", "/v2/repository/index", body={})]
        seen = ""
        names = list(dict.fromkeys(names))[:_LOOKED_AT]
        for name in names:
            answer = self.call("GET", f"/v2/models/{quote(name)}")
            if answer.status_code != 200:
                seen = f"GET /v2/models/{name} answers {answer.status_code}"
                continue
            metadata = answer.json()
            given = [tensors.example(one["name"], one["datatype"], one["shape"], 4) for one in metadata["inputs"]
                     if one["datatype"] in _NUMERIC]
            seen = f"{name} has the inputs {metadata['inputs']}"
            if len(given) != len(metadata["inputs"]) or not given or any(len(one.data) > _VALUES for one in given):
                continue
            if not all(out["datatype"] in _NUMERIC for out in metadata["outputs"]):
                continue
            tried = self.call("POST", f"/v2/models/{quote(name)}/infer", body=tensors.json_request(given))
            if tried.status_code == 200:
                return metadata, given
            seen = f"infer on {name} answers {tried.status_code}: {tried.text[:100]}"
        raise Failed(f"no model with numeric tensors answers, of {len(names)}; the last one: {seen or 'none'}")

    @cached_property
    def _text(self) -> dict[str, Any] | Failed:
        try:
            name = self._text_model
            if not name:
                page = self.document("GET", "/api/v1/models", params={"task": "text-embedding", "limit": 100})
                names = [one["name"] for one in page["data"]]
                callable_names = {one["id"] for one in self.document("GET", "/v1/models")["data"]}
                name = next((one for one in names if one in callable_names), "")
                need(name, f"no model of the task text-embedding that this key may call (there are {names})")
            return dict(self.document("GET", f"/api/v1/models/{quote(name)}"))
        except (Failed, ValueError, LookupError, TypeError) as error:
            return error if isinstance(error, Failed) else Failed(f"the list of models can't be read: {error}")

    @property
    def text_model(self) -> dict[str, Any]:
        """Detail of a model that turns texts into vectors, which every dialect can call."""
        if isinstance(self._text, Failed):
            raise self._text
        return self._text

    @property
    def text_name(self) -> str:
        return str(self.text_model["name"])

    @property
    def text_input(self) -> dict[str, Any]:
        example = self.text_model.get("example") or {}
        return dict(example.get("input") or {"texts": ["a cat sat on the mat", "a dog lay on the rug"]})

    @property
    def texts(self) -> list[str]:
        return [str(text) for text in next(iter(self.text_input.values()))]

    @property
    def predictions_path(self) -> str:
        return f"/api/v1/models/{quote(self.text_name)}/predictions"

    def predict(self, **more: Any) -> httpx.Response:
        """The text model on its own example, in the native dialect."""
        return self.good("POST", self.predictions_path, body={"input": self.text_input}, **more)

    def infer(self, given: list[Tensor] | None = None) -> list[Tensor]:
        """The tensor model in JSON: what every other form is compared with."""
        answer = self.good("POST", self.infer_path, body=tensors.json_request(given or self.inputs))
        return tensors.read_answer(answer.content, answer.headers)[1]

    # ---- gRPC

    @cached_property
    def channel(self) -> grpc.Channel:
        parts = urlsplit(self.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        guesses = [self._grpc_address] if self._grpc_address else [
            f"{parts.hostname}:{port + 1}", f"{parts.hostname}:8001"]
        for address in guesses:
            channel = grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", 64 << 20)])
            try:
                grpc.channel_ready_future(channel).result(timeout=5 if self._grpc_address else 1)
                return channel
            except grpc.FutureTimeoutError:
                channel.close()
        if self._grpc_address:
            raise Failed(f"nothing answers gRPC at {self._grpc_address}")
        raise Skip(f"no gRPC at {' or '.join(guesses)}; say where with --grpc host:port")

    def rpc(self, method: str, message: bytes = b"", *, key: str | None = None, service: str = wire.SERVICE) -> Rpc:
        """One unary call; `key=""` sends none."""
        metadata = (*self.headers.items(), *(() if key == "" else (("x-api-key", key or self.key),)))
        call = self.channel.unary_unary(service + method)
        try:
            return Rpc(call(message, metadata=metadata, timeout=30), "OK", "", {})
        except grpc.RpcError as error:
            trailing = dict(error.trailing_metadata() or ())
            return Rpc(b"", error.code().name, error.details() or "", trailing)

    def rpc_good(self, method: str, message: bytes = b"", **more: Any) -> bytes:
        answer = self.rpc(method, message, **more)
        need(answer.status == "OK", f"{method} answers {answer.status}: {answer.detail[:120]}")
        return answer.message

    # ---- small things

    @staticmethod
    def fresh() -> str:
        """A text that no run has used before."""
        return secrets.token_hex(8)

    @staticmethod
    def until(look: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
        """What `look` finds, asked until it finds something."""
        end, pause = time.monotonic() + seconds, 0.05
        while True:
            found = look()
            if found:
                return found
            need(time.monotonic() < end, f"{what}: not within {seconds:.0f} s")
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)


def _with_status(answer: httpx.Response, status: int) -> httpx.Response:
    asked = f"{answer.request.method} {answer.request.url.path}"
    need(answer.status_code == status, f"{asked} answers {answer.status_code}, not {status}: {answer.text[:120]}")
    return answer
