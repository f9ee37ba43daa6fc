"""The manifest of a capability (`model.yaml`), strictly: every word known, every bound checked, every fault named.

Django-free: the host, the catalogue's tests and the registry read manifests with the same code.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from model_registry.catalog_kit.metrics import METRICS_FILE, read_metrics
from model_registry.catalog_kit.outputs import OUTPUTS
from model_registry.catalog_kit.tasks import TASKS

NAME = r"^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$"
FIELD = r"^[a-z][a-z0-9_]{0,39}$"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's where the wheel has it: eight times faster
MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp")

Industry = Literal["manufacturing", "energy", "finance", "retail", "healthcare", "logistics", "media", "public-sector",
                   "education", "agriculture", "security", "developer-tools"]
Family = Literal["vision", "documents", "text", "audio", "series", "tables", "planning", "science",
                 "own"]  # own: a provider's model, with a host of its own
InputKind = Literal["image", "images", "audio", "text", "texts", "bytes", "table", "series", "multi_series", "graph",
                    "problem", "number", "integer", "boolean", "choice"]
ParameterKind = Literal["number", "integer", "boolean", "choice", "text", "texts"]
Unit = Literal["call", "image", "page", "second", "1k_chars", "row", "point"]
Datatype = Literal["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32",
                   "FP64", "BYTES"]


class ManifestError(ValueError):
    """A manifest that can't be used: file, field and fault in one line each."""

    def __init__(self, path: Path, faults: list[tuple[str, str]]) -> None:
        self.path, self.faults = path, faults
        super().__init__("\n".join(": ".join(filter(None, (str(path), *fault))) for fault in faults))


def _exact(value: object) -> Decimal:
    """Money is text in a manifest: a YAML float has already lost the exact amount."""
    if isinstance(value, bool | float) or not isinstance(value, str | int | Decimal):
        raise ValueError('write the amount as text, e.g. "0.15"')
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError("not a decimal number") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("must be zero or more")
    return amount


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, protected_namespaces=())


Text = Annotated[str, Field(min_length=1, max_length=2000)]
Count = Annotated[int, Field(ge=0)]


class Bounds(_Strict):
    """What inputs and parameters share."""

    title: str | None = None
    title_zh: str | None = None
    description: str | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    choices: Annotated[list[str | int | float], Field(min_length=1)] | None = None
    default: Any = None
    min_chars: Count | None = None
    max_chars: Count | None = None
    min_items: Count | None = None
    max_items: Count | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        kind = getattr(self, "kind", "")
        if (kind == "choice") != (self.choices is not None):
            raise ValueError("choices belong to the kind choice, and it needs them")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("minimum is above maximum")
        return self


class InputField(Bounds):
    """One field of `input`: its kind and how much of it is accepted."""

    kind: InputKind
    optional: bool = False
    media_types: list[str] | None = None
    max_bytes: Annotated[int, Field(ge=1, le=32 << 20)] | None = None
    max_pixels: Annotated[int, Field(ge=1, le=25_000_000)] | None = None
    min_seconds: float | int | None = None
    max_seconds: float | int | None = None
    rate: Annotated[int, Field(ge=1000, le=192_000)] | None = None
    min_rows: Count | None = None
    max_rows: Count | None = None
    columns: list[str] | None = None
    min_points: Count | None = None
    max_points: Count | None = None
    allow_missing: bool | None = None
    json_schema: Annotated[dict[str, Any] | None, Field(alias="schema")] = None


class Parameter(Bounds):
    """One parameter, with the value it has where the caller says nothing."""

    kind: ParameterKind

    @model_validator(mode="after")
    def _default_within(self) -> Self:
        if self.default is None:
            return self
        from model_registry.catalog_kit.kinds import DECODERS
        from model_registry.catalog_kit.types import InvalidInput

        try:
            DECODERS[self.kind](self.default, {"min_chars": 0, **self.model_dump(exclude_none=True)}, "default")
        except InvalidInput as error:
            raise ValueError(f"the default {self.default!r} {error.detail}") from None
        return self


class Licenses(_Strict):
    code: Text
    weights: Text


class Tensor(_Strict):
    name: Text
    datatype: Datatype
    shape: Annotated[list[Annotated[int, Field(ge=-1)]], Field(min_length=1)]
    optional: bool = False


class Tensors(_Strict):
    """The raw view: one net, served under the capability's own name."""

    net: Annotated[str, Field(pattern=NAME)]
    inputs: Annotated[list[Tensor], Field(min_length=1)]
    outputs: Annotated[list[Tensor], Field(min_length=1)]


class Serving(_Strict):
    timeout_ms: Annotated[int, Field(ge=100, le=600_000)] = 30_000
    memory_mb: Annotated[int, Field(ge=1, le=16_384)] = 64
    pool: Literal["hot", "warm", "cold"] = "warm"
    deterministic: bool = True
    cache_seconds: Annotated[int, Field(ge=0, le=86_400)] = 0  # an answer is given again to the same input; 0: never

    @model_validator(mode="after")
    def _caches_what_repeats(self) -> Self:
        if self.cache_seconds and not self.deterministic:
            raise ValueError("cache_seconds: only the answers of a deterministic model may be given again")
        return self


class Pricing(_Strict):
    unit: Unit
    amount: Annotated[Decimal, BeforeValidator(_exact)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    free_per_month: Count = 0
    cached: Annotated[Decimal, BeforeValidator(_exact)] = Decimal(0)  # of a unit answered from the cache


class Origin(_Strict):
    name: Text
    url: Annotated[str, Field(pattern="^https?://")] | None = None


class Metric(_Strict):
    name: Text
    value: str
    data: str = ""
    method: str = ""


class Latency(_Strict):
    """Milliseconds of warm calls."""

    p50: int | float
    p95: int | float
    runs: Count


class Memory(_Strict):
    """Megabytes: what the capability added to a bare process, and the highest of that process."""

    added: int | float
    peak: int | float


class Measured(_Strict):
    """What `make catalog-eval` measured, when, on which machine and how."""

    date: str
    machine: str
    method: str
    latency_ms: Latency
    cold_start_ms: int | float
    memory_mb: Memory


class Card(_Strict):
    """What a person must know before using it. `metrics` and `measured` come from metrics.json, never from a hand."""

    use: Text
    limits: Text
    misuse: Text
    origin: Origin
    metrics: list[Metric] = []
    measured: Measured | None = None


class Manifest(_Strict):
    """One capability. `Manifest.path` is not part of it: the loader knows where it read it."""

    name: Annotated[str, Field(pattern=NAME)]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    title: Annotated[str, Field(min_length=1, max_length=80)]
    title_zh: Annotated[str, Field(min_length=1, max_length=80)]
    summary: Annotated[str, Field(min_length=1, max_length=300)]
    summary_zh: Annotated[str, Field(min_length=1, max_length=300)]
    task: str
    domain: Annotated[str, Field(pattern="^[a-z]+$")]
    industry: Annotated[list[Industry], Field(min_length=1)]
    tags: list[str] = []
    license: Licenses
    source: Literal["S1", "S2", "S3"]
    evidence: Literal["R", "S", "K", "C", "-"]
    family: Family
    libraries: list[str] = []
    input: Annotated[dict[Annotated[str, Field(pattern=FIELD)], InputField], Field(min_length=1)]
    parameters: dict[Annotated[str, Field(pattern=FIELD)], Parameter] = {}
    output: str
    nets: list[Annotated[str, Field(pattern=NAME)]] = []
    tensors: Tensors | None = None
    serving: Serving = Serving()
    pricing: Pricing
    card: Card

    @model_validator(mode="after")
    def _known_words(self) -> Self:
        if self.task not in TASKS:
            raise ValueError(f"task: unknown task {self.task}")
        if self.output not in OUTPUTS:
            raise ValueError(f"output: unknown output {self.output}; known: {', '.join(OUTPUTS)}")
        for name, bounds in self.input.items():
            for media_type in bounds.media_types or []:
                if bounds.kind in ("image", "images") and media_type not in MEDIA_TYPES:
                    raise ValueError(f"input.{name}.media_types: {media_type} is not decoded")
        return self

    def input_bounds(self) -> dict[str, dict[str, Any]]:
        """Field → kind and bounds, as the kit and the gateway take them."""
        return {k: v.model_dump(exclude_none=True, by_alias=True) for k, v in self.input.items()}

    def parameter_bounds(self) -> dict[str, dict[str, Any]]:
        """Parameter → kind, default and bounds."""
        return {k: v.model_dump(exclude_none=True) for k, v in self.parameters.items()}


def folder_name(name: str) -> str:
    """The folder (a Python identifier's characters) that a capability of this name lives in."""
    return re.sub(r"[^a-z0-9]", "_", name)


def parse(text: str, path: Path = Path("model.yaml")) -> Manifest:
    """A manifest from its YAML; ManifestError names the file and every faulty field."""
    try:
        data = yaml.load(text, Loader=LOADER)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise ManifestError(path, [("", f"not YAML: {' '.join(str(error).split())}")]) from None
    if not isinstance(data, dict):
        raise ManifestError(path, [("", "must be a mapping")])
    try:
        return Manifest.model_validate(data)
    except ValidationError as error:
        faults = [(".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, ")) for e in error.errors()]
        raise ManifestError(path, faults) from None


def load(path: Path) -> Manifest:
    """The manifest of one capability; `path` is its model.yaml or its folder, whose names it must carry."""
    file = path / "model.yaml" if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(file, [("", f"can't be read: {error}")]) from None
    folder = file.resolve().parent
    manifest = _with_metrics(parse(text, file), folder)
    if folder.name != folder_name(manifest.name):
        raise ManifestError(file, [("name", f"{manifest.name} must live in a folder {folder_name(manifest.name)}")])
    if folder.parent.name != manifest.domain:
        raise ManifestError(file, [("domain", f"{manifest.domain} is not the folder {folder.parent.name}")])
    return manifest


def _with_metrics(manifest: Manifest, folder: Path) -> Manifest:
    """The manifest with the figures of metrics.json on its card."""
    found = read_metrics(folder)
    if found is None:
        return manifest
    origin = {name: found["measured"][name] for name in ("date", "machine", "method")}
    figures = {name: found[name] for name in ("latency_ms", "cold_start_ms", "memory_mb")}
    try:
        measured = {"metrics": [Metric.model_validate(m) for m in found["quality"]],
                    "measured": Measured.model_validate({**origin, **figures})}
    except ValidationError as error:
        raise ManifestError(folder / METRICS_FILE, [(".".join(map(str, e["loc"])), e["msg"])
                                                    for e in error.errors()]) from None
    return manifest.model_copy(update={"card": manifest.card.model_copy(update=measured)})


def load_all(root: Path) -> list[Manifest]:
    """Every manifest below a catalogue's root, by name; two of one name are an error."""
    found: dict[str, Path] = {}
    manifests = []
    for file in sorted(root.glob("*/*/model.yaml")):
        manifest = load(file)
        if manifest.name in found:
            raise ManifestError(file, [("name", f"{manifest.name} is already taken by {found[manifest.name]}")])
        found[manifest.name] = file
        manifests.append(manifest)
    return sorted(manifests, key=lambda m: m.name)
