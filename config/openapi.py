"""What drf-spectacular can't see: the problems that any operation may answer, and the two ways to authenticate."""

from __future__ import annotations

from typing import Any

from kernel import outcomes
from kernel.problems import CODES

COMMON_STATUSES = (400, 401, 403, 405, 429, 500, 503)
WITH_BODY = (409, 413, 415, 422)
OF_MODELS = (402, 502, 504)  # what only a model's run can end with
IDEMPOTENCY = {"in": "header", "name": "Idempotency-Key", "schema": {"type": "string"},
               "description": "at most 255 characters; a repeat within a day gets the first answer"}
PROBLEM = "application/problem+json"
DESCRIPTION = f"""Call any model of the catalogue, in your own words: predictions, files, batches, jobs.

## Who pays for what

{outcomes.as_markdown()}
"""


def add_common_errors(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Adds the Problem schema, and the common failures to each operation under /api/v1."""
    result["info"]["description"] = DESCRIPTION
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _problem_schema()
    components["securitySchemes"] = {
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "bearer": {"type": "http", "scheme": "bearer"},
    }
    for path, item in result["paths"].items():
        for method, operation in item.items():
            if not isinstance(operation, dict) or "responses" not in operation:
                continue
            if operation.get("security") != [{}]:
                operation["security"] = [{"apiKey": []}, {"bearer": []}]
                if method == "post":
                    _add_parameter(operation, IDEMPOTENCY)
            responses = operation["responses"]
            for status in _statuses(method, path, operation):
                responses[str(status)] = _problem_response(status)
            for response in responses.values():  # a view may name one with words of its own
                if PROBLEM in response.get("content", {}):
                    response["content"][PROBLEM] = {"schema": {"$ref": "#/components/schemas/Problem"}}
            operation["responses"] = dict(sorted(responses.items()))
    for schema in components["schemas"].values():
        for name, member in schema.get("properties", {}).items():
            if {} in member.get("oneOf", ()):  # anything, or null, which is anything too: two of "one of"
                schema["properties"][name] = {key: value for key, value in member.items() if key != "oneOf"}
    return result


def _add_parameter(operation: dict[str, Any], parameter: dict[str, Any]) -> None:
    known = operation.setdefault("parameters", [])
    if all(each["name"] != parameter["name"] for each in known):
        operation["parameters"] = sorted([*known, dict(parameter)], key=lambda each: str(each["name"]))


def _statuses(method: str, path: str, operation: dict[str, Any]) -> list[int]:
    """The failures that an operation may answer."""
    found = [*COMMON_STATUSES]
    if method != "get":
        found.append(409)  # a state that forbids it
    asked = [each for each in operation.get("parameters", ()) if each["in"] == "query"]
    if method == "post" or any("format" in each["schema"] for each in asked):
        found.append(422)  # an Idempotency-Key that another body had; a moment that is none
    if "{" in path or any(each["name"] == "model" and each.get("required") for each in asked):
        found.append(404)
    if "requestBody" in operation:
        found += WITH_BODY
    if path.endswith(("/predictions", "/classify", "/analyze-image")) and "requestBody" in operation:
        found += OF_MODELS
    return found


def _problem_response(status: int) -> dict[str, Any]:
    codes = ", ".join(code for code, (own, _, _) in CODES.items() if own == status)
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": f"A problem: {codes}", "content": content}


def _problem_schema() -> dict[str, Any]:
    text = {"type": "string"}
    fault = {
        "type": "object", "required": ["pointer", "detail", "code"],
        "properties": {"pointer": text, "detail": text, "code": text},
    }
    return {
        "type": "object", "description": "A failure that a caller can act on (RFC 9457).",
        "required": ["type", "title", "status", "code", "detail", "request_id", "retryable", "errors"],
        "properties": {
            "type": text, "title": text, "status": {"type": "integer"},
            "code": {"type": "string", "description": "One of: " + ", ".join(sorted(CODES)) + "."},
            "detail": text, "request_id": text, "retryable": {"type": "boolean"},
            "errors": {"type": "array", "items": fault},
        },
    }
