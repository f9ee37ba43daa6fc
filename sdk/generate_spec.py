"""The machine-readable part of the specification, from what the product itself runs on: docs/spec/1.0/.

`openapi.json` (the part of sdk/openapi.json that the interface asks for), `inference.proto` (the messages that the gRPC
port reads and writes), `schemas/` (JSON Schemas of manifest, input kinds, outputs, problem, prediction, webhook event,
badge) and the list of checks in the text. `make openapi` writes them; a test regenerates and compares.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "sdk" / "conformance" / "src")]

from tessera_conformance import SPEC, checks  # noqa: E402
from tessera_conformance.registry import CHECKS  # noqa: E402
from tritonclient.grpc import service_pb2  # noqa: E402

from inference_backend.grpc import _STATUS as RPC  # noqa: E402  (the one table of them)
from kernel.problems import CODES  # noqa: E402
from model_registry.catalog_kit.outputs import OUTPUTS  # noqa: E402
from model_registry.manifest import Manifest  # noqa: E402
from model_registry.schemas import _KINDS as KINDS  # noqa: E402  (the one table of them)

SPECS = ROOT / "docs" / "spec"
TEXT = SPECS / "model-service-interface.md"
BASE = f"https://tessera.dev/spec/{SPEC}"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Operations of the interface; how models come in is registration.md's.
OPERATIONS = re.compile(
    r"get /api/v1/models(/\{model\}(/schema|/versions(/\{version\})?)?)?"
    r"|post /api/v1/models/\{model\}/predictions|(get|post) /api/v1/predictions(/.*)?"
    r"|\w+ /api/v1/(files|uploads|batches|webhook-secrets|webhook-deliveries)(/.*)?"
    r"|get /api/v1/(usage|pricing/estimate)|post /api/v1/(analyze-image|classify)")
METHODS = ("ServerLive", "ServerReady", "ServerMetadata", "ModelReady", "ModelMetadata", "ModelInfer",
           "ModelStreamInfer", "RepositoryIndex")
EVENTS = ("prediction.succeeded", "prediction.failed", "prediction.canceled")
_SCALARS = {getattr(FieldDescriptor, f"TYPE_{name}"): name.lower() for name in (
    "DOUBLE", "FLOAT", "INT64", "UINT64", "INT32", "BOOL", "STRING", "BYTES", "UINT32")}


def files() -> dict[Path, str]:
    """What must stand where."""
    document = json.loads((ROOT / "sdk" / "openapi.json").read_text())
    found = {Path(SPEC) / "openapi.json": pretty(interface(document)), Path(SPEC) / "inference.proto": proto()}
    for name, schema in schemas(document).items():
        found[Path(SPEC) / "schemas" / f"{name}.json"] = pretty(
            {"$schema": DIALECT, "$id": f"{BASE}/schemas/{name}.json", **schema})
    text = TEXT.read_text()
    for mark, part in (("codes", codes()), ("checks", listing())):
        begin, end = f"<!-- {mark}: written by sdk/generate_spec.py -->", f"<!-- /{mark} -->"
        before, _, rest = text.partition(begin)
        text = before + begin + "\n" + part + end + rest.partition(end)[2]
    found[Path(TEXT.name)] = text
    return found


def interface(document: dict[str, Any]) -> dict[str, Any]:
    """The operations of the interface, with the components that they need and no others."""
    paths: dict[str, Any] = {}
    for path, item in sorted(document["paths"].items()):
        for method, operation in item.items():
            if OPERATIONS.fullmatch(f"{method} {path}"):
                paths.setdefault(path, {})[method] = operation
    wanted: dict[str, set[str]] = {}
    _follow(paths, document, wanted)
    components = {kind: {name: document["components"][kind][name] for name in sorted(names)}
                  for kind, names in sorted(wanted.items())}
    components["securitySchemes"] = document["components"]["securitySchemes"]
    return {"openapi": document["openapi"],
            "info": {"title": "Model Service Interface", "version": SPEC,
                     "description": "See model-service-interface.md, which says what these operations promise."},
            "paths": paths, "components": components}


def _follow(value: Any, document: dict[str, Any], wanted: dict[str, set[str]]) -> None:
    if isinstance(value, list):
        for item in value:
            _follow(item, document, wanted)
    elif isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str):
            _, _, kind, name = reference.split("/")
            if name not in wanted.setdefault(kind, set()):
                wanted[kind].add(name)
                _follow(document["components"][kind][name], document, wanted)
        for inner in value.values():
            _follow(inner, document, wanted)


def schemas(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Each by its file's name."""
    manifest = Manifest.model_json_schema()
    prediction = component(document, "Prediction")
    problem = component(document, "Problem")
    problem["properties"]["code"] = {"type": "string", "examples": sorted(CODES)}
    text, number = {"type": "string"}, {"type": "integer", "minimum": 0}
    badge = {"conforms": {"type": "boolean"}, "complete": {"type": "boolean"}, "specification": text, "kit": text,
             "target": text, "issued_at": {**text, "format": "date-time"}, "checks": number, "passed": number,
             "failed": number, "skipped": number, "groups": {"type": "object"}, "not_passed": {"type": "object"},
             "results_sha256": {**text, "pattern": "^[0-9a-f]{64}$"}, "public_key": text, "signature": text,
             "object": {"const": "conformance_badge"}}
    return {
        "manifest": {**manifest, "title": "Manifest of a model"},
        "kinds": {"title": "Input kinds: how a value of each is written in JSON", "$defs": dict(sorted(KINDS.items()))},
        "outputs": {"title": "Outputs by name", "$defs": dict(sorted(OUTPUTS.items()))},
        "prediction": {"title": "Prediction", **prediction},
        "problem": {"title": "Problem", **problem},
        "webhook-event": {"title": "Webhook event", "type": "object", "required": ["type", "timestamp", "data"],
                          "properties": {"type": {**text, "examples": list(EVENTS)},
                                         "timestamp": {**text, "format": "date-time"},
                                         "data": {"$ref": "prediction.json"}}},
        "badge": {"title": "Conformance badge", "type": "object", "required": sorted(badge), "properties": badge},
    }


def component(document: dict[str, Any], name: str) -> dict[str, Any]:
    """A schema of the API description that stands by itself: what it refers to is under its $defs."""
    wanted: dict[str, set[str]] = {}
    schema = document["components"]["schemas"][name]
    _follow(schema, document, wanted)
    others = {other: document["components"]["schemas"][other] for other in sorted(wanted.get("schemas", ()))}
    whole = {**schema, **({"$defs": others} if others else {})}
    text: dict[str, Any] = json.loads(json.dumps(whole).replace("#/components/schemas/", "#/$defs/"))
    return text


def proto() -> str:
    """The service and its messages as a .proto file: field names and numbers of what the gRPC port reads and writes."""
    service = service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]
    wanted: dict[str, Descriptor] = {}
    lines = []
    for name in METHODS:
        method = service.methods_by_name[name]
        stream = "stream " if name == "ModelStreamInfer" else ""
        lines.append(f"  rpc {name}({stream}{method.input_type.name}) returns ({stream}{method.output_type.name});")
        for message in (method.input_type, method.output_type):
            _messages(message, wanted)
    return "\n".join([
        f"// Model Service Interface {SPEC}: the Open Inference Protocol over gRPC. Written by sdk/generate_spec.py.",
        "// grpc.health.v1.Health stands beside it. Any other method is answered PERMISSION_DENIED or UNIMPLEMENTED.",
        'syntax = "proto3";', "", "package inference;", "", "service GRPCInferenceService {", *lines, "}", "",
        *(line for name in sorted(wanted) for line in [*_message(wanted[name], ""), ""])])


def _messages(message: Descriptor, wanted: dict[str, Descriptor]) -> None:
    if message.containing_type is None:
        if message.name in wanted:
            return
        wanted[message.name] = message
    for field in message.fields:
        if field.message_type is not None:
            _messages(field.message_type, wanted)
    for inner in message.nested_types:
        _messages(inner, wanted)


def _message(message: Descriptor, pad: str) -> list[str]:
    lines = [f"{pad}message {message.name} {{"]
    for inner in message.nested_types:
        if not inner.GetOptions().map_entry:
            lines += _message(inner, pad + "  ")
    told: set[str] = set()
    for field in message.fields:
        choice = field.containing_oneof
        if choice is None:
            lines.append(f"{pad}  {_field(field)}")
        elif choice.name not in told:
            told.add(choice.name)
            inner_fields = [f"{pad}    {_field(one)}" for one in choice.fields]
            lines += [f"{pad}  oneof {choice.name} {{", *inner_fields, f"{pad}  }}"]
    return [*lines, f"{pad}}}"]


def _field(field: FieldDescriptor) -> str:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        key, value = (message.fields_by_name[name] for name in ("key", "value"))
        return f"map<{_kind(key)}, {_kind(value)}> {field.name} = {field.number};"
    repeated = "repeated " if field.label == FieldDescriptor.LABEL_REPEATED else ""
    return f"{repeated}{_kind(field)} {field.name} = {field.number};"


def _kind(field: FieldDescriptor) -> str:
    return str(field.message_type.name) if field.message_type is not None else _SCALARS[field.type]


def codes() -> str:
    """The table of failures, from the one that all dialects share."""
    by_status: dict[int, list[str]] = {}
    for code, (status, _, again) in CODES.items():
        by_status.setdefault(status, []).append(code + "\\*" * again)
    rows = [f"| {status} | {RPC.get(status, '')} | {', '.join(names)} |" for status, names in sorted(by_status.items())]
    return "\n".join(["", "| HTTP | gRPC | codes |", "|---|---|---|", *rows, "", ""])


def listing() -> str:
    """Every check with its section and its promise."""
    assert checks
    return "".join(f"- `{one.name}` ({one.section}): {one.promise}\n" for one in CHECKS.values())


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path, text in files().items():
        (SPECS / path).parent.mkdir(parents=True, exist_ok=True)
        (SPECS / path).write_text(text)
