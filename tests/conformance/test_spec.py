"""The specification's files are those that the code makes, and they are what they say: OpenAPI, JSON Schema, proto."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry, Resource
from tritonclient.grpc import service_pb2

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "docs" / "spec"
sys.path.insert(0, str(ROOT / "sdk"))

import generate_spec  # noqa: E402


def schema(name: str) -> dict[str, Any]:
    return dict(json.loads((SPEC / "1.0" / "schemas" / f"{name}.json").read_text()))


def test_the_files_are_as_the_code_makes_them() -> None:
    wanted = generate_spec.files()
    stale = [str(path) for path, text in wanted.items()
             if not (SPEC / path).exists() or (SPEC / path).read_text() != text]
    assert stale == [], "run make openapi"
    here = {path.relative_to(SPEC) for path in (SPEC / "1.0").rglob("*") if path.is_file()}
    assert here == {path for path in wanted if path.parts[0] == "1.0"}


def test_the_description_refers_to_nothing_that_it_lacks() -> None:
    text = (SPEC / "1.0" / "openapi.json").read_text()
    document = json.loads(text)
    here = {f"#/components/{kind}/{name}" for kind, parts in document["components"].items() for name in parts}
    used = set(re.findall(r'"\$ref": "([^"]+)"', text))
    assert used <= here
    assert used >= {name for name in here if "/schemas/" in name}
    assert "/api/v1/models/{model}/predictions" in document["paths"]
    assert not [path for path in document["paths"] if "invoices" in path or "api-keys" in path]


@pytest.mark.parametrize("name", sorted(path.stem for path in (SPEC / "1.0" / "schemas").glob("*.json")))
def test_each_schema_is_one(name: str) -> None:
    found = schema(name)
    Draft202012Validator.check_schema(found)
    assert found["$id"].endswith(f"/1.0/schemas/{name}.json")


def test_a_real_problem_and_event_fit_and_others_do_not() -> None:
    from kernel.problems import Problem

    Draft202012Validator(schema("problem")).validate(Problem("not_found", "no").document("req_1"))
    with pytest.raises(ValidationError):
        Draft202012Validator(schema("problem")).validate({"error": "no"})
    registry: Registry[Any] = Registry().with_resources(
        (found["$id"], Resource.from_contents(found)) for found in (schema("prediction"), schema("webhook-event")))
    event = Draft202012Validator(schema("webhook-event"), registry=registry)
    with pytest.raises(ValidationError):
        event.validate({"type": "prediction.succeeded", "timestamp": "2026-01-01T00:00:00Z", "data": {"id": "pred_1"}})


def test_the_proto_has_the_numbers_of_the_messages_that_are_on_the_wire() -> None:
    lines = [line.strip() for line in (SPEC / "1.0" / "inference.proto").read_text().splitlines()]
    for message in (service_pb2.ModelInferRequest, service_pb2.ModelInferResponse):
        for field in message.DESCRIPTOR.fields:
            assert any(line.endswith(f" {field.name} = {field.number};") for line in lines), field.name
    assert lines.count("service GRPCInferenceService {") == 1
    assert "rpc ModelStreamInfer(stream ModelInferRequest) returns (stream ModelStreamInferResponse);" in lines
    assert not [line for line in lines if "SharedMemory" in line or "ModelLoad" in line]
    assert sum(line.endswith("{") for line in lines) == lines.count("}")


def test_every_code_is_in_the_text_with_its_statuses() -> None:
    lines = (SPEC / "model-service-interface.md").read_text().splitlines()
    [row] = [line for line in lines if "rate_limited" in line and line.startswith("| ")]
    assert row.startswith("| 429 | RESOURCE_EXHAUSTED |")
    assert "rate_limited\\*" in row
    assert "quota_exceeded\\*" not in row
