"""Small nets in plain numpy: layers with their gradients, streams fused by learned weights, Adam, and ONNX.

A stream is a list of layers from one input to a vector. Each stream votes for the labels, and a learned score of its
vector, a softmax over the streams that are present, decides how much its vote counts for this very sample. Streams are
left out at random while training, so that the net answers with any of them missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnx
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]
ABSENT = 1e4  # taken off the score of a stream that is missing


class Graph:
    """Nodes and constants of an ONNX graph under construction."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, Array] = {}

    def add(self, kind: str, inputs: list[str], name: str = "", **attributes: Any) -> str:
        """Appends a node with one output, and returns the output's name."""
        name = name or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, value: Array) -> str:
        """Stores a constant (float32 unless it is of whole numbers), and returns its name."""
        name = f"c{len(self.constants)}"
        whole = np.issubdtype(np.asarray(value).dtype, np.integer)
        self.constants[name] = np.ascontiguousarray(value, np.int64 if whole else np.float32)
        return name

    def save(self, path: Path, inputs: dict[str, list[Any]], outputs: dict[str, list[Any]]) -> None:
        """Checks and writes the graph; shapes are without the batch dimension."""
        def infos(shapes: dict[str, list[Any]]) -> list[Any]:
            return [helper.make_tensor_value_info(k, TensorProto.FLOAT, ["n", *v]) for k, v in shapes.items()]

        graph = helper.make_graph(self.nodes, path.stem, infos(inputs), infos(outputs),
                                  [numpy_helper.from_array(v, k) for k, v in self.constants.items()])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9,
                                  producer_name="tessera")
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, str(path))


class Layer(Protocol):
    """Forward, backward (which keeps the gradients of `values` in `slopes`), and the same as ONNX nodes."""

    values: list[Array]
    slopes: list[Array]

    def forward(self, x: Array) -> Array: ...
    def backward(self, slope: Array) -> Array: ...
    def export(self, graph: Graph, name: str) -> str: ...


class Dense:
    """x·W + b on the last axis."""

    def __init__(self, rng: np.random.Generator, wide: int, out: int) -> None:
        self.values = [rng.normal(0, np.sqrt(2 / wide), (wide, out)).astype(np.float32), np.zeros(out, np.float32)]
        self.slopes: list[Array] = []

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.asarray(x @ self.values[0] + self.values[1])

    def backward(self, slope: Array) -> Array:
        flat, rows = slope.reshape(-1, slope.shape[-1]), self.x.reshape(-1, self.x.shape[-1])
        self.slopes = [rows.T @ flat, flat.sum(axis=0)]
        return np.asarray(slope @ self.values[0].T)

    def export(self, graph: Graph, name: str) -> str:
        product = graph.add("MatMul", [name, graph.constant(self.values[0])])
        return graph.add("Add", [product, graph.constant(self.values[1])])


class Relu:
    """max(x, 0)."""

    def __init__(self) -> None:
        self.values: list[Array] = []
        self.slopes: list[Array] = []

    def forward(self, x: Array) -> Array:
        self.on = x > 0
        return np.asarray(x * self.on)

    def backward(self, slope: Array) -> Array:
        return np.asarray(slope * self.on)

    def export(self, graph: Graph, name: str) -> str:
        return graph.add("Relu", [name])


class Conv1d:
    """[n, channels, points] → [n, out, steps], without padding."""

    def __init__(self, rng: np.random.Generator, channels: int, out: int, kernel: int, stride: int) -> None:
        size = (channels * kernel, out)
        self.values = [rng.normal(0, np.sqrt(2 / size[0]), size).astype(np.float32), np.zeros(out, np.float32)]
        self.slopes: list[Array] = []
        self.channels, self.kernel, self.stride = channels, kernel, stride

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        windows = sliding_window_view(x, self.kernel, axis=2)[:, :, :: self.stride]  # n, channels, steps, kernel
        self.columns = windows.transpose(0, 2, 1, 3).reshape(len(x), windows.shape[2], -1)
        return np.asarray((self.columns @ self.values[0] + self.values[1]).transpose(0, 2, 1))

    def backward(self, slope: Array) -> Array:
        turned = np.ascontiguousarray(slope.transpose(0, 2, 1))
        flat = turned.reshape(-1, turned.shape[2])
        self.slopes = [self.columns.reshape(-1, self.columns.shape[2]).T @ flat, flat.sum(axis=0)]
        back = (turned @ self.values[0].T).reshape(len(slope), -1, self.channels, self.kernel)
        out = np.zeros(self.shape, np.float32)
        last = self.stride * (back.shape[1] - 1) + 1
        for i in range(self.kernel):
            out[:, :, i : i + last : self.stride] += back[:, :, :, i].transpose(0, 2, 1)
        return out

    def export(self, graph: Graph, name: str) -> str:
        weight = self.values[0].T.reshape(-1, self.channels, self.kernel)
        return graph.add("Conv", [name, graph.constant(weight), graph.constant(self.values[1])],
                         strides=[self.stride], kernel_shape=[self.kernel])


class Bounded:
    """limit · tanh(x / limit): nearly x where x is small, never beyond the limit."""

    def __init__(self, limit: float) -> None:
        self.values: list[Array] = []
        self.slopes: list[Array] = []
        self.limit = limit

    def forward(self, x: Array) -> Array:
        self.share = np.tanh(x / self.limit)
        return np.asarray(self.limit * self.share)

    def backward(self, slope: Array) -> Array:
        return np.asarray(slope * (1 - self.share**2))

    def export(self, graph: Graph, name: str) -> str:
        limit = graph.constant(np.array([self.limit]))
        return graph.add("Mul", [graph.add("Tanh", [graph.add("Div", [name, limit])]), limit])


class Flatten:
    """All axes but the first become one."""

    def __init__(self) -> None:
        self.values: list[Array] = []
        self.slopes: list[Array] = []

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, slope: Array) -> Array:
        return slope.reshape(self.shape)

    def export(self, graph: Graph, name: str) -> str:
        return graph.add("Flatten", [name], axis=1)


class Highest:
    """[n, items, width] → [n, width]: what any of the items says loudest."""

    def __init__(self) -> None:
        self.values: list[Array] = []
        self.slopes: list[Array] = []

    def forward(self, x: Array) -> Array:
        self.shape, self.where = x.shape, x.argmax(axis=1)[:, None]
        return np.asarray(np.take_along_axis(x, self.where, axis=1)[:, 0])

    def backward(self, slope: Array) -> Array:
        out = np.zeros(self.shape, np.float32)
        np.put_along_axis(out, self.where, slope[:, None], axis=1)
        return out

    def export(self, graph: Graph, name: str) -> str:
        return graph.add("ReduceMax", [name], axes=[1], keepdims=0)


class Chain:
    """Layers one after the other, of which the first alone learns."""

    def __init__(self, first: Layer, *rest: Layer) -> None:
        self.parts = (first, *rest)
        self.values, self.slopes = first.values, first.slopes

    def forward(self, x: Array) -> Array:
        for part in self.parts:
            x = part.forward(x)
        return x

    def backward(self, slope: Array) -> Array:
        for part in reversed(self.parts):
            slope = part.backward(slope)
        self.slopes = self.parts[0].slopes
        return slope

    def export(self, graph: Graph, name: str) -> str:
        for part in self.parts:
            name = part.export(graph, name)
        return name


def softmax(x: Array) -> Array:
    """Along the last axis."""
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


@dataclass
class Stream:
    """One input: its name, its shape without the batch, its layers, the width of the vector that they end in, and
    whether training centres and scales it."""

    name: str
    shape: list[int]
    layers: Sequence[Layer]
    width: int
    standardise: bool = True
    mean: Array = field(default_factory=lambda: np.zeros(1, np.float32))
    scale: Array = field(default_factory=lambda: np.ones(1, np.float32))


class FusedNet:
    """Streams, a vote and a gate for each; logits are the votes weighted by the gates, times the streams present.

    `vote` and `gate` bound what a stream may say and how much its word may count: one that sees what it never saw is
    often surest of itself, and must not outvote the others.
    """

    def __init__(self, rng: np.random.Generator, streams: list[Stream], labels: int, *, vote: float = 5.0,
                 gate: float = 1.5) -> None:
        self.streams, self.labels = streams, labels
        self.votes = [Chain(Dense(rng, s.width, labels), Bounded(vote)) for s in streams]
        self.gates = [Chain(Dense(rng, s.width, 1), Bounded(gate)) for s in streams]
        for one in self.gates:
            one.values[0] *= 0.1  # all streams count alike at first

    def layers(self) -> list[Layer]:
        """All that has something to learn."""
        learning = [layer for s in self.streams for layer in s.layers if layer.values]
        return [*learning, *self.votes, *self.gates]

    def forward(self, inputs: list[Array], present: Array) -> tuple[Array, Array, Array]:
        """Logits [n, labels], weights [n, streams] and votes [n, streams, labels]; `present`: [n, streams], 0 or 1."""
        vectors = []
        for stream, x in zip(self.streams, inputs, strict=True):
            for layer in stream.layers:
                x = layer.forward(x)
            vectors.append(x)
        votes = np.stack([v.forward(x) for v, x in zip(self.votes, vectors, strict=True)], axis=1)
        scores = np.concatenate([g.forward(x) for g, x in zip(self.gates, vectors, strict=True)], axis=1)
        weights = softmax(scores + (present - 1) * ABSENT)
        return (weights[:, :, None] * votes).sum(axis=1) * present.sum(axis=1, keepdims=True), weights, votes

    def learn(self, inputs: list[Array], present: Array, truth: Array, single: float) -> float:
        """Gradients of the cross entropy of the fused answer, and `single` times that of each stream's own."""
        logits, weights, votes = self.forward(inputs, present)
        rows, n = np.arange(len(truth)), len(truth)
        answer = softmax(logits)
        loss = float(-np.log(answer[rows, truth] + 1e-12).mean())
        slope = answer
        slope[rows, truth] -= 1
        slope = slope / n * present.sum(axis=1, keepdims=True)
        of_votes = weights[:, :, None] * slope[:, None]
        of_weights = (votes * slope[:, None]).sum(axis=2)
        of_scores = weights * (of_weights - (weights * of_weights).sum(axis=1, keepdims=True))
        own = softmax(votes)
        own[rows, :, truth] -= 1
        of_votes = of_votes + single / n * present[:, :, None] * own
        for i, stream in enumerate(self.streams):
            back = self.votes[i].backward(of_votes[:, i].astype(np.float32))
            back = back + self.gates[i].backward(of_scores[:, i : i + 1].astype(np.float32))
            for layer in reversed(stream.layers):
                back = layer.backward(back)
        return loss

    def fit(self, inputs: list[Array], truth: Array, rng: np.random.Generator, *, epochs: int, rate: float = 2e-3,
            batch: int = 64, missing: float = 0.15, noise: Sequence[float] = (), decay: float = 1e-4,
            single: float = 0.3) -> float:
        """Adam with a falling rate; each stream is missing in a share of the samples, and gets noise added. Returns the
        last epoch's loss."""
        for stream, x in zip(self.streams, inputs, strict=True):
            if stream.standardise:
                stream.mean, stream.scale = x.mean(axis=0), x.std(axis=0) + 1e-6
        data = [((x - s.mean) / s.scale).astype(np.float32) for s, x in zip(self.streams, inputs, strict=True)]
        layers = self.layers()
        moments = [[(np.zeros_like(v), np.zeros_like(v)) for v in layer.values] for layer in layers]
        step, steps, loss = 0, epochs * (len(truth) // batch), 0.0
        for _ in range(epochs):
            order, losses = rng.permutation(len(truth)), []
            for at in range(0, len(truth) - batch + 1, batch):
                rows = order[at : at + batch]
                present = (rng.random((batch, len(data))) >= missing).astype(np.float32)
                present[present.sum(axis=1) == 0] = 1
                chosen = [x[rows] for x in data]
                for i, size in enumerate(noise):
                    chosen[i] = chosen[i] + size * rng.standard_normal(chosen[i].shape, dtype=np.float32)
                losses.append(self.learn(chosen, present, truth[rows], single))
                step += 1
                pace = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
                for layer, kept in zip(layers, moments, strict=True):
                    for value, slope, (first, second) in zip(layer.values, layer.slopes, kept, strict=True):
                        first += 0.1 * (slope - first)
                        second += 0.001 * (slope**2 - second)
                        adapted = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
                        value -= (pace * (adapted + decay * value)).astype(np.float32)
            loss = float(np.mean(losses))
        return loss

    def predict(self, inputs: list[Array], present: Array | None = None) -> tuple[Array, Array]:
        """Probabilities and weights, as the written net gives them."""
        data = [((x - s.mean) / s.scale).astype(np.float32) for s, x in zip(self.streams, inputs, strict=True)]
        there = np.ones((len(data[0]), len(data)), np.float32) if present is None else present
        logits, weights, _ = self.forward(data, there)
        return softmax(logits), weights

    def save(self, path: Path) -> None:
        """Inputs: each stream by its name, and `present`. Outputs: `probabilities` and `weights`."""
        graph = Graph()
        votes, scores = [], []
        last = graph.constant(np.array([1], np.int64))
        for stream, vote, gate in zip(self.streams, self.votes, self.gates, strict=True):
            name = stream.name
            if stream.standardise:
                name = graph.add("Sub", [name, graph.constant(stream.mean)])
                name = graph.add("Div", [name, graph.constant(stream.scale)])
            for layer in stream.layers:
                name = layer.export(graph, name)
            votes.append(graph.add("Unsqueeze", [vote.export(graph, name), last]))
            scores.append(gate.export(graph, name))
        missing = graph.add("Sub", ["present", graph.constant(np.ones(1))])
        missing = graph.add("Mul", [missing, graph.constant(np.array([ABSENT]))])
        graph.add("Softmax", [graph.add("Add", [graph.add("Concat", scores, axis=1), missing])], "weights", axis=1)
        shares = graph.add("Unsqueeze", ["weights", graph.constant(np.array([2], np.int64))])
        weighted = graph.add("Mul", [graph.add("Concat", votes, axis=1), shares])
        total = graph.add("ReduceSum", [weighted, last], keepdims=0)
        count = graph.add("ReduceSum", ["present", last], keepdims=1)
        graph.add("Softmax", [graph.add("Mul", [total, count])], "probabilities", axis=1)
        graph.save(path, {**{s.name: list(s.shape) for s in self.streams}, "present": [len(self.streams)]},
                   {"probabilities": [self.labels], "weights": [len(self.streams)]})
