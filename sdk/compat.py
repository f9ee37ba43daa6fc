"""What in an OpenAPI document would break a client that was made from an older one.

`python sdk/compat.py` compares sdk/openapi.json with sdk/openapi.released.json, prints what breaks and ends with 1
where something does; `--release` makes the present document the released one. Growth is no break: new operations, new
optional arguments, new members of answers, new words in an answer's enumeration.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CURRENT, RELEASED = HERE / "openapi.json", HERE / "openapi.released.json"
METHODS = ("get", "post", "put", "patch", "delete")
Json = dict[str, Any]


def breaking(old: Json, new: Json) -> list[str]:
    """Every break, a line each: where, and what."""
    return _Comparison(old, new).run()


class _Comparison:
    def __init__(self, old: Json, new: Json) -> None:
        self.old, self.new = old, new
        self.found: list[str] = []
        self._seen: set[tuple[str, str, bool]] = set()

    def run(self) -> list[str]:
        for path, item in self.old["paths"].items():
            for method in (name for name in METHODS if name in item):
                where = f"{method.upper()} {path}"
                fresh = self.new["paths"].get(path, {}).get(method)
                if fresh is None:
                    self.found.append(f"{where}: is gone")
                else:
                    self.operation(where, item[method], fresh)
        return self.found

    def operation(self, where: str, old: Json, new: Json) -> None:
        if old.get("operationId") != new.get("operationId"):
            self.found.append(f"{where}: is now called {new.get('operationId')}, which renames a method of every SDK")
        self.parameters(where, old, new)
        self.bodies(where, old, new)
        for code in (code for code in old.get("responses", {}) if code.startswith("2")):
            fresh = new.get("responses", {}).get(code)
            if fresh is None:
                self.found.append(f"{where}: does not answer {code} any more")
                continue
            for kind, content in _at(self.old, old["responses"][code]).get("content", {}).items():
                served = _at(self.new, fresh).get("content", {})
                if kind not in served:
                    self.found.append(f"{where} → {code}: is not {kind} any more")
                else:
                    self.schema(f"{where} → {code}", content.get("schema", {}), served[kind].get("schema", {}), True)

    def parameters(self, where: str, old: Json, new: Json) -> None:
        before, after = ({(p["in"], p["name"]): p for p in (_at(document, raw) for raw in operation.get(
            "parameters", []))} for document, operation in ((self.old, old), (self.new, new)))
        for key, parameter in before.items():
            if key not in after:
                self.found.append(f"{where}: does not take {key[1]} any more")
            else:
                self.schema(f"{where} {key[1]}", parameter.get("schema", {}), after[key].get("schema", {}), False)
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                self.found.append(f"{where}: needs {key[1]} now")

    def bodies(self, where: str, old: Json, new: Json) -> None:
        before, after = _at(self.old, old.get("requestBody", {})), _at(self.new, new.get("requestBody", {}))
        if after.get("required") and not before.get("required"):
            self.found.append(f"{where}: needs a body now")
        for kind, content in before.get("content", {}).items():
            if kind not in after.get("content", {}):
                self.found.append(f"{where}: does not take {kind} any more")
            else:
                self.schema(f"{where} ←", content.get("schema", {}), after["content"][kind].get("schema", {}), False)

    def schema(self, where: str, old: Json, new: Json, answer: bool) -> None:
        """`answer`: the server writes it and the client reads it; else the other way round."""
        names = (old.get("$ref", ""), new.get("$ref", ""))
        if names[0] and (*names, answer) in self._seen:
            return
        self._seen.add((*names, answer))
        old, new = _whole(self.old, old), _whole(self.new, new)
        kinds, fresh = _kinds(old), _kinds(new)
        lost = (fresh - kinds) if answer else (kinds - fresh)
        if kinds and fresh and lost:
            self.found.append(f"{where}: was {'|'.join(sorted(kinds))} and is {'|'.join(sorted(fresh))}")
            return
        if not answer and "enum" in new:
            gone = set(map(str, old.get("enum", []))) - set(map(str, new["enum"]))
            if gone or "enum" not in old:
                self.found.append(f"{where}: does not take {', '.join(sorted(gone)) or 'every value'} any more")
        self.members(where, old, new, answer)
        for inner in ("items", "additionalProperties"):
            if isinstance(old.get(inner), dict) and isinstance(new.get(inner), dict):
                self.schema(f"{where}[]", old[inner], new[inner], answer)

    def members(self, where: str, old: Json, new: Json, answer: bool) -> None:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, inner in before.items():
            if name in after:
                self.schema(f"{where}.{name}", inner, after[name], answer)
            elif new.get("properties") is not None or answer:
                self.found.append(f"{where}.{name}: is gone")
        was, must = set(old.get("required", [])), set(new.get("required", []))
        if answer:
            self.found += [f"{where}.{name}: may be missing now" for name in sorted((was - must) & after.keys())]
        else:
            self.found += [f"{where}.{name}: is needed now" for name in sorted(must - was)]


def _at(document: Json, value: Json) -> Json:
    while "$ref" in value:
        target: Any = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        value = target
    return value


def _whole(document: Json, schema: Json) -> Json:
    """Without references, and without an allOf/oneOf of one; a nullable of one is that one or null."""
    schema = _at(document, schema)
    for key in ("allOf", "oneOf", "anyOf"):
        parts = schema.get(key, [])
        real = [part for part in parts if part.get("type") != "null"]
        if len(real) == 1:
            inner = _whole(document, real[0])
            kinds = _kinds(inner) | ({"null"} if len(parts) > 1 else set())
            return {**inner, "type": sorted(kinds)} if kinds - {"null"} else {}
    return schema


def _kinds(schema: Json) -> set[str]:
    kind = schema.get("type", [])
    return {kind} if isinstance(kind, str) else set(kind)


def main(arguments: list[str]) -> int:
    """0 where nothing breaks."""
    if arguments == ["--release"]:
        RELEASED.write_bytes(CURRENT.read_bytes())
        return 0
    found = breaking(json.loads(RELEASED.read_text()), json.loads(CURRENT.read_text()))
    print("\n".join(found) or "nothing breaks")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
