"""Reading an ONNX file that nobody vouches for: the protobuf is parsed, walked within bounds, and never run here.

What is refused has a reason in what ONNX Runtime would do with it: other domains load libraries or mean nothing on
another server, external data can name any file of the machine, function bodies and deep subgraphs hide both, and an
opset that the checker accepts may be one that no runtime knows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel.contracts import TensorSpec
from model_registry.uploads.checks import Refused

DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
MIN_OPSET, MAX_OPSET = 7, 23  # what ONNX Runtime of both the wheel and NVIDIA's image run
MIN_ML_OPSET, MAX_ML_OPSET = 1, 5
MIN_IR, MAX_IR = 3, 11
MAX_NODES = 50_000
MAX_DEPTH = 8  # of subgraphs in If, Loop, Scan
MAX_TENSORS = 64  # inputs, and outputs
MAX_RANK = 8
MAX_ELEMENTS = 1 << 31  # of one initializer
MAX_TEXT = 1 << 20  # of one attribute string
_EXPORT = "export again with the exporter's standard settings"


@dataclass(frozen=True, slots=True)
class Read:
    """What the file says of itself."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    opset: int
    ml_opset: int
    ir: int
    nodes: int
    parameters: int
    producer: str
    operators: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        return {"opset": self.opset, "ml_opset": self.ml_opset, "ir": self.ir, "nodes": self.nodes,
                "parameters": self.parameters, "producer": self.producer, "operators": list(self.operators)}


def read_model(path: Path) -> Any:
    """The ModelProto, weights beside it not yet read. Raises Refused."""
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    model = ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except (DecodeError, ValueError, RecursionError):
        raise Refused("graph", "graph_unreadable", "the file is cut off or no ONNX model", _EXPORT) from None
    if not model.HasField("graph") or not model.graph.node:
        raise Refused("graph", "graph_unreadable", "there is no graph in it", _EXPORT)
    return model


def examine(model: Any, folder: Path, files: tuple[str, ...]) -> Read:
    """Walks the whole model. Raises Refused; what comes back can be handed to onnx's checker."""
    if not MIN_IR <= model.ir_version <= MAX_IR:
        raise Refused("graph", "ir_unsupported", f"IR version {model.ir_version}; {MIN_IR} to {MAX_IR} are served",
                      "export with an onnx package of 2024 or 2025, or set model.ir_version = 10")
    opset, ml_opset = _opsets(model)
    if model.functions:
        raise Refused("graph", "custom_function", f"the model brings {len(model.functions)} functions of its own",
                      "inline them: onnx.inliner.inline_local_functions")
    if model.training_info:
        raise Refused("graph", "training_graph", "the model holds a training graph", "export it for inference")
    count, operators = 0, set()
    parameters = 0
    schemas = _known_operators()
    for graph, depth in _graphs(model.graph):
        if depth > MAX_DEPTH:
            raise Refused("graph", "too_deep", f"graphs are nested more than {MAX_DEPTH} deep", _EXPORT)
        count += len(graph.node)
        if count > MAX_NODES:
            raise Refused("graph", "too_many_nodes", f"more than {MAX_NODES} nodes", "split it, or export it scripted")
        for node in graph.node:
            if node.domain not in DOMAINS:
                raise Refused("graph", "custom_domain", f"operator {node.op_type[:60]} is of the domain "
                              f"{node.domain[:60]!r}", "keep to ONNX's own operators (domains ai.onnx and ai.onnx.ml)")
            if (node.domain.replace("ai.onnx", "") if node.domain == "ai.onnx" else node.domain, node.op_type) \
                    not in schemas:
                raise Refused("graph", "unknown_operator", f"ONNX has no operator {node.op_type[:60]!r}", _EXPORT)
            operators.add(node.op_type)
            for attribute in node.attribute:
                if len(attribute.s) > MAX_TEXT or attribute.ref_attr_name:
                    raise Refused("graph", "graph_invalid", f"{node.op_type[:60]} has an attribute that no exporter "
                                  "writes", _EXPORT)
                for tensor in (*([attribute.t] if attribute.HasField("t") else ()), *attribute.tensors):
                    _tensor(tensor, folder, files)
        for tensor in graph.initializer:
            parameters += _tensor(tensor, folder, files)
        for sparse in graph.sparse_initializer:
            parameters += _tensor(sparse.values, folder, files)
            _tensor(sparse.indices, folder, files)
    inputs, outputs = signature(model.graph)
    return Read(inputs, outputs, opset, ml_opset, model.ir_version, count, parameters,
                model.producer_name[:60], tuple(sorted(operators)[:40]))


def _opsets(model: Any) -> tuple[int, int]:
    found: dict[str, int] = {}
    for entry in model.opset_import:
        if entry.domain not in DOMAINS:
            raise Refused("graph", "custom_domain", f"the model imports operators of {entry.domain[:60]!r}",
                          "keep to ONNX's own operators (domains ai.onnx and ai.onnx.ml)")
        name = "" if entry.domain == "ai.onnx" else entry.domain
        found[name] = max(found.get(name, 0), entry.version)
    if "" not in found:
        if "ai.onnx.ml" not in found:
            raise Refused("graph", "opset_missing", "the model names no opset", _EXPORT)
        found[""] = MIN_OPSET
    if not MIN_OPSET <= found[""] <= MAX_OPSET:
        raise Refused("graph", "opset_unsupported", f"opset {found['']}; {MIN_OPSET} to {MAX_OPSET} are served",
                      "export with opset_version=17")
    ml = found.get("ai.onnx.ml", 0)
    if "ai.onnx.ml" in found and not MIN_ML_OPSET <= ml <= MAX_ML_OPSET:
        raise Refused("graph", "opset_unsupported", f"ai.onnx.ml opset {ml}; {MIN_ML_OPSET} to {MAX_ML_OPSET} are "
                      "served", "convert with target_opset={'': 17, 'ai.onnx.ml': 3}")
    return found[""], ml


def _graphs(graph: Any) -> Iterator[tuple[Any, int]]:
    """The graph and those inside of its nodes, each with its depth; without recursion."""
    waiting = [(graph, 0)]
    while waiting:
        current, depth = waiting.pop()
        yield current, depth
        for node in current.node:
            for attribute in node.attribute:
                inner = (*([attribute.g] if attribute.HasField("g") else ()), *attribute.graphs)
                waiting += [(one, depth + 1) for one in inner]


def _known_operators() -> set[tuple[str, str]]:
    from onnx import defs

    return {(schema.domain, schema.name) for schema in defs.get_all_schemas() if schema.domain in DOMAINS}


def _tensor(tensor: Any, folder: Path, files: tuple[str, ...]) -> int:
    """How many numbers it holds. External data may only be a file of the bundle, within its bounds."""
    if any(size < 0 for size in tensor.dims) or len(tensor.dims) > MAX_RANK + 4 \
            or math.prod(tensor.dims) > MAX_ELEMENTS:
        raise Refused("graph", "graph_invalid", f"the weights {tensor.name[:60]!r} have an impossible shape", _EXPORT)
    if tensor.external_data or tensor.data_location == 1:
        said = {entry.key: entry.value for entry in tensor.external_data}
        location = said.get("location", "")
        if location not in files or location != Path(location).name:
            raise Refused("graph", "external_data", f"the weights {tensor.name[:60]!r} lie outside of the upload "
                          f"({location[:60]!r})", "save the model with all weights inside "
                          "(save_as_external_data=False), or put the file into the bundle")
        offset, length = said.get("offset", "0"), said.get("length", "0")
        size = (folder / location).stat().st_size
        if not (offset.isdecimal() and length.isdecimal() and len(offset) < 16 and len(length) < 16
                and int(offset) + int(length) <= size):
            raise Refused("graph", "external_data", f"{location!r} is shorter than the model says", _EXPORT)
    return math.prod(tensor.dims)


def signature(graph: Any) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Inputs and outputs of a graph, as the server will name them. Raises Refused by the check `signature`."""
    fixed = {tensor.name for tensor in graph.initializer}
    inputs = tuple(_spec(value) for value in graph.input if value.name not in fixed)
    outputs = tuple(_spec(value) for value in graph.output)
    for specs, what in ((inputs, "inputs"), (outputs, "outputs")):
        if not 1 <= len(specs) <= MAX_TENSORS:
            raise Refused("graph", "too_many_tensors", f"{len(specs)} {what}; 1 to {MAX_TENSORS} are served",
                          "give the net the inputs and outputs that callers need")
        if len({spec.name for spec in specs}) != len(specs):
            raise Refused("signature", "tensor_name", f"two {what} have one name", "name each tensor differently")
    return inputs, outputs


def _spec(value: Any) -> TensorSpec:
    from onnx import TensorProto

    names = {
        TensorProto.FLOAT: "FP32", TensorProto.DOUBLE: "FP64", TensorProto.FLOAT16: "FP16", TensorProto.STRING: "BYTES",
        TensorProto.BOOL: "BOOL", TensorProto.INT8: "INT8", TensorProto.INT16: "INT16", TensorProto.INT32: "INT32",
        TensorProto.INT64: "INT64", TensorProto.UINT8: "UINT8", TensorProto.UINT16: "UINT16",
        TensorProto.UINT32: "UINT32", TensorProto.UINT64: "UINT64",
    }
    name = value.name
    if not name or len(name) > 120 or not name.isprintable():
        raise Refused("signature", "tensor_name", f"{name[:40]!r} can't be a tensor's name", "name the tensor plainly")
    if not value.type.HasField("tensor_type"):
        raise Refused("signature", "tensor_type", f"{name} is a sequence or a map, not a tensor",
                      "scikit-learn: convert with options={'zipmap': False}; else export tensors")
    tensor = value.type.tensor_type
    if tensor.elem_type not in names:
        raise Refused("signature", "tensor_type", f"{name} has a type that is not served", "cast it to float32")
    shape = tuple(d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else -1 for d in tensor.shape.dim)
    if not tensor.HasField("shape"):
        raise Refused("signature", "tensor_scalar", f"{name} has no shape", "export it with its shape")
    if not shape:
        raise Refused("signature", "tensor_scalar", f"{name} is a scalar", "make it a tensor [1], or take it out")
    if len(shape) > MAX_RANK:
        raise Refused("signature", "tensor_type", f"{name} has {len(shape)} dimensions; {MAX_RANK} at most", _EXPORT)
    return TensorSpec(name, names[tensor.elem_type], shape)


def self_contained(model: Any, folder: Path) -> bytes:
    """The model's bytes with all weights inside; `examine` has allowed where they come from."""
    from onnx.external_data_helper import load_external_data_for_model, uses_external_data

    if any(uses_external_data(tensor) for graph, _ in _graphs(model.graph) for tensor in graph.initializer):
        load_external_data_for_model(model, str(folder))
    return bytes(model.SerializeToString())
