"""Runs one call of a declared service: decode, steps before, the net, steps after. The host in Triton and the
validation's child call the same `run_service`; the names below are those that the host backend asks of a runner."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernel.contracts import UNITS, TensorSpec
from kernel.problems import Problem
from model_registry.catalog_kit.kinds import decode_fields, refuse
from model_registry.catalog_kit.nets import TritonNets as _TritonNets
from model_registry.catalog_kit.parameters import fill_parameters
from model_registry.catalog_kit.runner import SOURCE_ROOT, plain, problem_response
from model_registry.catalog_kit.types import Media, Nets
from model_registry.catalog_kit.units import count_units
from model_registry.declared import steps

__all__ = ["SOURCE_ROOT", "Problem", "TritonNets", "problem_response", "read_example", "run_capability", "run_service"]

FILE = "service.json"


class TritonNets(_TritonNets):
    """The kit's, for nets whose faults are their provider's and whose texts are Python's."""

    def run(self, name: str, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """One inference: all outputs by name. What the net refuses is the caller's model_error."""
        tensors = [self._pb.Tensor(key, _wire(value)) for key, value in inputs.items()]
        answer = self._pb.InferenceRequest(model_name=name, requested_output_names=[], inputs=tensors).exec()
        if answer.has_error():
            text = answer.error().message()
            gone = "is not ready" in text or "not found" in text or "unknown model" in text
            if gone:
                raise Problem("backend_error", f"{name} is not ready")
            raise Problem("model_error", "the model refused these values")
        return {t.name(): t.as_numpy() for t in answer.output_tensors()}


def _wire(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype == np.object_:
        encoded = np.vectorize(lambda item: item.encode() if isinstance(item, str) else item, otypes=[object])
        return np.asarray(encoded(array))
    return np.ascontiguousarray(array)


@functools.lru_cache(maxsize=64)
def _read(folder: Path) -> dict[str, Any]:
    """A version's document; versions never change, so it is read once."""
    document: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    return document


def run_capability(folder: Path, request_json: str | Mapping[str, Any], media: Sequence[bytes] = (), *,
                   nets: Nets) -> tuple[dict[str, Any], list[Media]]:
    """One call of the service in this folder, as the host asks for it."""
    return run_service(_read(folder), request_json, media, nets=nets)


def run_service(document: Mapping[str, Any], request_json: str | Mapping[str, Any], media: Sequence[bytes] = (), *,
                nets: Nets) -> tuple[dict[str, Any], list[Media]]:
    """The response of the host wire. Raises InvalidInput for a fault of the caller, Problem for the net's."""
    began = time.perf_counter()
    try:
        body = json.loads(request_json) if isinstance(request_json, str) else request_json
    except (ValueError, RecursionError):
        raise Problem("malformed_json", "the request is not valid JSON") from None
    if not isinstance(body, Mapping) or set(body) - {"input", "parameters"}:
        raise refuse("a request has input and parameters", "/")
    given = decode_fields(document["input"], body.get("input"), media)
    parameters = fill_parameters(document["parameters"], body.get("parameters"))
    units = {unit: count_units(unit, document["input"], given) for unit in UNITS}  # the price may change its unit
    specs = [TensorSpec(s["name"], s["datatype"], tuple(s["shape"]), s["optional"]) for s in document["inputs"]]
    arrays = steps.feed(specs, document["preprocess"], given, parameters)
    try:
        tensors = _run(nets, document["net"], arrays, int(document.get("max_batch", 0)))
        wanted = {s["name"]: tensors[s["name"]] for s in document["outputs"]}
        output = plain(steps.answer(wanted, document["postprocess"], parameters))
    except Problem:
        raise
    except Exception as error:
        raise Problem("backend_error", f"the service failed ({type(error).__name__})") from error
    return {"output": output, "units": units, "warnings": [], "media": [],
            "elapsed_ms": round((time.perf_counter() - began) * 1000, 3)}, []


def _run(nets: Nets, net: str, arrays: Mapping[str, NDArray[Any]], most: int) -> dict[str, NDArray[Any]]:
    """One inference, or several where the net's configuration takes only so many rows at once (0: any number)."""
    rows = len(next(iter(arrays.values()))) if most else 0
    if rows <= most:
        return nets.run(net, arrays)
    parts = [nets.run(net, {name: array[start:start + most] for name, array in arrays.items()})
             for start in range(0, rows, most)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def read_example(folder: Path) -> tuple[dict[str, Any], list[bytes], dict[str, Any]]:
    """The first golden example as (request, media, example). A service without one is asked for nothing."""
    examples = _read(folder)["examples"]
    if not examples:
        raise Problem("not_found", "this version has no example")
    return {"input": examples[0]["input"], "parameters": examples[0]["parameters"]}, [], examples[0]
