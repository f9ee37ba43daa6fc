"""What a provider says about one version (`manifest.yaml`), strictly, and the whole it makes with what was read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kernel.contracts import TensorSpec
from model_registry.catalog_kit.outputs import OUTPUTS
from model_registry.manifest import FIELD, InputField, Parameter, Serving, Tensor

MAX_TEXT = 1 << 20
MAX_EXAMPLES = 32
SEMVER = r"^\d{1,6}\.\d{1,6}\.\d{1,6}$"
TENSORS_OUTPUT = "tensors"
_JSON_TYPES = {"BYTES": "string", "BOOL": "boolean", "FP16": "number", "FP32": "number", "FP64": "number"}

FieldName = Annotated[str, Field(pattern=FIELD)]


class ServiceError(ValueError):
    """A manifest that can't be used: (pointer, what is wrong) for each fault."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(": ".join(filter(None, fault)) for fault in faults))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, protected_namespaces=())


class Step(_Strict):
    """One step; which words belong to which is the step's own knowledge."""

    step: Annotated[str, Field(min_length=1, max_length=40)]
    field: FieldName | None = None
    parameter: FieldName | None = None
    tensor: Annotated[str, Field(max_length=120)] | None = None
    columns: Annotated[list[Annotated[str, Field(max_length=100)]], Field(min_length=1, max_length=500)] | None = None
    categories: dict[str, Annotated[list[str], Field(max_length=1000)]] | None = None
    missing: int | float | None = None
    labels: Annotated[list[Annotated[str, Field(max_length=100)]], Field(min_length=1, max_length=10_000)] | None = None
    softmax: bool = False
    size: Annotated[list[Annotated[int, Field(ge=1, le=4096)]], Field(min_length=2, max_length=2)] | None = None
    layout: Literal["nchw", "nhwc"] = "nchw"
    color: Literal["rgb", "bgr", "grey"] = "rgb"
    scale: int | float = 1
    mean: Annotated[list[int | float], Field(min_length=1, max_length=3)] | None = None
    std: Annotated[list[int | float], Field(min_length=1, max_length=3)] | None = None
    fit: Literal["stretch", "letterbox"] = "stretch"
    length: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    seconds: Annotated[int | float, Field(gt=0, le=600)] | None = None
    normalize: bool | Literal["none", "zscore", "minmax"] = "none"


class Example(_Strict):
    """A golden example: what must come out, within `tolerance` where it is a number."""

    input: dict[str, Any]
    parameters: dict[str, Any] = {}
    output: dict[str, Any] | None = None
    tolerance: Annotated[int | float, Field(ge=0, le=1)] = 0.001


class Signature(_Strict):
    inputs: Annotated[list[Tensor], Field(max_length=64)] = []
    outputs: Annotated[list[Tensor], Field(max_length=64)] = []


class Lineage(_Strict):
    base_model: Annotated[str, Field(max_length=300)] = ""
    dataset: Annotated[str, Field(max_length=300)] = ""
    training: Annotated[str, Field(max_length=1000)] = ""
    code: Annotated[str, Field(max_length=300)] = ""


class Service(_Strict):
    """One version as its provider declares it; everything may be left out."""

    name: str | None = None
    version: Annotated[str, Field(pattern=SEMVER)] | None = None
    model: Annotated[str, Field(max_length=100)] | None = None
    input: Annotated[dict[FieldName, InputField], Field(max_length=64)] = {}
    parameters: Annotated[dict[FieldName, Parameter], Field(max_length=64)] = {}
    preprocess: Annotated[dict[str, Step], Field(max_length=64)] = {}
    output: str | None = None
    postprocess: Step | None = None
    signature: Signature = Signature()
    examples: Annotated[list[Example], Field(max_length=MAX_EXAMPLES)] = []
    lineage: Lineage = Lineage()
    changelog: Annotated[str, Field(max_length=10_000)] = ""
    serving: Serving = Serving()
    architecture: dict[str, Any] | None = None


def parse(text: str) -> Service:
    """A manifest from YAML (or JSON, which is YAML). Raises ServiceError."""
    if len(text) > MAX_TEXT:
        raise ServiceError([("", "a manifest has at most 1 MB")])
    try:
        # Anchors make a page of text into gigabytes; a manifest needs none.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise ServiceError([("", "YAML aliases are not taken: write the value out")])
        data = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, ServiceError):
            raise
        raise ServiceError([("", f"not YAML: {' '.join(str(error).split())[:300]}")]) from None
    return validate({} if data is None else data)


def validate(data: Any) -> Service:
    """The same from parsed data."""
    if not isinstance(data, dict):
        raise ServiceError([("", "must be a mapping")])
    try:
        json.dumps(data, allow_nan=False)
        return Service.model_validate(data)
    except ValidationError as error:
        raise ServiceError([("/" + "/".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, "))
                            for e in error.errors()[:20]]) from None
    except (TypeError, ValueError) as error:
        raise ServiceError([("", f"holds a value that JSON lacks: {error}")]) from None


def field_of(tensor: str) -> str:
    """The field that stands for a tensor: its name in the letters that fields have."""
    word = re.sub(r"[^a-z0-9_]+", "_", tensor.lower()).strip("_")[:36] or "value"
    return word if word[0].isalpha() else f"t_{word}"


def array_schema(spec: TensorSpec, *, bound: int = 1_000_000) -> dict[str, Any]:
    """JSON Schema of a tensor as nested lists."""
    schema: dict[str, Any] = {"type": _JSON_TYPES.get(spec.datatype, "integer")}
    for size in reversed(spec.shape):
        schema = {"type": "array", "items": schema,
                  **({"minItems": size, "maxItems": size} if size > 0 else {"minItems": 1, "maxItems": bound})}
    return schema


def completed(service: Service, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> Service:
    """The service with everything filled in that its provider left to us: fields, steps, output."""
    update: dict[str, Any] = {}
    if not service.input:
        # The field names of several tensors must differ.
        names: dict[str, str] = {}
        for spec in inputs:
            base, number = field_of(spec.name), 2
            word = base
            while word in names.values():
                word, number = f"{base}_{number}", number + 1
            names[spec.name] = word
        update["input"] = {names[s.name]: InputField.model_validate({
            "kind": "problem", "title": s.name, "schema": array_schema(s)}) for s in inputs}
        update["preprocess"] = {s.name: Step(step="array", field=names[s.name]) for s in inputs} | service.preprocess
    if service.postprocess is None:
        update["postprocess"] = Step(step="tensors")
        update["output"] = service.output or TENSORS_OUTPUT
    return service.model_copy(update=update)


def corrected(service: Service, inputs: Sequence[TensorSpec],
              outputs: Sequence[TensorSpec]) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """What was read with the provider's corrections: free dimensions may be narrowed, never widened. Raises
    ServiceError."""
    faults: list[tuple[str, str]] = []

    def merge(read: Sequence[TensorSpec], said: Sequence[Tensor], where: str) -> tuple[TensorSpec, ...]:
        known = {spec.name: spec for spec in read}
        for i, tensor in enumerate(said):
            at = f"/signature/{where}/{i}"
            spec = known.get(tensor.name)
            if spec is None:
                faults.append((f"{at}/name", f"the graph has no {tensor.name}; it has {', '.join(known)}"))
            elif tensor.datatype != spec.datatype:
                faults.append((f"{at}/datatype", f"the graph has {spec.datatype}"))
            elif len(tensor.shape) != len(spec.shape) or any(
                    r not in (-1, s) or s == 0 for s, r in zip(tensor.shape, spec.shape, strict=True)):
                faults.append((f"{at}/shape", f"must narrow {list(spec.shape)}"))
            else:
                known[tensor.name] = TensorSpec(spec.name, spec.datatype, tuple(tensor.shape), tensor.optional)
        return tuple(known.values())

    result = merge(inputs, service.signature.inputs, "inputs"), merge(outputs, service.signature.outputs, "outputs")
    if faults:
        raise ServiceError(faults)
    return result


def document(service: Service, *, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], net: str,
             version: int, unit: str = "call", batched: bool = False) -> dict[str, Any]:
    """`service.json`: all that the host needs, and nothing that it must look up."""
    def specs(found: Sequence[TensorSpec]) -> list[dict[str, Any]]:
        return [{"name": s.name, "datatype": s.datatype, "shape": list(s.shape), "optional": s.optional} for s in found]

    return {
        "net": net, "version": version, "unit": unit, "batched": batched,
        "input": {k: v.model_dump(exclude_none=True, by_alias=True) for k, v in service.input.items()},
        "parameters": {k: v.model_dump(exclude_none=True) for k, v in service.parameters.items()},
        "preprocess": {k: v.model_dump(exclude_defaults=True) for k, v in service.preprocess.items()},
        "postprocess": service.postprocess.model_dump(exclude_defaults=True) if service.postprocess else None,
        "output": service.output, "inputs": specs(inputs), "outputs": specs(outputs),
        "examples": [example.model_dump(mode="json") for example in service.examples],
    }


def check_words(service: Service, known_files: Mapping[str, int] | None = None) -> list[tuple[str, str]]:
    """What the schema alone can't see: the output's name, and the fields that steps and examples name."""
    faults = []
    if service.output is not None and service.output not in OUTPUTS and service.output != TENSORS_OUTPUT:
        faults.append(("/output", f"unknown output {service.output}; known: {TENSORS_OUTPUT}, {', '.join(OUTPUTS)}"))
    for tensor, step in service.preprocess.items():
        if step.field is not None and step.field not in service.input:
            faults.append((f"/preprocess/{tensor}/field", f"there is no field {step.field}"))
        if step.parameter is not None and step.parameter not in service.parameters:
            faults.append((f"/preprocess/{tensor}/parameter", f"there is no parameter {step.parameter}"))
    for i, example in enumerate(service.examples):
        faults += [(f"/examples/{i}/input/{name}", "there is no such field") for name in example.input
                   if name not in service.input]
        faults += [(f"/examples/{i}/input", f"{name} is missing") for name, field in service.input.items()
                   if name not in example.input and not field.optional and field.default is None]
    return faults
