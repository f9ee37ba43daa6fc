"""The documentation's chapters and the API reference, read from the OpenAPI document that the code itself gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy
from drf_spectacular.generators import SchemaGenerator

from marketplace.portal import guide, labels, schema_fields

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page of the documentation; `verb` only for operations of the API."""

    slug: str
    title: str
    url: str
    verb: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API as its page shows it."""

    id: str
    tag: str
    verb: str
    path: str
    title: str
    words: str
    parameters: list[schema_fields.Row]
    body: list[schema_fields.Row]
    answer: list[schema_fields.Row]
    statuses: list[tuple[str, str]]
    request_example: str
    response_example: str
    open: bool


@dataclass(frozen=True, slots=True)
class Tag:
    """A group of operations."""

    name: str
    title: str
    operations: list[Operation]


GROUPS = (
    (gettext_lazy("Start"), ("quickstart", "authentication", "errors", "limits")),
    (gettext_lazy("Guides"), ("guides", "jobs", "batches", "webhooks", "tensors", "openai", "own-models", "billing")),
    (gettext_lazy("Clients"), ("sdk", "sdk-reference", "typescript", "java", "cli", "specification", "conformance",
                               "changelog")),
)
PAGES = tuple(slug for _title, slugs in GROUPS for slug in slugs)


def groups() -> list[tuple[str, list[Chapter]]]:
    """The navigation: title of a group and its chapters, operations of the API last."""
    lang = guide.language()
    found = [(str(title), [
        Chapter(slug, guide.title(slug, lang),
                reverse("docs") if slug == "quickstart" else reverse("docs-page", args=[slug])) for slug in slugs])
        for title, slugs in GROUPS]
    return found + [(tag.title, [
        Chapter(one.id, labels.content(one.title), reverse("docs-operation", args=[one.id]), one.verb)
        for one in tag.operations]) for tag in tags()]


def tags() -> list[Tag]:
    """The API's operations in their groups, named in the page's language."""
    by_name: dict[str, list[Operation]] = {}
    for operation in operations().values():
        by_name.setdefault(operation.tag, []).append(operation)
    return [Tag(name, tag_title(name), found) for name, found in by_name.items()]


def tag_title(tag: str) -> str:
    """The name of a group of operations in the page's language."""
    return labels.content(tag) if labels.chinese() else tag.replace("-", " ").capitalize()


def chapters() -> list[Chapter]:
    """Every page of the documentation."""
    return [chapter for _title, found in groups() for chapter in found]


@lru_cache(maxsize=1)
def operations() -> Mapping[str, Operation]:
    """Operation id → operation, in the order of tags and paths; the document is made once a process."""
    document = json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str))
    found = []
    for path, item in document["paths"].items():
        for verb in METHODS:
            if verb in item:
                found.append(_operation(document, path, verb, item[verb]))
    order = {tag: place for place, tag in enumerate(dict.fromkeys(
        ["predictions", "models", "files", *(operation.tag for operation in found)]))}
    found.sort(key=lambda operation: (order[operation.tag], operation.path, METHODS.index(operation.verb)))
    return {operation.id: operation for operation in found}


def _operation(document: dict[str, Any], path: str, verb: str, told: dict[str, Any]) -> Operation:
    parameters = [
        schema_fields.Row(p["name"], f"{p['in']}, {schema_fields.kind(_resolved(document, p.get('schema', {})))}",
                          bool(p.get("required")), p.get("description", ""), 0)
        for p in (_resolved(document, raw) for raw in told.get("parameters", []))]
    body = _content(document, told.get("requestBody", {}))
    statuses = [(code, answer.get("description") or "") for code, answer in sorted(told.get("responses", {}).items())]
    good = next((told["responses"][code] for code, _words in statuses if code.startswith("2")), {})
    answer = _content(document, good)
    return Operation(
        id=told["operationId"], tag=(told.get("tags") or ["api"])[0], verb=verb, path=path,
        title=told.get("summary") or told["operationId"], words=told.get("description", ""), parameters=parameters,
        body=schema_fields.rows(body), answer=schema_fields.rows(answer),
        statuses=[(code, words) for code, words in statuses],
        request_example=_example(told.get("requestBody", {}), body),
        response_example=_example(good, answer), open=told.get("security") in ([], [{}]) or not told.get("security", 1))


def _content(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    part = _resolved(document, part)
    for media in part.get("content", {}).values():
        found = _resolved(document, media.get("schema", {}), deep=4)
        return found if isinstance(found, dict) else {}
    return {}


def _resolved(document: dict[str, Any], schema: Any, deep: int = 1) -> Any:
    """A schema with its references followed, as deep as its page shows fields."""
    if isinstance(schema, list):
        return [_resolved(document, one, deep) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        found: Any = document
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            found = found[step]
        return _resolved(document, found, deep)
    if "allOf" in schema and len(schema["allOf"]) == 1:
        rest = {key: value for key, value in schema.items() if key != "allOf"}
        return {**_resolved(document, schema["allOf"][0], deep), **rest}
    if deep <= 0:
        return schema
    return {key: {name: _resolved(document, inner, deep - 1) for name, inner in value.items()}
            if key == "properties" and isinstance(value, dict)
            else _resolved(document, value, deep - 1) if key in ("items", "oneOf", "anyOf") else value
            for key, value in schema.items()}


def _example(part: dict[str, Any], schema: dict[str, Any]) -> str:
    """The example that the document gives, else one made of the fields' kinds."""
    for media in part.get("content", {}).values():
        for example in media.get("examples", {}).values():
            return json.dumps(example["value"], indent=2, ensure_ascii=False)
    made = _made(schema)
    return json.dumps(made, indent=2, ensure_ascii=False) if made not in (None, {}, "string") else ""


def _made(schema: Any, depth: int = 0) -> Any:
    if not isinstance(schema, dict) or depth > 4:
        return None
    if "example" in schema or "default" in schema:
        return schema.get("example", schema.get("default"))
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("properties"):
        return {name: _made(inner, depth + 1) for name, inner in schema["properties"].items()}
    named = schema.get("type")
    named = named[0] if isinstance(named, list) else named
    if named == "array":
        item = _made(schema.get("items"), depth + 1)
        return [] if item is None else [item]
    dated = {"date-time": "2026-01-31T12:00:00Z", "date": "2026-01-31"}
    return {"string": dated.get(schema.get("format", ""), "string"), "integer": 0, "number": 0.0, "boolean": True,
            "object": {}}.get(str(named))
