"""The numpy nets: gradients against differences, ONNX against numpy, and the same bytes from the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from model_registry.training.export import run_net
from model_registry.training.network import Conv1d, Dense, Flatten, FusedNet, Highest, Relu, Stream, softmax


def two_streams(rng: np.random.Generator) -> FusedNet:
    wave = Stream("wave", [1, 20], [Conv1d(rng, 1, 4, 5, 2), Relu(), Conv1d(rng, 4, 3, 3, 2), Relu(), Flatten(),
                                    Dense(rng, 9, 6), Relu()], 6)
    lines = Stream("lines", [3, 5], [Dense(rng, 5, 7), Relu(), Highest(), Dense(rng, 7, 6), Relu()], 6)
    return FusedNet(rng, [wave, lines], 3)


def samples(rng: np.random.Generator, count: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Which of three the sample is shows in the wave's middle and in one line."""
    truth = rng.integers(0, 3, count)
    wave, lines = rng.normal(0, 1, (count, 1, 20)), rng.normal(0, 1, (count, 3, 5))
    wave[:, 0, 8:12] += (truth[:, None] - 1) * 2
    lines[np.arange(count), rng.integers(0, 3, count), truth] += 4
    return [wave.astype(np.float32), lines.astype(np.float32)], truth


def test_every_gradient_is_the_slope_of_the_loss() -> None:
    rng = np.random.default_rng(0)
    net = two_streams(rng)
    inputs, truth = samples(rng, 6)
    inputs = [x.astype(np.float64) for x in inputs]
    for layer in net.layers():
        layer.values[:] = [v.astype(np.float64) for v in layer.values]
    present = np.array([[1, 1], [1, 0], [0, 1], [1, 1], [1, 1], [1, 1.0]])

    def loss() -> float:
        logits, _, votes = net.forward(inputs, present)
        rows = np.arange(len(truth))
        fused = -np.log(softmax(logits)[rows, truth]).mean()
        own = (-np.log(softmax(votes)[rows, :, truth]) * present).sum() / len(truth)
        return float(fused + 0.3 * own)

    net.learn(inputs, present, truth, 0.3)
    slopes = [[s.copy() for s in layer.slopes] for layer in net.layers()]
    for layer, found in zip(net.layers(), slopes, strict=True):
        for value, slope in zip(layer.values, found, strict=True):
            at = tuple(int(rng.integers(0, size)) for size in value.shape)
            kept = value[at]
            value[at] = kept + 1e-5
            above = loss()
            value[at] = kept - 1e-5
            below = loss()
            value[at] = kept
            assert abs((above - below) / 2e-5 - slope[at]) < 1e-5


def test_it_learns_prefers_both_streams_and_is_written_as_it_is(tmp_path: Path) -> None:
    def trained(path: Path) -> FusedNet:
        rng = np.random.default_rng(1)
        net = two_streams(rng)
        net.fit(*samples(rng, 1500), rng, epochs=12)
        net.save(path)
        return net

    net = trained(tmp_path / "net.onnx")
    once = (tmp_path / "net.onnx").read_bytes()
    trained(tmp_path / "net.onnx")
    assert (tmp_path / "net.onnx").read_bytes() == once
    inputs, truth = samples(np.random.default_rng(2), 400)
    right = {}
    for name, there in {"both": (1, 1), "wave": (1, 0), "lines": (0, 1)}.items():
        present = np.tile(np.array(there, np.float32), (400, 1))
        expected, weights = net.predict(inputs, present)
        found = run_net(tmp_path / "net.onnx", {"wave": inputs[0], "lines": inputs[1], "present": present})
        assert np.allclose(found, expected, atol=1e-5)
        assert np.allclose(weights.sum(axis=1), 1)
        assert np.allclose(weights[:, np.array(there) == 0], 0)
        right[name] = float((expected.argmax(axis=1) == truth).mean())
    assert right["both"] > max(right["wave"], right["lines"]) + 0.03
    assert right["both"] > 0.85
    assert min(right.values()) > 0.5  # of three, by chance 0.33
