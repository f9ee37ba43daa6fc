"""From a manifest to the route that the gateway serves it by. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kernel.contracts import Price, Route, Target, TensorSpec
from model_registry.manifest import Manifest, Tensor

# The tensor view of a capability that is no single net: JSON in, JSON out.
JSON_INPUT = (TensorSpec("input", "BYTES", (1,)),)
JSON_OUTPUT = (TensorSpec("output", "BYTES", (1,)),)


def host_name(manifest: Manifest) -> str:
    """The Triton model that runs the capability's code."""
    if manifest.source == "S3" and manifest.domain == "hub":
        return "host-hub"  # all fetched models share one
    return f"host-{manifest.family}"


def to_route(manifest: Manifest, *, version: int, host: str | None = None, price_version: int = 1) -> Route:
    """The route of one version with all traffic on it. `host` is the family's Triton model unless given."""
    raw = manifest.tensors
    price = manifest.pricing
    serving = manifest.serving
    return Route(
        model=manifest.name, task=manifest.task, runtime="onnx" if raw else "host", host=host or host_name(manifest),
        nets=tuple(manifest.nets),
        inputs=_specs(raw.inputs) if raw else JSON_INPUT, outputs=_specs(raw.outputs) if raw else JSON_OUTPUT,
        input_kinds=manifest.input_bounds(), parameters=manifest.parameter_bounds(),
        price=Price(price.unit, price.amount, price.currency, price_version, price.free_per_month),
        targets=(Target(version, 100),), pool=serving.pool, timeout_ms=serving.timeout_ms, memory_mb=serving.memory_mb,
        deterministic=serving.deterministic, cache_s=serving.cache_seconds, cached_amount=price.cached,
    )


def deployed(route: Route, deployment: Mapping[str, Any]) -> Route:
    """The same as its provider has it run: in which pool, and how long an answer may be given again."""
    if not deployment:
        return route
    cache = deployment["response_cache"]
    return replace(route, pool=deployment["pool"], deterministic=cache is not None or route.deterministic,
                   cache_s=cache["ttl_s"] if cache else route.cache_s)


def _specs(tensors: list[Tensor]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(t.name, t.datatype, tuple(t.shape), t.optional) for t in tensors)
