"""The SDK is what its document says, and nothing that a released client relies on is taken away."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import compat
import generate
import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = json.loads((ROOT / "sdk" / "openapi.json").read_text())


def test_the_sdk_is_the_documents(tmp_path: Path) -> None:
    generate.main(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in generate.OUT.glob("*.py")}
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (generate.OUT / path.name).read_bytes(), f"{path.name}: run make sdk"


def test_every_operation_has_a_method() -> None:
    import tessera._generated.resources as resources

    methods = 0
    for group, operations in generate.Generator(DOCUMENT).groups().items():
        name = "".join(part.capitalize() for part in group.split("_"))
        for operation in operations:
            for prefix in ("", "Async"):
                assert callable(getattr(getattr(resources, f"{prefix}{name}Resource"), operation.name)), operation
            methods += 1
    written = {"/api/v1/analyze-image", "/api/v1/classify"}  # AIClient.analyze_image and .classify
    operations = [method for path, item in DOCUMENT["paths"].items() if path not in written and "/api/v1/" in path
                  for method in item if method in compat.METHODS]
    assert methods == len(operations) > 50


def test_nothing_breaks_a_released_client() -> None:
    assert compat.breaking(json.loads(compat.RELEASED.read_text()), DOCUMENT) == []


def _drop(document: dict[str, Any]) -> None:
    del document["paths"]["/api/v1/account"]


def _rename(document: dict[str, Any]) -> None:
    document["paths"]["/api/v1/account"]["get"]["operationId"] = "account_show"


def _lose_member(document: dict[str, Any]) -> None:
    del document["components"]["schemas"]["Batch"]["properties"]["progress"]


def _may_be_missing(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["Batch"]["required"].remove("progress")


def _retype(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["Batch"]["properties"]["progress"]["type"] = "string"


def _need_member(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["BatchRequestRequest"]["required"].append("model")


def _need_parameter(document: dict[str, Any]) -> None:
    document["paths"]["/api/v1/models"]["get"]["parameters"].append(
        {"in": "query", "name": "region", "required": True, "schema": {"type": "string"}})


def _lose_parameter(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/api/v1/models"]["get"]["parameters"]
    parameters.remove(next(p for p in parameters if p["name"] == "task"))


def _narrow(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/api/v1/usage"]["get"]["parameters"]
    next(p for p in parameters if p["name"] == "group_by")["schema"] = {"type": "string", "enum": ["model"]}


def _other_answer(document: dict[str, Any]) -> None:
    answers = document["paths"]["/api/v1/predictions"]["get"]["responses"]
    answers["206"] = answers.pop("200")


@pytest.mark.parametrize(("change", "words"), [
    (_drop, "GET /api/v1/account: is gone"), (_rename, "is now called account_show"),
    (_lose_member, ".progress: is gone"), (_may_be_missing, ".progress: may be missing now"),
    (_retype, ".progress: was number and is string"), (_need_member, ".model: is needed now"),
    (_need_parameter, "GET /api/v1/models: needs region now"),
    (_lose_parameter, "GET /api/v1/models: does not take task any more"), (_narrow, "does not take"),
    (_other_answer, "GET /api/v1/predictions: does not answer 200 any more")])
def test_a_break_is_seen(change: Any, words: str) -> None:
    changed = copy.deepcopy(DOCUMENT)
    change(changed)
    found = compat.breaking(DOCUMENT, changed)
    assert any(words in line for line in found), found


def test_growth_is_no_break() -> None:
    grown = copy.deepcopy(DOCUMENT)
    grown["paths"]["/api/v1/new"] = grown["paths"]["/api/v1/account"]
    schemas = grown["components"]["schemas"]
    schemas["Batch"]["properties"]["brand_new"] = {"type": "string"}
    schemas["BatchRequestRequest"]["properties"]["brand_new"] = {"type": "string"}
    schemas["GroupByEnum"]["enum"].append("region")
    grown["paths"]["/api/v1/models"]["get"]["parameters"].append(
        {"in": "query", "name": "region", "schema": {"type": "string"}})
    assert compat.breaking(DOCUMENT, grown) == []
