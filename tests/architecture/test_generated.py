"""What is generated is what the code says: the OpenAPI document and the migrations. (tests/sdk: the SDK from it.)"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.utils import translation

from kernel.problems import CODES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The OpenAPI document as the code has it now."""
    file = tmp_path_factory.mktemp("openapi") / "openapi.json"
    call_command("spectacular", "--format", "openapi-json", "--validate", "--fail-on-warn", "--file", str(file))
    assert file.read_bytes() == (ROOT / "sdk" / "openapi.json").read_bytes(), "run make openapi"
    return dict(json.loads(file.read_text()))


def test_the_committed_document_is_the_one_that_the_code_makes(document: dict[str, Any]) -> None:
    """As `spectacular --validate --fail-on-warn` writes it, without a warning."""
    assert document["openapi"].startswith("3.1")


def test_every_problem_code_is_told_with_an_operation_that_may_answer_it(document: dict[str, Any]) -> None:
    told = document["components"]["schemas"]["Problem"]["properties"]["code"]["description"]
    assert {code for code in CODES if f" {code}," not in told and f" {code}." not in told} == set()
    answers: dict[str, set[str]] = {}
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation.get("responses", {}).items():
                answers.setdefault(status, set()).add(response["description"])
    missing = {code for code, (status, _, _) in CODES.items()
               if not any(code in text.replace(",", "").split() for text in answers.get(str(status), ()))}
    assert missing - IN_JOBS_ONLY == set()


# What ends a job is a member of the prediction, never the status of an answer.
IN_JOBS_ONLY = {"poisoned", "canceled", "out_of_memory"}


def test_every_problem_has_the_schema_of_problems(document: dict[str, Any]) -> None:
    kind = "application/problem+json"
    found = {json.dumps(response["content"][kind]["schema"]) for path in document["paths"].values()
             for operation in path.values() for response in operation.get("responses", {}).values()
             if kind in response.get("content", {})}
    assert found == {json.dumps({"$ref": "#/components/schemas/Problem"})}


def test_models_and_migrations_agree_and_each_app_has_one_leaf() -> None:
    loader = MigrationLoader(None)
    assert loader.detect_conflicts() == {}
    with translation.override(None):  # an earlier test's language would change the names that models show
        detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
        changes = detector.changes(graph=loader.graph)
    assert {app: [str(migration) for migration in made] for app, made in changes.items()} == {}
