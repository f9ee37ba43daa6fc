"""Section 5: the Open Inference Protocol over HTTP."""

from __future__ import annotations

import json
from urllib.parse import quote

from tessera_conformance.registry import Skip, check, need, same
from tessera_conformance.target import Target
from tessera_conformance.tensors import JSON, LENGTH, Tensor, binary_request, close, json_request, read_answer


@check("oip.json", "5.1")
def as_json(t: Target) -> None:
    """POST …/infer takes tensors as JSON and names model, version and outputs in its answer."""
    answer = t.good("POST", t.infer_path, body=json_request(t.inputs))
    head, found = read_answer(answer.content, answer.headers)
    same(head.get("model_name"), t.tensor_name, "`model_name`")
    need(str(head.get("model_version", "")).isdigit(), f"`model_version` is {head.get('model_version')!r}")
    promised = {one["name"]: one["datatype"] for one in t.tensor_model[0]["outputs"]}
    same({one.name: one.datatype for one in found}, promised, "the outputs")


@check("oip.binary", "5.2")
def binary(t: Target) -> None:
    """Tensors may be sent and asked for in binary; the header's length is in Inference-Header-Content-Length."""
    body, headers = binary_request(t.inputs, binary_output=True)
    answer = t.good("POST", t.infer_path, body=body, headers=headers)
    need(answer.headers.get(LENGTH.lower()), f"the answer lacks {LENGTH}")
    read_answer(answer.content, answer.headers)


@check("oip.binary-in-json-out", "5.2")
def mixed(t: Target) -> None:
    """Binary input may be answered as JSON: the two directions are chosen apart."""
    body, headers = binary_request(t.inputs, binary_output=False)
    answer = t.good("POST", t.infer_path, body=body, headers=headers)
    need(LENGTH.lower() not in answer.headers, "the answer is binary")
    close(read_answer(answer.content, answer.headers)[1], t.infer(), "binary in, JSON out")


@check("oip.raw", "5.3")
def raw(t: Target) -> None:
    """With Inference-Header-Content-Length: 0 the body is the one tensor and nothing else."""
    if len(t.inputs) != 1:
        raise Skip("the model takes more than one tensor")
    one = t.inputs[0]
    if sum(size < 0 for size in t.tensor_model[0]["inputs"][0]["shape"]) > 1:
        raise Skip("the tensor's shape can't be told from its length")
    answer = t.good("POST", t.infer_path, body=one.pack(), headers={LENGTH: "0"})
    close(read_answer(answer.content, answer.headers)[1], t.infer(), "a raw body")


@check("oip.id", "5.1")
def echo(t: Target) -> None:
    """The caller's id comes back in the answer."""
    mine = t.fresh()
    same(t.document("POST", t.infer_path, body=json_request(t.inputs, id=mine)).get("id"), mine, "`id`")


@check("oip.outputs", "5.1")
def outputs(t: Target) -> None:
    """Only the outputs that are asked for come back."""
    name = t.tensor_model[0]["outputs"][0]["name"]
    found = t.document("POST", t.infer_path, body=json_request(t.inputs, outputs=[{"name": name}]))
    same([one["name"] for one in found["outputs"]], [name], "the outputs")


@check("oip.version", "5.1")
def version(t: Target) -> None:
    """…/versions/{version}/infer runs that version."""
    number = t.tensor_model[0]["versions"][0]
    path = f"/v2/models/{quote(t.tensor_name)}/versions/{number}/infer"
    found = t.document("POST", path, body=json_request(t.inputs))
    same(str(found.get("model_version")), number, "`model_version`")


@check("oip.any-content-type", "5.1")
def any_content_type(t: Target) -> None:
    """The form of a body is told by Inference-Header-Content-Length alone: any Content-Type, or none, is taken."""
    for media in ("application/octet-stream", "text/plain", None):
        headers = {"X-API-Key": t.key} | ({"Content-Type": media} if media else {})
        answer = t.http.post(t.infer_path, content=json_request(t.inputs), headers=headers)
        same(answer.status_code, 200, f"the status with {media}")


@check("oip.bytes", "5.4")
def text_as_bytes(t: Target) -> None:
    """A model of human kinds has a tensor view: one BYTES tensor of JSON in, one out."""
    found = t.document("GET", f"/v2/models/{quote(t.text_name)}")
    same([(one["name"], one["datatype"]) for one in found["inputs"]], [("input", "BYTES")], "the inputs")
    same([(one["name"], one["datatype"]) for one in found["outputs"]], [("output", "BYTES")], "the outputs")
    given = Tensor("input", "BYTES", [1], [json.dumps({"input": t.text_input}).encode()])
    answer = t.good("POST", f"/v2/models/{quote(t.text_name)}/infer", body=json_request([given]))
    need(isinstance(json.loads(read_answer(answer.content, answer.headers)[1][0].data[0]), dict), "no JSON object")


@check("oip.generate", "5.5")
def generate(t: Target) -> None:
    """POST …/generate takes {"input": {…}} and answers text_output."""
    found = t.document("POST", f"/v2/models/{quote(t.text_name)}/generate", body={"input": t.text_input})
    need(isinstance(found.get("text_output"), str), f"`text_output` is {found.get('text_output')!r}")


@check("oip.generate-stream", "5.5")
def generate_stream(t: Target) -> None:
    """POST …/generate_stream answers the same as server-sent events."""
    path = f"/v2/models/{quote(t.text_name)}/generate_stream"
    answer = t.good("POST", path, body={"input": t.text_input})
    same(answer.headers.get("content-type", "").partition(";")[0], "text/event-stream", "the content type")
    events = [json.loads(line[5:]) for line in answer.text.splitlines() if line.startswith("data:")]
    need(events and events[-1].get("text_output"), "no event carries text_output")


@check("oip.closed-doors", "5.6")
def closed(t: Target) -> None:
    """Loading and unloading of models, shared memory, trace and log settings are 403 for every key."""
    doors = [("POST", f"/v2/repository/models/{quote(t.tensor_name)}/load"),
             ("POST", f"/v2/repository/models/{quote(t.tensor_name)}/unload"),
             ("GET", "/v2/systemsharedmemory/status"), ("GET", "/v2/trace/setting"), ("GET", "/v2/logging")]
    # The harmless questions first: where even they are answered, nothing is loaded or unloaded by this check.
    for method, path in sorted(doors):
        answer = t.call(method, path, headers=JSON if method == "POST" else None)
        same(answer.status_code, 403, f"{method} {path}")
