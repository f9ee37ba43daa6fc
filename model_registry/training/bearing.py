"""Bearing faults on simulated vibration: order spectra in, a multilayer perceptron decides among six states.

Everything is simulated: impact trains with slip through a resonance, modulated by shaft and cage, on shaft harmonics
and noise. So the honest numbers are the shifted ones: a geometry kept out of training, and more noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from model_registry.catalog_kit.vibration import POINTS, RATE, features
from model_registry.training.export import CATALOG, run_net, save_metrics, save_mlp

NET = CATALOG / "energy" / "bearing_fault" / "bearing-mlp.onnx"
STATES = ("normal", "outer_race", "inner_race", "ball", "imbalance", "misalignment")
UNSEEN = (13, 6.75 / 38.5)  # balls, ball over pitch diameter

Array = NDArray[Any]


def simulate(rng: np.random.Generator, state: int, *, snr: float | None = None,
             geometry: tuple[int, float] | None = None) -> tuple[Array, float]:
    """One window of acceleration and the shaft's turns a second."""
    shaft = rng.uniform(900, 3000) / 60
    balls, ratio = geometry or (int(rng.integers(7, 12)), rng.uniform(0.17, 0.26))
    t = np.arange(POINTS) / RATE

    def tone(order: float, size: float) -> Array:
        return size * np.sin(2 * np.pi * order * shaft * t + rng.uniform(0, 2 * np.pi))

    x = tone(1, 0.15 * rng.uniform(0.3, 1)) + tone(2, 0.08 * rng.uniform(0.2, 1))
    x += 0.05 * np.sin(2 * np.pi * rng.uniform(350, 550) * t)
    severity = rng.uniform(0.5, 2)
    if state in (1, 2, 3):
        rate = shaft * {1: balls / 2 * (1 - ratio), 2: balls / 2 * (1 + ratio), 3: (1 - ratio**2) / ratio}[state]
        ring = np.arange(int(0.012 * RATE)) / RATE
        natural, damping = rng.uniform(2200, 4500), rng.uniform(0.03, 0.08)
        response = np.exp(-2 * np.pi * natural * damping * ring) * np.sin(2 * np.pi * natural * ring)
        hits = np.zeros(POINTS + len(ring))
        phase, cage = rng.uniform(0, 2 * np.pi), shaft / 2 * (1 - ratio)
        when = rng.uniform(0, 1) / rate
        while when < POINTS / RATE:
            load = {1: 1.0, 2: 0.55 + 0.45 * np.cos(2 * np.pi * shaft * when + phase),
                    3: 0.6 + 0.4 * np.cos(2 * np.pi * cage * when + phase)}[state]
            at = int(when * RATE)
            hits[at : at + len(ring)] += severity * load * rng.uniform(0.8, 1.2) * response
            when += (1 + rng.normal(0, 0.012)) / rate
        x += hits[:POINTS]
    if state == 4:
        x += tone(1, severity * 0.9)
    if state == 5:
        x += tone(1, severity * 0.35) + tone(2, severity * 0.8) + tone(3, severity * 0.3)
    noise = rng.uniform(0, 20) if snr is None else snr
    x += rng.normal(0, np.sqrt((x**2).mean()) * 10 ** (-noise / 20), POINTS)
    return x, shaft


def batch(count: int, seed: int, **how: Any) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    states = rng.integers(0, len(STATES), count)
    rows = [features(*simulate(rng, int(s), **how)) for s in states]
    return np.array(rows, np.float32), states


def main() -> None:
    x, y = batch(9000, 1)
    scaler = StandardScaler().fit(x)
    model = MLPClassifier((96, 48), alpha=3e-2, max_iter=60, early_stopping=True, random_state=0)
    model.fit(scaler.transform(x), y)
    NET.parent.mkdir(parents=True, exist_ok=True)
    save_mlp(NET, name="bearing-mlp", input_name="features", output_name="probabilities", input_shape=[x.shape[1]],
             mean=scaler.mean_, scale=scaler.scale_, weights=list(model.coefs_), biases=list(model.intercepts_))

    def accuracy(**how: Any) -> float:
        rows, states = batch(1500, **how)
        return round(float((run_net(NET, {"features": rows}).argmax(1) == states).mean()), 3)

    save_metrics("bearing", {
        "train": len(x), "test": 1500, "accuracy_same_simulation": accuracy(seed=2),
        "accuracy_unseen_geometry_3db": accuracy(seed=3, geometry=UNSEEN, snr=3.0),
        "accuracy_minus5db": accuracy(seed=4, snr=-5.0)})


if __name__ == "__main__":
    main()
