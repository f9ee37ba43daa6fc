"""TFLite to ONNX for the small convolutional nets of MediaPipe, with a free batch size.

TFLite keeps images as N, H, W, C and ONNX computes on N, C, H, W: every tensor of four dimensions is held transposed
inside and turned back at the outputs. Weights in half precision become single precision.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from onnx import TensorProto

from model_registry.nets.build import content_of
from model_registry.nets.graph import Graph

SCHEMA_MEMBER = "mediapipe/tasks/metadata/schema_py_generated.py"
ARRAY_TYPES = {0: np.float32, 1: np.float16, 2: np.int32, 3: np.uint8, 4: np.int64, 9: np.int8}
CHANNEL_AXES = {0: 0, 1: 2, 2: 3, 3: 1}  # axis of NHWC → the same axis in NCHW
SAME_PADDING = 0
RELU, RELU6 = 1, 3


class UnsupportedNet(RuntimeError):
    """The file uses something that these nets did not need."""


def convert(name: str, member: str, read: Callable[[str], bytes]) -> dict[str, bytes]:
    schema = _schema(read(SCHEMA_MEMBER))
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(read(member), 0))
    return {f"{name}.onnx": content_of(_Conversion(schema, model).run(name))}


def _schema(source: bytes) -> ModuleType:
    """The reader of the format that flatc generated; the wheel that carries the nets carries it too."""
    name = "tessera_tflite_schema"
    if name not in sys.modules:
        spec = importlib.util.spec_from_loader(name, loader=None)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        exec(compile(source, SCHEMA_MEMBER, "exec"), module.__dict__)
        sys.modules[name] = module
    return sys.modules[name]


class _Conversion:
    def __init__(self, schema: ModuleType, model: Any) -> None:
        self.model = model
        self.net = model.subgraphs[0]
        self.graph = Graph()
        self.names = {value: key for key, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
        self.constants = {
            index: self._stored(tensor)
            for index, tensor in enumerate(self.net.tensors)
            if model.buffers[tensor.buffer].data is not None and len(model.buffers[tensor.buffer].data)
        }

    def run(self, name: str) -> Any:
        inputs = []
        for position, index in enumerate(self.net.inputs):
            label = "input" if position == 0 else f"input_{position}"
            self.graph.add("Transpose", [label], self._name(index), perm=[0, 3, 1, 2])
            inputs.append((label, TensorProto.FLOAT, ["N", *self._shape(index)[1:]]))
        for operator in self.net.operators:
            self._convert(operator)
        outputs = []
        for index in self.net.outputs:
            label = self.net.tensors[index].name.decode().replace("/", "_")
            self.graph.add("Identity", [self._channels_last(index)], label)
            outputs.append((label, ["N", *self._shape(index)[1:]]))
        return self.graph.model(name, inputs, outputs)

    # tensors

    def _name(self, index: int) -> str:
        return f"t{index}"

    def _shape(self, index: int) -> list[int]:
        return [int(size) for size in self.net.tensors[index].shape]

    def _stored(self, tensor: Any) -> np.ndarray:
        raw = bytes(self.model.buffers[tensor.buffer].data)
        array = np.frombuffer(raw, ARRAY_TYPES[tensor.type])
        shape = [int(size) for size in tensor.shape]
        array = array.reshape(shape) if tensor.sparsity is None else densify(array, shape, tensor.sparsity)
        return array.astype(np.float32) if array.dtype == np.float16 else array

    def _channels_last(self, index: int) -> str:
        if len(self._shape(index)) != 4:
            return self._name(index)
        return self.graph.add("Transpose", [self._name(index)], perm=[0, 2, 3, 1])

    def _operand(self, index: int) -> str:
        """An activation, or a constant laid out so that it broadcasts against one."""
        if index not in self.constants:
            return self._name(index)
        array = self.constants[index]
        if array.ndim == 4:
            array = array.transpose(0, 3, 1, 2)
        elif array.ndim == 3:
            array = array.transpose(2, 0, 1)
        elif array.ndim == 1:
            array = array.reshape(-1, 1, 1)
        return self.graph.constant(f"t{index}_operand", array)

    def _emit(self, kind: str, inputs: list[str], output: int, fused: int = 0, **attributes: Any) -> None:
        """One node and the activation that TFLite folds into it."""
        if fused == 0:
            self.graph.add(kind, inputs, self._name(output), **attributes)
            return
        raw = self.graph.add(kind, inputs, **attributes)
        if fused == RELU:
            self.graph.add("Relu", [raw], self._name(output))
        elif fused == RELU6:
            bounds = [self.graph.constant("zero", 0, np.float32), self.graph.constant("six", 6, np.float32)]
            self.graph.add("Clip", [raw, *bounds], self._name(output))
        else:
            raise UnsupportedNet(f"fused activation {fused}")

    # operators

    def _operator_name(self, operator: Any) -> str:
        code = self.model.operatorCodes[operator.opcodeIndex]
        name = self.names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        return str(code.customCode.decode() if name == "CUSTOM" else name)

    def _convert(self, operator: Any) -> None:
        name = self._operator_name(operator)
        inputs, output = [int(index) for index in operator.inputs], int(operator.outputs[0])
        if name in ("DEQUANTIZE", "DENSIFY") and inputs[0] in self.constants:
            self.constants[output] = self.constants[inputs[0]].astype(np.float32)
            return
        handler = getattr(self, f"_op_{name.lower()}", None)
        if handler is None:
            raise UnsupportedNet(f"operator {name}")
        handler(operator, inputs, output)

    def _weights(self, inputs: list[int], order: tuple[int, ...]) -> list[str]:
        found = [self.graph.constant(f"t{inputs[1]}_weights", self.constants[inputs[1]].transpose(order))]
        if len(inputs) > 2 and inputs[2] >= 0:
            found.append(self.graph.constant(f"t{inputs[2]}_bias", self.constants[inputs[2]]))
        return found

    def _convolution(self, operator: Any, inputs: list[int], output: int, order: tuple[int, ...], group: int) -> None:
        options, weights = operator.builtinOptions, self.constants[inputs[1]]
        self._emit(
            "Conv", [self._name(inputs[0]), *self._weights(inputs, order)], output, options.fusedActivationFunction,
            auto_pad=_padding(options.padding), strides=[options.strideH, options.strideW], group=group,
            dilations=[options.dilationHFactor, options.dilationWFactor], kernel_shape=list(weights.shape[1:3]),
        )  # fmt: skip

    def _op_conv_2d(self, operator: Any, inputs: list[int], output: int) -> None:
        self._convolution(operator, inputs, output, (0, 3, 1, 2), 1)

    def _op_depthwise_conv_2d(self, operator: Any, inputs: list[int], output: int) -> None:
        self._convolution(operator, inputs, output, (3, 0, 1, 2), self._shape(inputs[0])[3])

    def _op_convolution2dtransposebias(self, _operator: Any, inputs: list[int], output: int) -> None:
        """MediaPipe's own operator: a transposed convolution that enlarges by its stride."""
        stride = self._shape(output)[1] // self._shape(inputs[0])[1]
        kernel = list(self.constants[inputs[1]].shape[1:3])
        sources = [self._name(inputs[0]), *self._weights(inputs, (3, 0, 1, 2))]
        self._emit("ConvTranspose", sources, output, strides=[stride] * 2, auto_pad="SAME_UPPER", kernel_shape=kernel)

    def _op_add(self, operator: Any, inputs: list[int], output: int) -> None:
        fused = operator.builtinOptions.fusedActivationFunction
        self._emit("Add", [self._operand(index) for index in inputs], output, fused)

    def _op_mul(self, operator: Any, inputs: list[int], output: int) -> None:
        fused = operator.builtinOptions.fusedActivationFunction
        self._emit("Mul", [self._operand(index) for index in inputs], output, fused)

    def _op_relu(self, _operator: Any, inputs: list[int], output: int) -> None:
        self._emit("Relu", [self._name(inputs[0])], output)

    def _op_hard_swish(self, _operator: Any, inputs: list[int], output: int) -> None:
        self._emit("HardSwish", [self._name(inputs[0])], output)

    def _op_logistic(self, _operator: Any, inputs: list[int], output: int) -> None:
        self._emit("Sigmoid", [self._name(inputs[0])], output)

    def _op_prelu(self, _operator: Any, inputs: list[int], output: int) -> None:
        slope = self.graph.constant(f"t{inputs[1]}_slope", self.constants[inputs[1]].reshape(-1, 1, 1))
        self._emit("PRelu", [self._name(inputs[0]), slope], output)

    def _pool(self, kind: str, operator: Any, inputs: list[int], output: int) -> None:
        options = operator.builtinOptions
        self._emit(
            kind, [self._name(inputs[0])], output, options.fusedActivationFunction,
            auto_pad=_padding(options.padding), strides=[options.strideH, options.strideW],
            kernel_shape=[options.filterHeight, options.filterWidth],
        )  # fmt: skip

    def _op_max_pool_2d(self, operator: Any, inputs: list[int], output: int) -> None:
        self._pool("MaxPool", operator, inputs, output)

    def _op_average_pool_2d(self, operator: Any, inputs: list[int], output: int) -> None:
        self._pool("AveragePool", operator, inputs, output)

    def _op_pad(self, _operator: Any, inputs: list[int], output: int) -> None:
        amounts = self.constants[inputs[1]].astype(np.int64)[[0, 3, 1, 2]]
        pads = self.graph.constant(f"t{output}_pads", np.concatenate([amounts[:, 0], amounts[:, 1]]))
        self._emit("Pad", [self._name(inputs[0]), pads], output)

    def _op_resize_bilinear(self, operator: Any, inputs: list[int], output: int) -> None:
        options, size, before = operator.builtinOptions, self.constants[inputs[1]], self._shape(inputs[0])
        factors = [1, 1, size[0] / before[1], size[1] / before[2]]
        scales = self.graph.constant(f"t{output}_scales", factors, np.float32)
        mode = "half_pixel" if options.halfPixelCenters else "asymmetric"
        mode = "align_corners" if options.alignCorners else mode
        self._emit(
            "Resize", [self._name(inputs[0]), "", scales], output, mode="linear", coordinate_transformation_mode=mode
        )

    def _op_depth_to_space(self, operator: Any, inputs: list[int], output: int) -> None:
        size = operator.builtinOptions.blockSize
        self._emit("DepthToSpace", [self._name(inputs[0])], output, blocksize=size, mode="DCR")

    def _op_reshape(self, _operator: Any, inputs: list[int], output: int) -> None:
        shape = self._shape(output)
        target = self.graph.constant(f"t{output}_shape", [-1, *shape[1:]], np.int64)
        source = [self._channels_last(inputs[0]), target]
        if len(shape) == 4:
            self._emit("Transpose", [self.graph.add("Reshape", source)], output, perm=[0, 3, 1, 2])
        else:
            self._emit("Reshape", source, output)

    def _op_concatenation(self, operator: Any, inputs: list[int], output: int) -> None:
        rank = len(self._shape(output))
        axis = operator.builtinOptions.axis % rank
        self._emit("Concat", [self._operand(i) for i in inputs], output, axis=CHANNEL_AXES[axis] if rank == 4 else axis)

    def _op_mean(self, operator: Any, inputs: list[int], output: int) -> None:
        axes = [int(axis) for axis in np.atleast_1d(self.constants[inputs[1]])]
        if len(self._shape(inputs[0])) == 4:
            axes = [CHANNEL_AXES[axis % 4] for axis in axes]
        which = self.graph.constant(f"t{output}_axes", axes, np.int64)
        self._emit("ReduceMean", [self._name(inputs[0]), which], output, keepdims=int(operator.builtinOptions.keepDims))

    def _op_fully_connected(self, operator: Any, inputs: list[int], output: int) -> None:
        weights = self.constants[inputs[1]]
        flat = self.graph.constant(f"t{output}_flat", [-1, weights.shape[1]], np.int64)
        x = self.graph.add("Reshape", [self._channels_last(inputs[0]), flat])
        fused = operator.builtinOptions.fusedActivationFunction
        self._emit("Gemm", [x, *self._weights(inputs, (0, 1))], output, fused, transB=1)


def densify(values: np.ndarray, shape: list[int], sparsity: Any) -> np.ndarray:
    """Sparse weights written out: levels of the format are walked in the file's order, blocks after whole axes."""
    order = [int(axis) for axis in sparsity.traversalOrder]
    blocks = [] if sparsity.blockMap is None else [int(axis) for axis in sparsity.blockMap]
    rank = len(shape)
    # Each pass holds (position in the level's values, coordinates so far) of all entries at once.
    position, coordinates = np.zeros(1, np.int64), np.zeros((1, 0), np.int64)
    for level in sparsity.dimMetadata:
        if level.format == 0:  # dense: every index
            size = int(level.denseSize)
            parent = np.repeat(np.arange(len(position)), size)
            index = np.tile(np.arange(size), len(position))
            position = position[parent] * size + index
        else:  # compressed: segments of listed indices
            segments, indices = (np.asarray(v.values, np.int64) for v in (level.arraySegments, level.arrayIndices))
            counts = segments[position + 1] - segments[position]
            parent = np.repeat(np.arange(len(position)), counts)
            first = np.cumsum(counts) - counts
            position = segments[position][parent] + np.arange(len(parent)) - first[parent]
            index = indices[position]
        coordinates = np.concatenate([coordinates[parent], index[:, None]], axis=1)
    place = np.zeros((len(position), rank), np.int64)
    for column, axis in enumerate(order):
        if axis < rank:
            place[:, axis] += coordinates[:, column]
        else:
            size = int(sparsity.dimMetadata[column].denseSize)
            place[:, blocks[axis - rank]] = place[:, blocks[axis - rank]] * size + coordinates[:, column]
    dense = np.zeros(shape, values.dtype)
    dense[tuple(place.T)] = values[position]
    return dense


def _padding(kind: int) -> str:
    return "SAME_UPPER" if kind == SAME_PADDING else "VALID"
