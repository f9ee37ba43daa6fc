"""A small writer of ONNX graphs: names its tensors, keeps constants once."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
IR_VERSION = 9  # what Triton's ONNX Runtime of this release reads


class Graph:
    """Nodes and constants in the order they are added."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._count = 0

    def constant(self, name: str, value: Any, dtype: Any = None) -> str:
        if name not in self._constants:
            # Not ascontiguousarray: that would turn a scalar into a vector of one.
            array = np.array(value, dtype=dtype, order="C")
            self._constants[name] = numpy_helper.from_array(array, name)
        return name

    def add(self, operator: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        """Adds one node and returns the name of its output."""
        if not output:
            self._count += 1
            output = f"{operator.lower()}_{self._count}"
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def add_node(self, operator: str, inputs: list[str], outputs: list[str], **attributes: Any) -> list[str]:
        self._nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return outputs

    def model(self, name: str, inputs: list[tuple[str, int, list[Any]]], outputs: list[tuple[str, list[Any]]]) -> Any:
        """The finished model: inputs as (name, type, shape), outputs as (name, shape), all outputs float."""
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(key, kind, shape) for key, kind, shape in inputs],
            [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in outputs],
            list(self._constants.values()),
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="tessera"
        )
        onnx.checker.check_model(model)
        return model
