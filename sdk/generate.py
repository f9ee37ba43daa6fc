"""sdk/openapi.json → sdk/python/src/tessera/_generated/{models,resources}.py; the catalogue's outputs → results.py.

Models come from datamodel-code-generator; the resources (one class per group of paths, blocking and asynchronous) from
the generator below. The output depends on the document and on the catalogue's output schemas
alone, so that CI can regenerate and compare.
"""

from __future__ import annotations

import json
import keyword
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
OUT = HERE / "python" / "src" / "tessera" / "_generated"
ROOT = "/api/v1/"
HEADER = '"""Generated from sdk/openapi.json by sdk/generate.py. Do not edit."""'
# Answers that the hand-written runtime knows better: schema → (blocking, asynchronous) class.
WRITTEN = {"Prediction": ("Prediction[Any]", "AsyncPrediction[Any]")}
WRITTEN_GROUPS = {"analyze_image", "classify"}  # one call each, which the clients have as a method
SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
VERBS = ("create", "retrieve", "list", "update", "partial_update", "destroy")


@dataclass(frozen=True)
class Operation:
    """One operation of the document, as a method."""

    name: str
    method: str
    path: str
    raw: dict[str, Any]


class Generator:
    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.used: set[str] = set()

    def groups(self) -> dict[str, list[Operation]]:
        """Operations by the first part of their path below the root. Only JSON bodies become methods."""
        found: dict[str, list[Operation]] = defaultdict(list)
        for path, item in sorted(self.document["paths"].items()):
            group = _snake(path.removeprefix(ROOT).split("/")[0]) if path.startswith(ROOT) else ""
            if not group or "{" in group or group in WRITTEN_GROUPS:
                continue
            for method, raw in item.items():
                if method in ("get", "post", "put", "patch", "delete"):
                    taken = {operation.name for operation in found[group]}
                    name = _method_name(group, raw["operationId"])
                    found[group].append(Operation(name if name not in taken else _snake(raw["operationId"]), method,
                                                  path, raw))
        return dict(sorted(found.items()))

    def resources(self) -> str:
        groups = self.groups()
        body = []
        for group, operations in groups.items():
            for prefix in ("", "Async"):
                body.append(f"\n\nclass {prefix}{_camel(group)}Resource({prefix}Resource):\n"
                            f'    """`client.{group}`"""\n')
                methods = [self.method(operation, prefix) for operation in operations]
                body += [text for text in methods if text]
        for prefix in ("", "Async"):
            lines = "".join(f"        self.{group} = {prefix}{_camel(group)}Resource(transport)\n" for group in groups)
            body.append(f'\n\nclass {prefix}Resources:\n    """Every group of operations."""\n\n'
                        f"    def __init__(self, transport: {prefix}Sender) -> None:\n{lines}")
        written = sorted({name.split("[")[0] for pair in WRITTEN.values() for name in pair})
        return "\n".join([
            HEADER, "", "from __future__ import annotations", "", "import builtins",
            "from collections.abc import AsyncIterator, Iterator", "from typing import TYPE_CHECKING, Any", "",
            "from tessera._base import (OMIT, AsyncPaginator, AsyncResource, AsyncSender, Call, FilePart,",
            "                           LazyModule, Omit, Paginator, Resource, Sender, quote)",
            "from tessera.events import Event",
            f"from tessera.prediction import {', '.join(written)}", "",
            "if TYPE_CHECKING:", "    from tessera._generated import models as m", "else:",
            '    m = LazyModule("tessera._generated.models")', "",
        ]) + "".join(body)

    def method(self, operation: Operation, prefix: str) -> str:
        """The text of one method."""
        raw = operation.raw
        item = self.document["paths"][operation.path]
        parameters = [self.resolve(p) for p in [*item.get("parameters", []), *raw.get("parameters", [])]]
        contents = self.resolve(raw.get("requestBody", {})).get("content", {})
        sent = next((kind for kind in ("application/json", "multipart/form-data") if kind in contents), None)
        arguments, optional, query, headers, body = [], [], [], [], []
        for parameter in parameters:
            name, where = parameter["name"], parameter["in"]
            if where == "path":
                arguments.append(f"{_snake(name)}: {self.type_of(parameter.get('schema', {}))}")
            elif where == "query" and name not in ("cursor", "format"):
                optional.append(f"{_snake(name)}: {self.type_of(parameter.get('schema', {}))} | Omit = OMIT")
                query.append(f'"{name}": {_snake(name)}')
            elif where == "header" and name.lower() not in ("idempotency-key", "prefer"):
                optional.append(f"{_snake(name)}: str | None = None")
                headers.append((name, _snake(name)))
        required = []
        schema = self.resolve(contents[sent]["schema"]) if sent else {}
        for name, inner in schema.get("properties", {}).items():
            kind = "FilePart" if inner.get("format") == "binary" else self.type_of(inner)
            if name in schema.get("required", []):
                required.append(f"{_snake(name)}: {kind}")
            else:
                optional.append(f"{_snake(name)}: {kind} | Omit = OMIT")
            body.append(f'"{name}": {_snake(name)}')
        if operation.method == "post":
            optional.append("idempotency_key: str | None = None")
        kind, page = self.answer(raw, prefix)
        target = "/".join("{quote(" + _snake(part[1:-1]) + ")}" if part.startswith("{") else part
                          for part in operation.path.split("/"))
        call = [f'"{operation.method.upper()}"', ('f"' if "{" in target else '"') + target + '"']
        if query:
            call.append("query={" + ", ".join(query) + "}")
        if body:
            call.append(("json={" if sent == "application/json" else "form={") + ", ".join(body) + "}")
        if contents and not sent:
            required.append("content: bytes")
            call.append("content=content")
            headers.append(("Content-Type", f'"{next(iter(contents))}"'))
        if headers:
            call.append("headers={name: value for name, value in ("
                        + ", ".join(f'("{name}", {variable})' for name, variable in headers)
                        + ",) if value is not None}")
        if operation.method == "post":
            call.append("idempotency_key=idempotency_key")
        keywords = [*required, *optional]
        signature = ", ".join(["self", *arguments, *(["*", *keywords] if keywords else [])])
        summary = (raw.get("summary") or raw.get("description") or operation.name).strip().split("\n")[0]
        summary = summary.replace("\\", "").replace('"', "'").rstrip(".")
        line = f"Call({', '.join(call)})"
        bare = kind.removesuffix("[Any]")
        if kind == "Event":
            return (f"\n    def {operation.name}({signature}) -> {prefix}Iterator[Event]:\n"
                    f'        """{summary}."""\n        return self._events({line})\n')
        if page:
            return (f"\n    def {operation.name}({signature}) -> {prefix}Paginator[{kind}]:\n"
                    f'        """{summary}."""\n        return self._pages({bare}, {line})\n')
        waits, awaits = ("async ", "await ") if prefix else ("", "")
        if kind == "bytes":
            return (f"\n    {waits}def {operation.name}({signature}) -> bytes:\n"
                    f'        """{summary}."""\n        return {awaits}self._bytes({line})\n')
        return (f"\n    {waits}def {operation.name}({signature}) -> {kind}:\n        \"\"\"{summary}.\"\"\"\n"
                f"        answer: {kind} = {awaits}self._call({bare}, {line})\n"
                "        return answer\n"
                if kind != "None" else
                f"\n    {waits}def {operation.name}({signature}) -> None:\n        \"\"\"{summary}.\"\"\"\n"
                f"        {awaits}self._call(type(None), {line})\n")

    def answer(self, raw: dict[str, Any], prefix: str) -> tuple[str, bool]:
        """The type of the successful answer, and whether it is a page of a list."""
        success = next((self.resolve(value) for code, value in sorted(raw["responses"].items()) if code[0] == "2"), {})
        if "text/event-stream" in success.get("content", {}):
            return "Event", False
        schema = success.get("content", {}).get("application/json", {}).get("schema")
        if schema is None:
            return ("bytes" if success.get("content") else "None"), False
        full = self.resolve(schema)
        properties = full.get("properties", {})
        if {"data", "has_more"} <= properties.keys():
            return self.type_of(properties["data"].get("items", {}), prefix), True
        return self.type_of(schema, prefix), False

    def type_of(self, schema: dict[str, Any], prefix: str | None = None) -> str:
        """A schema as a type: an answer's where a prefix is given, else an argument's."""
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            inner = self.document["components"]["schemas"][name]
            if prefix is not None and name in WRITTEN:
                return WRITTEN[name][1 if prefix else 0]
            if prefix is not None and inner.get("type") == "object" and "properties" in inner:
                return f"m.{name}"
            return self.type_of(inner, prefix) if "properties" not in inner else "builtins.dict[str, Any]"
        for key in ("allOf", "oneOf", "anyOf"):
            if len(schema.get(key, [])) == 1:
                return self.type_of(schema[key][0], prefix)
        kind = schema.get("type")
        if isinstance(kind, list):
            rest = [self.type_of({**schema, "type": one}, prefix) for one in kind if one != "null"]
            return " | ".join([*dict.fromkeys(rest), *(["None"] if "null" in kind else [])])
        if kind == "array":
            return f"builtins.list[{self.type_of(schema.get('items', {}), prefix)}]"
        if kind == "object":
            return "builtins.dict[str, Any]"
        return SCALARS.get(kind or "", "Any")

    def resolve(self, value: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in value:
            target: Any = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            value = target
        return value


class Results:
    """The outputs of capabilities as classes: types for the checker and the editor; at run time each is a Record, so
    that a field which is newer than the package is there too, and nothing is copied or checked twice."""

    def __init__(self, outputs: dict[str, dict[str, Any]], tasks: dict[str, str]) -> None:
        self.outputs, self.tasks = outputs, tasks
        self.classes: dict[str, str] = {}  # name → body, inner ones first

    def text(self) -> str:
        """The module: a class for each output and each object in it, and which task has which."""
        for name, schema in sorted(self.outputs.items()):
            self.class_of(_camel(name), schema)
        by_name = "".join(f'    "{name}": {_camel(name)},\n' for name in sorted(self.outputs))
        by_task = "".join(f'    "{task}": {_camel(output)},\n' for task, output in sorted(self.tasks.items()))
        return "\n".join([
            '"""The outputs of capabilities as types: `client.models.get("face-detect", results.Boxes)`.\n',
            "Generated from the catalogue's output schemas by sdk/generate.py. Do not edit.", '"""', "",
            "from __future__ import annotations", "", "from typing import Any", "", "from tessera.record import Record",
            "", *self.classes.values(), f"BY_OUTPUT: dict[str, type[Record]] = {{\n{by_name}}}",
            f"BY_TASK: dict[str, type[Record]] = {{\n{by_task}}}", ""])

    def class_of(self, name: str, schema: dict[str, Any]) -> str:
        """Writes the class and returns its name, which has an underscore more where another class took it."""
        lines = []
        for field, inner in schema.get("properties", {}).items():
            if not field.isidentifier() or keyword.iskeyword(field) or hasattr(dict, field):
                continue  # read as output["…"]
            optional = field not in schema.get("required", [])
            lines.append(f"    {field}: {self.type_of(_camel(_singular(field)), inner)}"
                         + ("  # where the model gives one" if optional else ""))
        body = "\n".join(lines) or "    pass"
        while self.classes.get(name, "").split(":\n", 1)[-1].strip("\n") not in ("", body.strip("\n")):
            name += "_"
        self.classes[name] = f"\nclass {name}(Record):\n{body}\n"
        return name

    def type_of(self, name: str, schema: dict[str, Any]) -> str:
        """A schema as an annotation."""
        for key in ("anyOf", "oneOf"):
            if key in schema:
                kinds = {one.get("type") for one in schema[key]}
                return "str" if "string" in kinds and "object" in kinds else "Any"  # media: a data: URL in an answer
        kind = schema.get("type")
        if isinstance(kind, list):
            rest = [self.type_of(name, {**schema, "type": one}) for one in kind if one != "null"]
            return " | ".join([*dict.fromkeys(rest), *(["None"] if "null" in kind else [])])
        if kind == "array":
            return f"list[{self.type_of(name, schema.get('items', {}))}]"
        if kind == "object":
            return self.class_of(name, schema) if "properties" in schema else "Record"
        return SCALARS.get(kind or "", "Any")


def _singular(word: str) -> str:
    return {"boxes": "box", "codes": "code"}.get(word, word.removesuffix("s"))


def tolerant(document: dict[str, Any]) -> dict[str, Any]:
    """The schemas as a client should read them: an enumeration may grow, so it is text."""
    schemas = json.loads(json.dumps(document.get("components", {}).get("schemas", {})))

    def relax(value: Any) -> None:
        if isinstance(value, dict):
            if not isinstance(value.get("default"), dict):  # else it is a property of that name
                value.pop("default", None)
            if value.get("type") == "string":
                value.pop("enum", None)
                value.pop("pattern", None)
                value.pop("maxLength", None)
                value.pop("minLength", None)
            for inner in value.values():
                relax(inner)
        elif isinstance(value, list):
            for inner in value:
                relax(inner)

    relax(schemas)
    return {"openapi": document["openapi"], "info": document["info"], "paths": {}, "components": {"schemas": schemas}}


def _snake(text: str) -> str:
    name = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", text)).strip("_").lower()
    return f"{name}_" if keyword.iskeyword(name) else name


def _camel(text: str) -> str:
    return "".join(part.capitalize() for part in text.split("_"))


def _method_name(group: str, operation_id: str) -> str:
    """``predictions_list`` in group predictions → ``list``; ``api_keys_rotate_create`` → ``rotate``."""
    name = _snake(operation_id).removeprefix("api_v1_").removeprefix(f"{group}_")
    for verb in VERBS:
        if name.endswith(f"_{verb}") and verb == "create":
            name = name.removesuffix(f"_{verb}")
    return f"{name}_" if keyword.iskeyword(name) else name


def main(out: Path = OUT) -> None:
    """Writes both files to `out`, formatted."""
    document = json.loads((HERE / "openapi.json").read_text())
    out.mkdir(parents=True, exist_ok=True)
    (out / "__init__.py").write_text(f"{HEADER}\n")
    tools = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "openapi.json"
        source.write_text(json.dumps(tolerant(document)))
        subprocess.run([
            tools / "datamodel-codegen", "--input", source, "--input-file-type", "openapi", "--output",
            out / "models.py", "--output-model-type", "pydantic_v2.BaseModel", "--target-python-version", "3.11",
            "--use-annotated", "--use-union-operator", "--use-standard-collections", "--use-double-quotes",
            "--disable-timestamp",
            "--snake-case-field", "--base-class", "tessera._base.APIModel", "--openapi-scopes", "schemas",
            "--collapse-root-models", "--disable-warnings", "--custom-file-header", HEADER,
        ], check=True)
    (out / "resources.py").write_text(Generator(document).resources())
    sys.path.insert(0, str(HERE.parent))
    from model_registry.catalog_kit.outputs import OUTPUTS
    from model_registry.catalog_kit.tasks import TASKS

    (out / "results.py").write_text(Results(OUTPUTS, {name: task.renderer for name, task in TASKS.items()}).text())
    rules: list[str | Path] = [tools / "ruff", "check", "--isolated", "--quiet", "--select", "I,F401", "--fix",
                               "--config", "lint.isort.known-first-party = ['tessera']", out]
    subprocess.run(rules, check=True)
    subprocess.run([tools / "ruff", "format", "--isolated", "--quiet", "--line-length", "120", out], check=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
