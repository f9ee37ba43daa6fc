"""Section 4: a prediction in the native dialect."""

from __future__ import annotations

import json
from urllib.parse import quote

from jsonschema import Draft202012Validator

from tessera_conformance.registry import Skip, check, member, need, same
from tessera_conformance.target import Target
from tessera_conformance.tensors import alike


@check("native.predict", "4.1")
def predict(t: Target) -> None:
    """POST …/predictions answers 200 with a succeeded Prediction: id, model, version, output, usage, times."""
    done = t.predict().json()
    same((done["object"], done["status"], done["model"]), ("prediction", "succeeded", t.text_name), "the prediction")
    member(done, "id", str)
    member(done, "version", int)
    member(done, "output", dict)
    usage = member(done, "usage", dict)
    need(isinstance(usage.get("cost"), str), "`usage.cost` must be decimal text, never a float")
    member(usage, "units", int)
    need(done["error"] is None and done["created_at"] and done["completed_at"], "error or times are not as they should")


@check("native.output-schema", "4.1")
def output_schema(t: Target) -> None:
    """The output keeps the schema that the model publishes."""
    schema = t.document("GET", f"/api/v1/models/{quote(t.text_name)}/schema")["output"]
    fault = next(Draft202012Validator(schema).iter_errors(t.predict().json()["output"]), None)
    need(fault is None, f"the output: {fault and fault.message}")


@check("native.example", "4.1")
def example(t: Target) -> None:
    """The stored example's input gives the stored output, within its tolerance."""
    stored = t.text_model.get("example") or {}
    if "output" not in stored:
        raise Skip("the model has no stored example")
    tolerance = float(stored.get("tolerance") or 0.02)
    need(alike(t.predict().json()["output"], stored["output"], tolerance), "another output than the stored one")


@check("native.version", "4.2")
def version(t: Target) -> None:
    """A call may name its version; the answer says in the body and in X-Model-Version which one it was."""
    number = t.predict().json()["version"]
    answer = t.good("POST", t.predictions_path, body={"input": t.text_input, "version": number})
    same(answer.json()["version"], number, "`version`")
    same(answer.headers.get("x-model-version"), str(number), "X-Model-Version")


@check("native.metadata", "4.2")
def metadata(t: Target) -> None:
    """What a caller sends as metadata comes back unchanged."""
    mine = {"order": t.fresh(), "nested": {"n": 1}}
    done = t.document("POST", t.predictions_path, body={"input": t.text_input, "metadata": mine})
    same(done["metadata"], mine, "`metadata`")


@check("native.multipart", "4.3")
def multipart(t: Target) -> None:
    """multipart/form-data is another form of the same call: fields that are no text are written as JSON."""
    parts = {name: (None, value if isinstance(value, str) else json.dumps(value))
             for name, value in t.text_input.items()}
    answer = t.http.post(t.predictions_path, headers={"X-API-Key": t.key}, files=parts)
    same(answer.status_code, 200, f"the status ({answer.text[:100]})")
    need(alike(answer.json()["output"], t.predict().json()["output"], 1e-5), "another output than in JSON")
