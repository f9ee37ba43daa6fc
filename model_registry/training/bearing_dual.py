"""Bearing faults from two streams: a 1D-CNN over order spectra of vibration, and the lines of the machine's log.

Both are simulated. Compared on the same windows: each stream's own net, the fused net with a stream missing, and
thresholds on four usual vibration indicators. The honest conditions are the shifted ones: a bearing geometry that
training never had, noise, and a plant that words its logs differently. `metrics/bearing_dual.json` holds them all, also
those in which fusion does not help.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit.machine_log import LINES, WIDTH, normal_line, stack
from model_registry.catalog_kit.minilm import embed
from model_registry.catalog_kit.runner import local_nets
from model_registry.catalog_kit.vibration import SHAFT_ORDERS, features
from model_registry.training.bearing import STATES, UNSEEN, simulate
from model_registry.training.export import CATALOG, run_net, save_metrics
from model_registry.training.machine_logs import simulate_log
from model_registry.training.network import Conv1d, Dense, Flatten, FusedNet, Highest, Layer, Relu, Stream

NET = CATALOG / "energy" / "bearing_fault_dual" / "bearing-dual.onnx"
FEATURES, SHAFTS = 404, 320  # where the shaft's orders begin among the features
TRAIN, TEST, EPOCHS = 4500, 900, 18
CONDITIONS: dict[str, dict[str, Any]] = {
    "same simulation": {},
    "unseen bearing at 3 dB": {"snr": 3.0, "unseen": True},
    "unseen bearing at 3 dB, other plant's wording": {"snr": 3.0, "unseen": True, "plant": 1},
    "unseen bearing at -10 dB, other plant's wording": {"snr": -10.0, "unseen": True, "plant": 1},
    "same simulation, log of another machine": {"foreign": True},
}

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows with their logs: the features, the lines' vectors, the true states."""

    vibration: Array
    log: Array
    truth: Array

    @property
    def inputs(self) -> list[Array]:
        return [self.vibration, self.log]


@cache
def line_vector(line: str) -> Array:
    return np.asarray(embed(local_nets(), [line])[0][0])


def sample(rng: np.random.Generator, state: int, *, snr: float | None = None, unseen: bool = False, plant: int = 0,
           foreign: bool = False) -> tuple[Array, float, list[str]]:
    """Acceleration, turns a second and log. Noise is -15 to 15 dB unless given; `foreign`: of some other machine."""
    noise = rng.uniform(-15, 15) if snr is None else snr
    x, shaft = simulate(rng, state, snr=float(noise), geometry=UNSEEN if unseen else None)
    told = int(rng.integers(len(STATES))) if foreign else state
    return x, shaft, simulate_log(rng, STATES[told], plant=plant)


def batch(count: int, seed: int, **how: Any) -> Batch:
    """Windows of all states in equal shares of chance."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, len(STATES), count)
    rows, logs = [], []
    for state in truth:
        x, shaft, lines = sample(rng, int(state), **how)
        rows.append(features(x, shaft))
        logs.append(stack([line_vector(normal_line(line)) for line in lines]))
    return Batch(np.array(rows, np.float32)[:, None], np.array(logs, np.float32), truth)


def vibration_stream(rng: np.random.Generator) -> Stream:
    layers: list[Layer] = [Conv1d(rng, 1, 12, 8, 4), Relu(), Conv1d(rng, 12, 24, 5, 3), Relu(), Flatten(),
                           Dense(rng, 24 * 32, 48), Relu()]
    return Stream("vibration", [1, FEATURES], layers, 48)


def log_stream(rng: np.random.Generator) -> Stream:
    layers: list[Layer] = [Dense(rng, WIDTH, 32), Relu(), Highest(), Dense(rng, 32, 32), Relu()]
    # The vectors have length 1 already, and an empty place must stay zero.
    return Stream("log", [LINES, WIDTH], layers, 32, standardise=False)


def train(data: Batch, names: tuple[str, ...], seed: int = 0) -> FusedNet:
    """A net of the streams named, on the same windows and seeds."""
    rng = np.random.default_rng(seed)
    made = {"vibration": (vibration_stream, data.vibration, 0.1), "log": (log_stream, data.log, 0.02)}
    chosen = [made[n] for n in names]
    net = FusedNet(rng, [build(rng) for build, _, _ in chosen], len(STATES))
    net.fit([x for _, x, _ in chosen], data.truth, rng, epochs=EPOCHS, noise=[size for *_, size in chosen],
            missing=0.15 if len(names) > 1 else 0.0, decay=3e-3)
    return net


def indicators(vibration: Array) -> Array:
    """What thresholds are usually set on: impulsiveness, peaks of the envelope, amplitude at one and at two orders."""
    rows = vibration[:, 0]
    shafts = rows[:, SHAFTS : SHAFTS + len(SHAFT_ORDERS)]
    one, two = (shafts[:, np.abs(SHAFT_ORDERS - k) < 0.1].max(axis=1) for k in (1, 2))
    return np.stack([rows[:, -1], rows[:, :SHAFTS].max(axis=1), one, two], axis=1)


def recall_at(normal: Array, faulty: Array, alarms: float = 0.05) -> float:
    """Share of faults above the level that `alarms` of the normal windows exceed."""
    return float((faulty > np.quantile(normal, 1 - alarms)).mean())


def threshold_scores(learned: Array, rows: Array) -> Array:
    """The highest indicator, each as its rank among the normal windows that the thresholds were set on."""
    ranks = [np.searchsorted(np.sort(learned[:, k]), rows[:, k]) / len(learned) + 1e-6 * rows[:, k]
             for k in range(rows.shape[1])]
    return np.asarray(np.max(ranks, axis=0))


def compare(path: Path, singles: dict[str, FusedNet], learned: Batch) -> dict[str, Any]:
    """Accuracy over six states, and recall of any fault at 5 % false alarms, for each condition and method."""
    table: dict[str, Any] = {}
    usual = indicators(learned.vibration[learned.truth == 0])
    for number, (name, how) in enumerate(CONDITIONS.items()):
        data = batch(TEST, 100 + number, **how)
        answers = {f"{k} alone": net.predict([getattr(data, k)])[0] for k, net in singles.items()}
        for key, there in {"two streams": (1, 1), "two streams, log missing": (1, 0),
                           "two streams, vibration missing": (0, 1)}.items():
            present = np.tile(np.array(there, np.float32), (TEST, 1))
            answers[key] = run_net(path, {"vibration": data.vibration, "log": data.log, "present": present})
        fault = data.truth > 0
        rule = threshold_scores(usual, indicators(data.vibration))
        table[name] = {
            "accuracy": {k: round(float((p.argmax(axis=1) == data.truth).mean()), 3) for k, p in answers.items()},
            "recall_at_5_percent_false_alarms": {
                **{k: round(recall_at(1 - p[~fault, 0], 1 - p[fault, 0]), 3) for k, p in answers.items()},
                "thresholds": round(recall_at(rule[~fault], rule[fault]), 3)}}
    return table


def main() -> None:
    data = batch(TRAIN, 1)
    net = train(data, ("vibration", "log"))
    NET.parent.mkdir(parents=True, exist_ok=True)
    net.save(NET)
    singles = {name: train(data, (name,)) for name in ("vibration", "log")}
    save_metrics("bearing_dual", {"train": TRAIN, "test": TEST, "conditions": compare(NET, singles, data)})


if __name__ == "__main__":
    main()
