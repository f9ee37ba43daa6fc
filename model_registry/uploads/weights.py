"""safetensors of the house's architectures: the server writes the graph itself, so no code comes with the weights."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.uploads.checks import Refused

MAX_HEADER = 1 << 20
MAX_LAYERS = 64
DTYPES: dict[str, Any] = {"F64": np.float64, "F32": np.float32, "F16": np.float16}
ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "gelu": "Gelu"}
OPSET = 20  # the first with Gelu
_LAYER = re.compile(r"^(?:.*\.)?(\d{1,3})\.(weight|bias)$")


def read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors by name. Raises Refused: every offset is checked against the file before a byte is used."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    if not 2 <= length <= min(MAX_HEADER, len(data) - 8):
        raise _invalid("its header is cut off or larger than 1 MB")
    try:
        header = json.loads(data[8:8 + length].decode("utf-8"))
    except (ValueError, RecursionError):
        raise _invalid("its header is not JSON") from None
    if not isinstance(header, dict):
        raise _invalid("its header is not an object")
    body = memoryview(data)[8 + length:]
    found: dict[str, NDArray[Any]] = {}
    end = 0
    entries = [(name, entry) for name, entry in header.items() if name != "__metadata__"]
    try:
        entries.sort(key=lambda item: item[1]["data_offsets"][0])
        for name, entry in entries:
            begin, stop = entry["data_offsets"]
            shape, kind = entry["shape"], entry["dtype"]
            if type(begin) is not int or type(stop) is not int or begin != end or not begin <= stop <= len(body):
                raise _invalid(f"{name[:80]!r} lies outside of the file or over another tensor")
            if kind not in DTYPES:
                raise _invalid(f"{name[:80]!r} has the type {str(kind)[:20]}; F16, F32 and F64 are taken")
            if any(type(side) is not int or side < 0 for side in shape) or len(shape) > 8 \
                    or math.prod(shape) * np.dtype(DTYPES[kind]).itemsize != stop - begin:
                raise _invalid(f"{name[:80]!r} does not have the size of its shape")
            found[name] = np.frombuffer(body[begin:stop], DTYPES[kind]).reshape(shape)
            end = stop
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise _invalid("its header does not follow the format") from None
    if end != len(body):
        raise _invalid("bytes are left over behind the last tensor")
    return found


def _invalid(reason: str) -> Refused:
    return Refused("format", "safetensors_invalid", f"the safetensors file can't be read: {reason}",
                   "save it again with safetensors.save_file")


def build_onnx(tensors: dict[str, NDArray[Any]], architecture: dict[str, Any] | None) -> bytes:
    """An ONNX file of these weights in a house architecture. Raises Refused."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    if not architecture or architecture.get("type") != "mlp":
        raise Refused("format", "architecture_missing", "safetensors hold numbers only; the manifest must say "
                      "architecture: {type: mlp, …}", "name a house architecture, or send ONNX")
    activation, last = str(architecture.get("activation", "relu")), str(architecture.get("output", "none"))
    if activation not in ACTIVATIONS or last not in ("none", "softmax", "sigmoid"):
        raise Refused("format", "architecture_missing", f"no such activation or output: {activation}, {last}",
                      "activation: relu, tanh, sigmoid or gelu; output: none, softmax or sigmoid")
    layers: dict[int, dict[str, NDArray[Any]]] = {}
    for name, value in tensors.items():
        match = _LAYER.match(name)
        if match is None:
            raise _layers(f"{name[:80]!r} belongs to no layer")
        layers.setdefault(int(match[1]), {})[match[2]] = value.astype(np.float32)
    if not 1 <= len(layers) <= MAX_LAYERS:
        raise _layers(f"{len(layers)} layers; 1 to {MAX_LAYERS} are taken")
    nodes, initializers, flow, width = [], [], "X", None
    for place, number in enumerate(sorted(layers)):
        weight, bias = layers[number].get("weight"), layers[number].get("bias")
        if weight is None or weight.ndim != 2 or (width is not None and weight.shape[1] != width):
            raise _layers(f"layer {number} has no weight [out, in] that fits the layer before it")
        if bias is not None and bias.shape != weight.shape[:1]:
            raise _layers(f"layer {number} has a bias of another size")
        width = weight.shape[0]
        bias = np.zeros(width, np.float32) if bias is None else bias
        initializers += [numpy_helper.from_array(weight, f"w{place}"), numpy_helper.from_array(bias, f"b{place}")]
        is_last = place == len(layers) - 1
        out = "scores" if is_last and last == "none" else f"h{place}"
        nodes.append(helper.make_node("Gemm", [flow, f"w{place}", f"b{place}"], [out], transB=1))
        flow = out
        if not is_last:
            nodes.append(helper.make_node(ACTIVATIONS[activation], [flow], [f"a{place}"]))
            flow = f"a{place}"
    if last != "none":
        words: dict[str, Any] = {"axis": -1} if last == "softmax" else {}
        nodes.append(helper.make_node("Softmax" if last == "softmax" else "Sigmoid", [flow], ["scores"], **words))
    first = layers[min(layers)]["weight"].shape[1]
    graph = helper.make_graph(nodes, "mlp", [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, first])],
                              [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, width])], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="tessera")
    model.ir_version = 9
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _layers(reason: str) -> Refused:
    return Refused("format", "safetensors_invalid", f"not an mlp: {reason}",
                   "name tensors 0.weight, 0.bias, 1.weight, … with weights [out, in]")
