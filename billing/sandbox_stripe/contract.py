"""Which requests Stripe takes, read from the source of the installed `stripe` wheel without importing it.

Every ``*_service.py`` names an operation's verb, path and parameter class; every class under ``stripe/params`` names
its fields and their types. Both are read as syntax trees. The result is cached as JSON beside the sandbox's data.

A schema is one of: ``{"type": "string" | "integer" | "boolean" | "decimal" | "any"}``, ``{"enum": [...]}``,
``{"array": schema}``, ``{"map": schema}``, ``{"object": "module:Class"}`` or ``{"anyOf": [...]}``.
"""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REVISION = 1  # of this reader: a cache of another one is derived anew
Schema = dict[str, Any]

_SCALARS: dict[str, Schema] = {
    "str": {"type": "string"}, "int": {"type": "integer"}, "bool": {"type": "boolean"}, "Decimal": {"type": "decimal"},
    "float": {"type": "decimal"}, "Any": {"type": "any"}, "object": {"type": "any"},
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One request that the library can make: ``PaymentIntentService.create`` is POST /v1/payment_intents."""

    name: str
    verb: str
    path: str
    schema: Schema | None  # None: takes no parameters


@dataclass(slots=True)
class Contract:
    """All operations, and the fields of every parameter class: name → (schema, required)."""

    version: str
    operations: list[Operation] = field(default_factory=list)
    classes: dict[str, dict[str, tuple[Schema, bool]]] = field(default_factory=dict)
    _routes: dict[tuple[str, int], list[tuple[re.Pattern[str], Operation]]] = field(default_factory=dict)

    def find(self, verb: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation behind a request line and the parts of its path; fixed paths come before patterns."""
        if not self._routes:
            for operation in sorted(self.operations, key=lambda o: o.path.count("{")):
                pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(operation.path)) + "$")
                self._routes.setdefault((operation.verb, operation.path.count("/")), []).append((pattern, operation))
        for pattern, operation in self._routes.get((verb, path.count("/")), []):
            found = pattern.match(path)
            if found:
                return operation, found.groupdict()
        return None

    def dump(self) -> str:
        return json.dumps({
            "revision": REVISION, "version": self.version, "classes": self.classes,
            "operations": [[o.name, o.verb, o.path, o.schema] for o in self.operations]})


def load(cache: Path | None = None) -> Contract:
    """The contract of the installed wheel; from `cache` where that was derived from the same version."""
    version = importlib.metadata.version("stripe")
    if cache is not None and cache.exists():
        data = json.loads(cache.read_text())
        if (data["revision"], data["version"]) == (REVISION, version):
            return Contract(version, [Operation(*row) for row in data["operations"]],
                            {name: {key: (row[0], row[1]) for key, row in fields.items()}
                             for name, fields in data["classes"].items()})
    contract = derive()
    if cache is not None:
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(contract.dump())
    return contract


def derive() -> Contract:
    """Reads the wheel: about 650 operations of Stripe's first and second API."""
    return _Reader().contract()


@dataclass(slots=True)
class _Module:
    name: str
    classes: dict[str, ast.ClassDef]
    imports: dict[str, tuple[str, str]]  # local name → (module, name there)
    functional: dict[str, ast.Dict]  # X = TypedDict("X", {"from": …}): fields whose names are Python's own words


class _Reader:
    def __init__(self) -> None:
        spec = importlib.util.find_spec("stripe")
        if spec is None or not spec.submodule_search_locations:
            raise RuntimeError("the stripe library is not installed")
        self._root = Path(next(iter(spec.submodule_search_locations)))
        self._modules: dict[str, _Module] = {}
        self._contract = Contract(importlib.metadata.version("stripe"))

    def contract(self) -> Contract:
        for path in sorted(self._root.rglob("_*_service.py")):
            module = self._module("stripe." + ".".join(path.relative_to(self._root).with_suffix("").parts))
            for owner in module.classes.values():
                for method in owner.body:
                    if isinstance(method, ast.FunctionDef):
                        self._operation(module, ".".join([*module.name.split(".")[1:-1], owner.name]), method)
        return self._contract

    def _operation(self, module: _Module, owner: str, method: ast.FunctionDef) -> None:
        for call in ast.walk(method):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
                    and call.func.attr == "_request" and len(call.args) >= 2):
                continue
            verb, path = call.args[0], call.args[1]
            if isinstance(path, ast.Call) and isinstance(path.func, ast.Attribute):
                path = path.func.value  # "/v1/x/{id}".format(…)
            if not (isinstance(verb, ast.Constant) and isinstance(path, ast.Constant)):
                continue
            annotation = next((a.annotation for a in [*method.args.args, *method.args.kwonlyargs]
                               if a.arg == "params" and a.annotation is not None), None)
            schema = self._schema(module, annotation) if annotation is not None else None
            self._contract.operations.append(
                Operation(f"{owner}.{method.name}", str(verb.value), str(path.value), schema))

    def _module(self, name: str) -> _Module:
        found = self._modules.get(name)
        if found is None:
            base = self._root.joinpath(*name.split(".")[1:])
            path = base.joinpath("__init__.py") if base.is_dir() else base.with_suffix(".py")
            tree = ast.parse(path.read_text())
            imports = {alias.asname or alias.name: (node.module or "", alias.name) for node in ast.walk(tree)
                       if isinstance(node, ast.ImportFrom) for alias in node.names}
            classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
            functional = {
                node.targets[0].id: node.value.args[1] for node in tree.body
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
                and isinstance(node.value, ast.Call) and len(node.value.args) > 1
                and isinstance(node.value.args[1], ast.Dict)}
            found = self._modules[name] = _Module(name, classes, imports, functional)
        return found

    def _schema(self, module: _Module, node: ast.expr) -> Schema:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                return self._schema(module, ast.parse(node.value, mode="eval").body)
            return {"type": "any"}
        if isinstance(node, ast.Name):
            return dict(_SCALARS[node.id]) if node.id in _SCALARS else self._named(module, node.id)
        if isinstance(node, ast.Attribute):  # "Service.CreateParams" or "typing.Any"
            return self._named(module, node.attr)
        if isinstance(node, ast.BinOp):  # A | B
            return self._union(module, [node.left, node.right])
        if isinstance(node, ast.Subscript):
            return self._generic(module, node)
        return {"type": "any"}

    def _generic(self, module: _Module, node: ast.Subscript) -> Schema:
        name = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
        arguments = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name in ("NotRequired", "Required"):
            return self._schema(module, arguments[0])
        if name == "Optional":
            return self._union(module, [arguments[0]])
        if name == "Union":
            return self._union(module, arguments)
        if name == "Literal":
            return {"enum": [a.value for a in arguments if isinstance(a, ast.Constant)]}
        if name in ("List", "list", "Sequence"):
            return {"array": self._schema(module, arguments[0])}
        if name in ("Dict", "dict", "Mapping"):
            return {"map": self._schema(module, arguments[1])}
        return {"type": "any"}

    def _union(self, module: _Module, nodes: list[ast.expr]) -> Schema:
        found: list[Schema] = []
        for node in _members(nodes):
            if "UntypedStripeObject" in ast.dump(node) or (isinstance(node, ast.Constant) and node.value is None):
                continue
            schema = self._schema(module, node)
            found += schema.get("anyOf", [schema])
        if any("enum" in one and one["enum"] != [""] for one in found):
            # The library leaves enumerations open (Literal | str); Stripe itself refuses what it does not know.
            found = [one for one in found if one != {"type": "string"}]
        return found[0] if len(found) == 1 else {"anyOf": found}

    def _named(self, module: _Module, name: str) -> Schema:
        if name not in module.classes:
            if name not in module.imports or not module.imports[name][0].startswith("stripe."):
                return {"type": "any"}
            source, original = module.imports[name]
            return self._named(self._module(source), original)
        key = f"{module.name}:{name}"
        if key not in self._contract.classes:
            fields: dict[str, tuple[Schema, bool]] = {}
            self._contract.classes[key] = fields  # before its fields: classes refer to themselves
            self._fields(module, module.classes[name], fields)
        return {"object": key}

    def _fields(self, module: _Module, node: ast.ClassDef, fields: dict[str, tuple[Schema, bool]]) -> None:
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in module.functional:
                literal = module.functional[base.id]
                for key, value in zip(literal.keys, literal.values, strict=True):
                    if isinstance(key, ast.Constant):
                        fields[str(key.value)] = (self._schema(module, value), not _is_optional(value))
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                optional = _is_optional(statement.annotation)
                fields[statement.target.id] = (self._schema(module, statement.annotation), not optional)


def _members(nodes: list[ast.expr]) -> Iterator[ast.expr]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node = ast.parse(node.value, mode="eval").body
        if isinstance(node, ast.BinOp):
            yield from _members([node.left, node.right])
        else:
            yield node


def _is_optional(annotation: ast.expr) -> bool:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    return (isinstance(annotation, ast.Subscript) and isinstance(annotation.value, ast.Name)
            and annotation.value.id == "NotRequired")
