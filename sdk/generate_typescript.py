"""sdk/openapi.json → sdk/typescript/src/_generated/{types,resources}.ts. The output depends on the document alone."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
OUT = HERE / "typescript" / "src" / "_generated"
ROOT = "/api/v1/"
HEADER = "// Generated from sdk/openapi.json by sdk/generate_typescript.py. Do not edit.\n"
SCALARS = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
METHODS = ("get", "post", "put", "patch", "delete")
WRITTEN_GROUPS = {"analyzeImage", "classify"}  # one call each, which the client has as a method
WRITTEN = {"Prediction"}  # answers that src/prediction.ts knows better
OURS = ("idempotency-key", "prefer", "cursor", "format", "last-event-id")  # the runtime's own arguments
IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")


class Generator:
    """Both files of one document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.schemas: dict[str, Any] = document["components"]["schemas"]

    def types(self) -> str:
        """An interface for each object, an alias for the rest. An enumeration may grow, so it is text."""
        parts = [HEADER]
        for name, schema in sorted(self.schemas.items()):
            parts.append(comment(schema.get("description", ""), ""))
            if "properties" in schema:
                parts.append(f"export interface {name} {self.members(schema, '')}\n\n")
            else:
                parts.append(f"export type {name} = {self.type_of(schema)};\n\n")
        return "".join(parts).rstrip("\n") + "\n"

    def members(self, schema: dict[str, Any], pad: str) -> str:
        required, inner = schema.get("required", []), pad + "  "
        lines = []
        for name, kind in schema["properties"].items():
            lines.append(comment(kind.get("description", ""), inner))
            mark = "" if name in required else "?"
            lines.append(f"{inner}{key(name)}{mark}: {self.type_of(kind, inner)};\n")
        return "{\n" + "".join(lines) + pad + "}"

    def type_of(self, schema: Any, pad: str = "", prefix: str = "") -> str:
        """A schema as a type; `prefix` stands before the names of other files."""
        if not isinstance(schema, dict) or not schema:
            return "unknown"
        if "$ref" in schema:
            return prefix + str(schema["$ref"].rsplit("/", 1)[1])
        for word in ("oneOf", "anyOf", "allOf"):
            if word in schema:
                kinds = list(dict.fromkeys(self.type_of(one, pad, prefix) for one in schema[word]))
                return "unknown" if "unknown" in kinds else (" & " if word == "allOf" else " | ").join(kinds)
        kind = schema.get("type")
        if isinstance(kind, list):
            return " | ".join(dict.fromkeys(self.type_of({**schema, "type": one}, pad, prefix) for one in kind))
        if kind == "array":
            inner = self.type_of(schema.get("items"), pad, prefix)
            return f"({inner})[]" if " " in inner and not inner.startswith("{") else f"{inner}[]"
        if kind == "object":
            if "properties" in schema and not prefix:
                return self.members(schema, pad)
            values = schema.get("additionalProperties")
            return f"Record<string, {self.type_of(values, pad, prefix)}>"
        return SCALARS.get(kind or "", "unknown")

    def resources(self) -> str:
        """A class for each group of paths, and one that holds all of them."""
        groups: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
        for path, item in sorted(self.document["paths"].items()):
            name = camel(path.removeprefix(ROOT).split("/")[0]) if path.startswith(ROOT) else ""
            if name and name not in WRITTEN_GROUPS:
                groups.setdefault(name, []).extend((method, path, item[method]) for method in METHODS if method in item)
        parts = [HEADER, 'import type { Page, Options } from "../transport.js";\n'
                         'import { quote, Resource } from "../transport.js";\n'
                         'import { Prediction } from "../prediction.js";\nimport type * as t from "./types.js";\n']
        held = []
        for group, operations in sorted(groups.items()):
            taken: set[str] = set()
            body = []
            for method, path, raw in operations:
                text = self.method(group, method, path, raw, taken)
                if text:
                    body.append(text)
            if body:
                held.append(group)
                parts.append(f"\n/** `client.{group}` */\nexport class {upper(group)}Resource extends Resource {{\n"
                             + "\n".join(body) + "}\n")
        parts.append("\n/** Every group of operations. */\nexport class Resources extends Resource {\n" + "".join(
            f"  readonly {group} = new {upper(group)}Resource(this.transport);\n" for group in held) + "}\n")
        return "".join(parts)

    def method(self, group: str, method: str, path: str, raw: dict[str, Any], taken: set[str]) -> str:
        contents = self.resolve(raw.get("requestBody", {})).get("content", {})
        codes = sorted(raw["responses"].items())
        success = next((self.resolve(value) for status, value in codes if status[0] == "2"), {})
        answers = success.get("content", {})
        if (contents and "application/json" not in contents) or (answers and "application/json" not in answers):
            return ""  # files and streams: written by hand
        name = method_name(group, raw["operationId"])
        name = name if name not in taken else camel(raw["operationId"])
        taken.add(name)
        arguments, query, headers = [], [], []
        for parameter in map(self.resolve, [*self.document["paths"][path].get("parameters", []),
                                            *raw.get("parameters", [])]):
            where, called = parameter["in"], parameter["name"]
            if where == "path":
                arguments.append(f"{camel(called)}: {self.type_of(parameter.get('schema'), prefix='t.')}")
            elif called.lower() not in OURS and where == "query":
                query.append(f"{key(called)}{'' if parameter.get('required') else '?'}: "
                             f"{self.type_of(parameter.get('schema'), prefix='t.')}")
            elif called.lower() not in OURS and where == "header":
                headers.append(called)
        body = contents.get("application/json", {}).get("schema")
        required = bool(body) and bool(self.resolve(body).get("required"))
        if body:
            arguments.append(f"body: {self.type_of(body, prefix='t.')}" + ("" if required else " = {}"))
        if query:
            needed = any("?:" not in one for one in query)
            arguments.append(f"query: {{ {'; '.join(query)} }}" + ("" if needed else " = {}"))
        arguments.append("options: Options = {}")
        target = "`" + re.sub(r"\{(\w+)\}", lambda found: "${quote(" + camel(found[1]) + ")}", path) + "`"
        call = f'{{ method: "{method.upper()}", path: {target}' + (", query" if query else "") + (
            ", body" if body else "") + ", options }"
        said = raw.get("summary") or raw.get("description") or name
        if headers:
            said += f" Headers in `options.headers`: {', '.join(headers)}."
        kind, page = self.answer(answers)
        lines = comment(said.split("\n\n")[0], "  ")
        signature = f"  {name}({', '.join(arguments)})"
        if page:
            bound = ", (data) => new Prediction(data as t.Prediction, this.transport)"
            make = bound if kind == "Prediction" else ""
            return lines + f"{signature}: Page<{kind}> {{\n    return this.pages({call}{make});\n  }}\n"
        if kind == "Prediction":
            return lines + (f"  async {signature.strip()}: Promise<Prediction> {{\n    return new Prediction(await "
                            f"this.send<t.Prediction>({call}), this.transport);\n  }}\n")
        return lines + f"{signature}: Promise<{kind}> {{\n    return this.send({call});\n  }}\n"

    def answer(self, contents: dict[str, Any]) -> tuple[str, bool]:
        """The type of an answer, and whether it is a page of a list."""
        schema = contents.get("application/json", {}).get("schema")
        if schema is None:
            return "void", False
        members = self.resolve(schema).get("properties", {})
        page = {"data", "has_more"} <= members.keys()
        kind = self.type_of(members["data"].get("items") if page else schema, prefix="t.")
        return (kind.removeprefix("t.") if kind.removeprefix("t.") in WRITTEN else kind), page

    def resolve(self, value: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in value:
            target: Any = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            value = target
        return value


def comment(text: str, pad: str) -> str:
    line = " ".join(text.replace("*/", "* /").split())
    return f"{pad}/** {line} */\n" if line else ""


def key(name: str) -> str:
    return name if IDENTIFIER.fullmatch(name) else json.dumps(name)


def upper(name: str) -> str:
    return name[:1].upper() + name[1:]


def camel(text: str) -> str:
    first, *rest = [part for part in re.split(r"[^A-Za-z0-9]+", text) if part]
    return first[:1].lower() + first[1:] + "".join(upper(part) for part in rest)


def method_name(group: str, operation_id: str) -> str:
    """What follows the group's own name: `predictions_create` in `predictions` is `create`."""
    words = operation_id.split("_")
    for cut in range(len(words) - 1, 0, -1):
        if camel("_".join(words[:cut])) == group:
            return camel("_".join(words[cut:]))
    return camel(operation_id)


def files() -> dict[Path, str]:
    generator = Generator(json.loads((HERE / "openapi.json").read_text()))
    return {OUT / "types.ts": generator.types(), OUT / "resources.ts": generator.resources()}


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for path, text in files().items():
        path.write_text(text)
    sys.exit(0)
