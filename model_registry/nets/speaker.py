"""The Resemblyzer voice encoder (three LSTM layers, one linear) from its torch checkpoint, read without torch.

The checkpoint is the old format: a pickle that names storages, then the storages raw. The unpickler below admits
tensors, ordered dictionaries and plain values only; every other class becomes an empty object, so nothing is executed.
"""

from __future__ import annotations

import collections
import io
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto

from model_registry.nets.build import content_of
from model_registry.nets.graph import Graph

MEMBER = "resemblyzer/pretrained.pt"
HIDDEN = 256
LAYERS = 3
STORAGE_TYPES = {"FloatStorage": np.float32, "LongStorage": np.int64, "DoubleStorage": np.float64}


def convert(name: str, read: Callable[[str], bytes]) -> dict[str, bytes]:
    return {f"{name}.onnx": content_of(_encoder(_checkpoint(read(MEMBER))))}


class _Ignored:
    def __init__(self, *_arguments: Any, **_named: Any) -> None: ...

    def __setstate__(self, _state: Any) -> None: ...


class _Reader(pickle.Unpickler):
    """Keeps tensors as (storage key, offset, size, stride) until the storages are read."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.types: dict[str, Any] = {}

    def find_class(self, module: str, name: str) -> Any:
        if name == "_rebuild_tensor_v2":
            return lambda key, offset, size, stride, *_rest: (key, offset, size, stride)
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        return name if name in STORAGE_TYPES else _Ignored

    def persistent_load(self, pid: Any) -> str:
        _tag, kind, key = pid[0], pid[1], pid[2]
        self.types[key] = STORAGE_TYPES[kind]
        return str(key)


def _checkpoint(content: bytes) -> dict[str, np.ndarray]:
    file = io.BytesIO(content)
    for _header in range(3):  # magic number, protocol, system
        _Reader(file).load()
    reader = _Reader(file)
    state = reader.load()["model_state"]
    storages = {}
    for key in _Reader(file).load():
        count = int(np.frombuffer(file.read(8), np.int64)[0])
        kind = np.dtype(reader.types[key])
        storages[key] = np.frombuffer(file.read(count * kind.itemsize), kind)

    def array(key: str, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> np.ndarray:
        storage = storages[key][offset:]
        steps = [step * storage.itemsize for step in stride]
        return np.lib.stride_tricks.as_strided(storage, size, steps).copy()

    return {key: array(*value) for key, value in state.items() if isinstance(value, tuple)}


def _gates(array: np.ndarray) -> np.ndarray:
    """torch orders the gates input, forget, cell, output; ONNX input, output, forget, cell."""
    i, f, c, o = np.split(array, 4)
    return np.concatenate([i, o, f, c])


def _encoder(weights: dict[str, np.ndarray]) -> Any:
    graph = Graph()
    x = graph.add("Transpose", ["mels"], perm=[1, 0, 2])
    last = ""
    for layer in range(LAYERS):
        biases = [_gates(weights[f"lstm.bias_{part}_l{layer}"]) for part in ("ih", "hh")]
        inputs = [
            x,
            graph.constant(f"w{layer}", _gates(weights[f"lstm.weight_ih_l{layer}"])[None]),
            graph.constant(f"r{layer}", _gates(weights[f"lstm.weight_hh_l{layer}"])[None]),
            graph.constant(f"b{layer}", np.concatenate(biases)[None]),
        ]
        sequence, last = graph.add_node("LSTM", inputs, [f"sequence{layer}", f"last{layer}"], hidden_size=HIDDEN)
        x = graph.add("Squeeze", [sequence, graph.constant("axis_1", [1], np.int64)])
    final = graph.add("Squeeze", [last, graph.constant("axis_0", [0], np.int64)])
    linear = [final, graph.constant("linear_w", weights["linear.weight"])]
    product = graph.add("Gemm", [*linear, graph.constant("linear_b", weights["linear.bias"])], transB=1)
    raw = graph.add("Relu", [product])
    length = graph.add("ReduceL2", [raw, graph.constant("axis_1", [1], np.int64)], keepdims=1)
    graph.add("Div", [raw, length], "embedding")
    mels = [("mels", TensorProto.FLOAT, ["N", "T", 40])]
    return graph.model("speaker-encoder", mels, [("embedding", ["N", HIDDEN])])
