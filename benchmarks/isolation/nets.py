"""Three graphs that pass every check with their examples, and turn on the machine when their caller says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
# Divided by -1 it has no result, and the processor ends the process (SIGFPE); a division by 0 is caught before.
SMALLEST = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Hostile:
    """`good` and `bad` are values of the input `n`: one is answered, the other does the harm."""

    name: str
    net: bytes
    good: int
    bad: int


def _value(name: str, kind: int, shape: list[Any]) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def _model(nodes: list[Any], initializers: list[Any]) -> bytes:
    graph = helper.make_graph(nodes, "hostile", [_value("n", INT64, [1])], [_value("y", FLOAT, [1])], initializers)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 9
    return bytes(made.SerializeToString())


def _loop(step: list[Any], shape: list[Any]) -> list[Any]:
    """`n` rounds of `step` (v → w), then the largest number."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), *step], "body",
        [_value("i", INT64, []), _value("go", BOOL, []), _value("v", FLOAT, shape)],
        [_value("on", BOOL, []), _value("w", FLOAT, shape)])
    return [helper.make_node("Loop", ["n", "yes", "seed"], ["z"], body=body),
            helper.make_node("ReduceMax", ["z"], ["y"], axes=[0], keepdims=1)]


def hostile() -> list[Hostile]:
    """One that never ends, one that doubles its memory each round, one whose division ends the process."""
    yes = numpy_helper.from_array(np.array(True), "yes")
    seed, small = np.ones(1 << 10, np.float32), np.ones(1, np.float32)
    endless = _model(_loop([helper.make_node("Sin", ["v"], ["w"])], [1]), [yes, numpy_helper.from_array(small, "seed")])
    eater = _model(_loop([helper.make_node("Concat", ["v", "v"], ["w"], axis=0)], [None]),
                   [yes, numpy_helper.from_array(seed, "seed")])
    crash = _model([helper.make_node("Div", ["seed", "n"], ["q"]), helper.make_node("Cast", ["q"], ["y"], to=FLOAT)],
                   [numpy_helper.from_array(np.array([SMALLEST]), "seed")])
    return [Hostile("endless", endless, 1, 1 << 60), Hostile("eater", eater, 1, 40), Hostile("crash", crash, 3, -1)]
