"""A request's parameters: from form encoding to values, checked against the contract as Stripe checks them."""

from __future__ import annotations

import json
import re
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

from billing.sandbox_stripe.contract import Contract, Operation, Schema


@dataclass(slots=True)
class StripeError(Exception):
    """An answer that is an error, in Stripe's own words and shape."""

    status: int
    type: str
    message: str
    code: str = ""
    param: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        error = {"type": self.type, "message": self.message, **self.extra}
        for name in ("code", "param"):
            if getattr(self, name):
                error[name] = getattr(self, name)
        return {"error": error}


def invalid(message: str, *, param: str = "", code: str = "", status: int = 400) -> StripeError:
    return StripeError(status, "invalid_request_error", message, code, param)


def decode(content_type: str, body: bytes, query: str) -> dict[str, Any]:
    """Parameters of a request: its form (or JSON for Stripe's second API), else its query string."""
    if body and content_type.startswith("application/json"):
        try:
            found = json.loads(body)
        except ValueError:
            raise invalid("Invalid JSON received") from None
        return found if isinstance(found, dict) else {}
    pairs = urllib.parse.parse_qsl((body or query.encode()).decode(), keep_blank_values=True)
    return _unflatten(pairs)


def check(contract: Contract, operation: Operation, values: dict[str, Any]) -> dict[str, Any]:
    """The values in their types; raises for an unknown, missing or wrong-typed parameter."""
    if operation.schema is None:
        if values:
            raise invalid(f"Received unknown parameter: {next(iter(values))}", param=next(iter(values)),
                          code="parameter_unknown")
        return {}
    found = _Checker(contract).value(values, operation.schema, "")
    assert isinstance(found, dict)
    return found


class _Checker:
    def __init__(self, contract: Contract) -> None:
        self._contract = contract

    def value(self, value: Any, schema: Schema, at: str) -> Any:
        if "anyOf" in schema:
            return self._any(value, schema["anyOf"], at)
        if "object" in schema:
            return self._object(value, schema["object"], at)
        if "array" in schema:
            if isinstance(value, str):
                raise invalid("Invalid array", param=at)
            items = value if isinstance(value, list) else _as_list(value)
            if items is None:
                raise invalid("Invalid array", param=at)
            return [self.value(item, schema["array"], f"{at}[{n}]") for n, item in enumerate(items)]
        if "map" in schema:
            if not isinstance(value, dict):
                raise invalid("Invalid object", param=at)
            return {key: self.value(item, schema["map"], f"{at}[{key}]") for key, item in value.items()}
        if "enum" in schema:
            if value in schema["enum"]:
                return value
            for known in schema["enum"]:
                if isinstance(known, bool | int) and value in (str(known).lower(), known):
                    return known
            raise invalid(f"Invalid {at}: must be one of {', '.join(map(str, schema['enum'][:8]))}", param=at)
        return self._scalar(value, schema["type"], at)

    def _any(self, value: Any, schemas: list[Schema], at: str) -> Any:
        first: StripeError | None = None
        for schema in schemas:
            try:
                return self.value(value, schema, at)
            except StripeError as error:
                # The most telling fault is the one inside the shape that fits: a field, not "must be one of".
                fits = isinstance(value, dict | list) and ("object" in schema or "array" in schema)
                first = error if first is None or fits else first
        assert first is not None
        raise first

    def _object(self, value: Any, name: str, at: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise invalid("Invalid object", param=at)
        fields = self._contract.classes[name]
        for key in value:
            if key not in fields:
                where = f"{at}[{key}]" if at else key
                raise invalid(f"Received unknown parameter: {where}", param=where, code="parameter_unknown")
        for key, (_, required) in fields.items():
            if required and value.get(key, "") == "":
                where = f"{at}[{key}]" if at else key
                raise invalid(f"Missing required param: {where}.", param=where, code="parameter_missing")
        return {key: self.value(item, fields[key][0], f"{at}[{key}]" if at else key) for key, item in value.items()}

    @staticmethod
    def _scalar(value: Any, kind: str, at: str) -> Any:
        if kind == "any":
            return value
        if not isinstance(value, str | int | bool):
            raise invalid(f"Invalid {kind}", param=at)
        if kind == "string":
            return str(value)
        if kind == "boolean":
            if value in ("true", "false", True, False):
                return value in ("true", True)
            raise invalid(f"Invalid boolean: {value}", param=at)
        if kind == "integer":
            if isinstance(value, int) or re.fullmatch(r"-?\d+", value):
                return int(value)
            raise invalid(f"Invalid integer: {value}", param=at, code="parameter_invalid_integer")
        if re.fullmatch(r"-?\d+(\.\d{1,12})?", str(value)):
            return str(value)
        raise invalid(f"Invalid decimal: {value}", param=at)


def _unflatten(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for name, value in pairs:
        keys = re.findall(r"^[^\[\]]+|(?<=\[)[^\[\]]*(?=\])", name)
        if not keys:
            raise invalid(f"Invalid parameter name: {name}")
        place = root
        for n, key in enumerate(keys):
            if key == "":
                key = str(len(place))
            if n == len(keys) - 1:
                place[key] = value
            else:
                place = place.setdefault(key, {})
                if not isinstance(place, dict):
                    raise invalid("Invalid object", param=name)
    return {key: _with_lists(value) for key, value in root.items()}


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    items = _as_list(value)
    if items is not None and value:
        return [_with_lists(item) for item in items]
    return {key: _with_lists(item) for key, item in value.items()}


def _as_list(value: Any) -> list[Any] | None:
    """The items behind ``a[0]=…&a[1]=…``; None where the keys are not numbers."""
    if isinstance(value, dict) and all(key.isdigit() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    return None
