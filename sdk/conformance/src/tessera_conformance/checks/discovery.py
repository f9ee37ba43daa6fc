"""Section 3: what is there, what it takes, what it gives."""

from __future__ import annotations

from urllib.parse import quote

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from tessera_conformance.registry import check, member, need, same
from tessera_conformance.target import Target


@check("discovery.live", "3.1")
def live(t: Target) -> None:
    """GET /v2/health/live needs no key and answers 200 with a JSON body."""
    need(isinstance(t.document("GET", "/v2/health/live", key=""), dict), "the body is no JSON object")


@check("discovery.ready", "3.1")
def ready(t: Target) -> None:
    """GET /v2/health/ready needs no key and answers 200 with a JSON body when calls can be served."""
    need(isinstance(t.document("GET", "/v2/health/ready", key=""), dict), "the body is no JSON object")


@check("discovery.server", "3.2")
def server(t: Target) -> None:
    """GET /v2 names the server, its version, and binary_tensor_data among its extensions."""
    found = t.document("GET", "/v2")
    member(found, "name", str)
    member(found, "version", str)
    need("binary_tensor_data" in member(found, "extensions", list), f"extensions are {found['extensions']}")


@check("discovery.trailing-slash", "3.2")
def trailing_slash(t: Target) -> None:
    """A path of /v2 means the same with and without a trailing slash."""
    found = t.document("GET", "/v2/")
    member(found, "name", str)
    same(found, t.document("GET", "/v2"), "GET /v2/")


@check("discovery.metadata", "3.2")
def metadata(t: Target) -> None:
    """GET /v2/models/{model} gives name, versions, platform, and name, datatype, shape of every tensor."""
    found = t.tensor_model[0]
    member(found, "platform", str)
    versions = member(found, "versions", list)
    need(versions and all(isinstance(one, str) and one.isdigit() for one in versions), f"versions are {versions}")
    for tensor in member(found, "inputs", list) + member(found, "outputs", list):
        member(tensor, "name", str)
        member(tensor, "datatype", str)
        need(all(isinstance(size, int) for size in member(tensor, "shape", list)), f"shape is {tensor['shape']}")


@check("discovery.version-metadata", "3.2")
def version_metadata(t: Target) -> None:
    """GET /v2/models/{model}/versions/{version} describes that version with the same signature."""
    found = t.tensor_model[0]
    one = t.document("GET", f"/v2/models/{quote(t.tensor_name)}/versions/{found['versions'][0]}")
    same(one["inputs"], found["inputs"], "inputs of the version")
    same(one["versions"], found["versions"][:1], "versions of the version")


@check("discovery.model-ready", "3.2")
def model_ready(t: Target) -> None:
    """GET /v2/models/{model}/ready answers 200 with a JSON body for a model that can be called."""
    found = t.document("GET", f"/v2/models/{quote(t.tensor_name)}/ready")
    same(member(found, "ready", bool), True, "`ready`")


@check("discovery.config", "3.2")
def config(t: Target) -> None:
    """GET /v2/models/{model}/config gives the tensors as the metadata has them."""
    found = t.document("GET", f"/v2/models/{quote(t.tensor_name)}/config")
    names = [one["name"] for one in member(found, "input", list)]
    same(names, [one["name"] for one in t.tensor_model[0]["inputs"]], "the inputs of the configuration")


@check("discovery.index", "3.2")
def index(t: Target) -> None:
    """POST /v2/repository/index lists the models that the key may call, and only with a key."""
    rows = t.document("POST", "/v2/repository/index", body={})
    need(t.tensor_name in {member(row, "name", str) for row in rows}, f"{t.tensor_name} is not in the index")
    need(all(isinstance(row.get("version"), str) and isinstance(row.get("state"), str) for row in rows),
         "an entry lacks `version` or `state`")
    need(t.call("POST", "/v2/repository/index", body={}, key="").status_code == 401, "the index needs no key")


@check("discovery.catalogue", "3.3")
def catalogue(t: Target) -> None:
    """GET /api/v1/models lists models with name, title, task, license and price."""
    rows = member(t.document("GET", "/api/v1/models", params={"limit": 5}), "data", list)
    need(rows, "the list is empty")
    for row in rows:
        for name in ("name", "title", "summary", "task", "license_code", "license_weights"):
            member(row, name, str)
        price = member(row, "price", dict)
        need({"unit", "amount", "currency"} <= price.keys(), f"the price is {price}")
        need(isinstance(price["amount"], str), "`amount` must be decimal text, never a float")


@check("discovery.public", "3.3")
def public(t: Target) -> None:
    """The catalogue can be read without a key."""
    member(t.document("GET", "/api/v1/models", params={"limit": 1}, key=""), "data", list)


@check("discovery.filter", "3.3")
def by_task(t: Target) -> None:
    """?task=… lists models of that task and no others."""
    task = t.text_model["task"]
    rows = t.document("GET", "/api/v1/models", params={"task": task, "limit": 100})["data"]
    same({row["task"] for row in rows}, {task}, "the tasks that are listed")
    need(t.text_name in {row["name"] for row in rows}, f"{t.text_name} is not listed")


@check("discovery.detail", "3.3")
def detail(t: Target) -> None:
    """GET /api/v1/models/{model} adds the manifest and a stored example of input and output."""
    need(member(t.text_model, "manifest", dict).get("name") == t.text_name, "the manifest names another model")
    example = member(t.text_model, "example", dict)
    need({"input", "output"} <= example.keys(), f"the example has {sorted(example)}")


@check("discovery.schema", "3.4")
def schema(t: Target) -> None:
    """GET /api/v1/models/{model}/schema gives JSON Schemas of input, parameters and output, which the example fits."""
    found = t.document("GET", f"/api/v1/models/{quote(t.text_name)}/schema")
    for part in ("input", "parameters", "output"):
        try:
            Draft202012Validator.check_schema(member(found, part, dict))
        except SchemaError as error:
            need(False, f"`{part}` is no JSON Schema: {error.message}")
    fault = next(Draft202012Validator(found["input"]).iter_errors(t.text_input), None)
    need(fault is None, f"the example's input: {fault and fault.message}")


@check("discovery.versions", "3.5")
def versions(t: Target) -> None:
    """GET /api/v1/models/{model}/versions lists integer versions with label, state and digest."""
    rows = t.document("GET", f"/api/v1/models/{quote(t.text_name)}/versions")["data"]
    need(rows, "there is no version")
    for row in rows:
        member(row, "version", int)
        member(row, "label", str)
        member(row, "version_state", str)
        need(len(member(row, "digest", str)) >= 32, "the digest is too short to be one")


@check("discovery.openapi", "3.6")
def openapi(t: Target) -> None:
    """/.well-known/openapi.json is an OpenAPI 3.1 document with the prediction call in it."""
    found = t.document("GET", "/.well-known/openapi.json", key="")
    need(str(found.get("openapi", "")).startswith("3.1"), f"`openapi` is {found.get('openapi')!r}")
    need("/api/v1/models/{model}/predictions" in found["paths"], "it lacks the prediction call")
