"""Writes small nets as ONNX by hand, and their metrics as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

CATALOG = Path(__file__).resolve().parents[1] / "catalog"
METRICS = Path(__file__).resolve().parent / "metrics"

Array = NDArray[Any]


def save_mlp(path: Path, *, name: str, input_name: str, output_name: str, input_shape: list[int], mean: Array,
             scale: Array, weights: list[Array], biases: list[Array]) -> None:
    """Standardise, dense layers with ReLU between them, softmax: as one ONNX graph with a free batch dimension."""
    constants: dict[str, Array] = {"mean": mean, "scale": scale}
    nodes = [helper.make_node("Flatten", [input_name], ["flat"], axis=1),
             helper.make_node("Sub", ["flat", "mean"], ["centred"]),
             helper.make_node("Div", ["centred", "scale"], ["layer0"])]
    for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        constants |= {f"w{i}": weight, f"b{i}": bias}
        last = i == len(weights) - 1
        out = "logits" if last else f"dense{i}"
        nodes.append(helper.make_node("Gemm", [f"layer{i}", f"w{i}", f"b{i}"], [out]))
        if not last:
            nodes.append(helper.make_node("Relu", [out], [f"layer{i + 1}"]))
    nodes.append(helper.make_node("Softmax", ["logits"], [output_name], axis=1))
    graph = helper.make_graph(
        nodes, name,
        [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, ["n", *input_shape])],
        [helper.make_tensor_value_info(output_name, TensorProto.FLOAT, ["n", len(biases[-1])])],
        [numpy_helper.from_array(np.ascontiguousarray(v, np.float32), k) for k, v in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9,
                              producer_name="tessera")
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def save_metrics(name: str, metrics: dict[str, Any]) -> None:
    """The numbers a card may quote."""
    METRICS.mkdir(exist_ok=True)
    (METRICS / f"{name}.json").write_text(json.dumps(metrics, indent=1) + "\n")
    print(name, json.dumps(metrics))


def run_net(path: Path, inputs: dict[str, Array]) -> Array:
    """The first output of the written file, so that metrics are those of what is served."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, inputs)[0])
