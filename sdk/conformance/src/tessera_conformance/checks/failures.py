"""Section 9: each failure has a status, a code and the form of its dialect, and says whom to blame."""

from __future__ import annotations

import json
import socket
import ssl
from typing import Any
from urllib.parse import quote, urlsplit

from tessera_conformance.registry import check, need, same
from tessera_conformance.target import Target
from tessera_conformance.tensors import Tensor, binary_request, json_request


def _pointers(problem: dict[str, Any]) -> list[str]:
    return [str(one.get("pointer")) for one in problem.get("errors") or []]


@check("errors.unknown-model-native", "9.2")
def unknown_native(t: Target) -> None:
    """An unknown model is 404 model_not_found as application/problem+json."""
    answer = t.call("POST", "/api/v1/models/no-such-model/predictions", body={"input": {}})
    problem = t.refuses(answer, 404, "model_not_found", "native")
    same(problem.get("retryable"), False, "`retryable`")


@check("errors.unknown-model-oip", "9.3")
def unknown_oip(t: Target) -> None:
    """An unknown model is 404 model_not_found as {"error": text} over OIP, for metadata and for infer."""
    t.refuses(t.call("GET", "/v2/models/no-such-model"), 404, "model_not_found", "oip")
    answer = t.call("POST", "/v2/models/no-such-model/infer", body=json_request(t.inputs))
    t.refuses(answer, 404, "model_not_found", "oip")


@check("errors.unknown-version", "9.2")
def unknown_version(t: Target) -> None:
    """A version that is not there is 404 version_not_found in both dialects."""
    answer = t.call("POST", t.predictions_path, body={"input": t.text_input, "version": 99999})
    t.refuses(answer, 404, "version_not_found", "native")
    path = f"/v2/models/{quote(t.tensor_name)}/versions/99999/infer"
    t.refuses(t.call("POST", path, body=json_request(t.inputs)), 404, "version_not_found", "oip")


@check("errors.json-native", "9.2")
def json_native(t: Target) -> None:
    """A body that is no JSON is 400 malformed_json in the native dialect."""
    answer = t.call("POST", t.predictions_path, body=b'{"input":', headers={"Content-Type": "application/json"})
    t.refuses(answer, 400, "malformed_json", "native")


@check("errors.json-oip", "9.3")
def json_oip(t: Target) -> None:
    """A body that is no JSON is 400 malformed_json over OIP, never 500."""
    t.refuses(t.call("POST", t.infer_path, body=b'{"inputs": ['), 400, "malformed_json", "oip")


@check("errors.json-openai", "9.4")
def json_openai(t: Target) -> None:
    """A body that is no JSON is 400 malformed_json in the OpenAI dialect."""
    t.refuses(t.call("POST", "/v1/embeddings", body=b"{"), 400, "malformed_json", "openai")


@check("errors.empty", "9.3")
def empty(t: Target) -> None:
    """An empty body is 400 invalid_request over OIP."""
    t.refuses(t.call("POST", t.infer_path, body=b""), 400, "invalid_request", "oip")


@check("errors.field-missing", "9.2")
def field_missing(t: Target) -> None:
    """A missing field is 422 validation_error with a JSON pointer to it."""
    name = next(iter(t.text_input))
    problem = t.refuses(t.call("POST", t.predictions_path, body={"input": {}}), 422, "validation_error", "native")
    need(f"/input/{name}" in _pointers(problem), f"the pointers are {_pointers(problem)}")


@check("errors.field-unknown", "9.2")
def field_unknown(t: Target) -> None:
    """A field that the model does not have is 422 validation_error with a JSON pointer to it."""
    answer = t.call("POST", t.predictions_path, body={"input": {**t.text_input, "no_such_field": 1}})
    problem = t.refuses(answer, 422, "validation_error", "native")
    need("/input/no_such_field" in _pointers(problem), f"the pointers are {_pointers(problem)}")


@check("errors.field-type", "9.2")
def field_type(t: Target) -> None:
    """A field of another type is 422 validation_error with a JSON pointer into it."""
    name = next(iter(t.text_input))
    answer = t.call("POST", t.predictions_path, body={"input": {**t.text_input, name: {"a": 1}}})
    problem = t.refuses(answer, 422, "validation_error", "native")
    need(any(pointer.startswith(f"/input/{name}") for pointer in _pointers(problem)), f"pointers: {_pointers(problem)}")


@check("errors.shape", "9.3")
def shape(t: Target) -> None:
    """A tensor of another rank is 422 input_signature_mismatch."""
    one = t.inputs[0]
    wrong = [Tensor(one.name, one.datatype, [1, *one.shape], one.data), *t.inputs[1:]]
    t.refuses(t.call("POST", t.infer_path, body=json_request(wrong)), 422, "input_signature_mismatch", "oip")


@check("errors.dtype", "9.3")
def dtype(t: Target) -> None:
    """A tensor of another datatype is 422 input_signature_mismatch."""
    one = t.inputs[0]
    other = "INT32" if one.datatype != "INT32" else "FP32"
    wrong = [Tensor(one.name, other, one.shape, [int(value) for value in one.data]), *t.inputs[1:]]
    t.refuses(t.call("POST", t.infer_path, body=json_request(wrong)), 422, "input_signature_mismatch", "oip")


@check("errors.tensor-name", "9.3")
def tensor_name(t: Target) -> None:
    """A tensor that the model does not have is 422 input_signature_mismatch."""
    one = t.inputs[0]
    wrong = [Tensor("no-such-input", one.datatype, one.shape, one.data), *t.inputs[1:]]
    t.refuses(t.call("POST", t.infer_path, body=json_request(wrong)), 422, "input_signature_mismatch", "oip")


@check("errors.tensor-missing", "9.3")
def tensor_missing(t: Target) -> None:
    """A request without the model's tensors is 422."""
    answer = t.call("POST", t.infer_path, body={"inputs": []})
    same(answer.status_code, 422, f"the status ({answer.text[:100]})")
    need(isinstance(answer.json().get("error"), str), "`error` must be a text")


@check("errors.values-short", "9.3")
def values_short(t: Target) -> None:
    """Fewer values than the shape has room for is a failure of the caller (400 or 422), never 500."""
    document = json.loads(json_request(t.inputs))
    document["inputs"][0]["data"] = document["inputs"][0]["data"][:-1]
    answer = t.call("POST", t.infer_path, body=document)
    need(answer.status_code in (400, 422), f"the status is {answer.status_code}: {answer.text[:100]}")


@check("errors.binary-short", "9.3")
def binary_short(t: Target) -> None:
    """A binary body shorter than it says is a failure of the caller (400 or 422), never 500."""
    body, headers = binary_request(t.inputs, binary_output=True)
    answer = t.call("POST", t.infer_path, body=body[:-1], headers=headers)
    need(answer.status_code in (400, 422), f"the status is {answer.status_code}: {answer.text[:100]}")


@check("errors.too-large", "9.5")
def too_large(t: Target) -> None:
    """A body that is announced as larger than any model takes is 413 at once, before it is sent."""
    parts = urlsplit(t.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    with socket.create_connection((parts.hostname or "", port), timeout=10) as plain:
        context = ssl.create_default_context()
        link = context.wrap_socket(plain, server_hostname=parts.hostname) if parts.scheme == "https" else plain
        link.sendall(f"POST {t.infer_path} HTTP/1.1\r\nHost: {parts.netloc}\r\nX-API-Key: {t.key}\r\n"
                     f"Content-Type: application/json\r\nContent-Length: {1 << 40}\r\n\r\n{{".encode())
        try:
            line = link.recv(64).decode("latin-1").partition("\r\n")[0]
        except TimeoutError:
            line = "no answer within 10 s"
    need(" 413 " in line + " ", f"the answer is {line!r}")


@check("errors.method", "9.2")
def method(t: Target) -> None:
    """A method that a path does not have is 405 method_not_allowed."""
    t.refuses(t.call("DELETE", t.infer_path), 405, "method_not_allowed", "oip")


@check("errors.path", "9.2")
def path(t: Target) -> None:
    """A path that is not there is 404 not_found in the form of its dialect, never a page of HTML."""
    for dialect, root in (("native", "/api/v1"), ("oip", "/v2"), ("openai", "/v1")):
        t.refuses(t.call("GET", f"{root}/no-such-path"), 404, "not_found", dialect)
