"""On windows of a bearing that training never had, with the logs of a plant that words things its own way."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.machine_log import normal_line, stack
from model_registry.catalog_kit.minilm import embed
from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.vibration import RATE, features
from model_registry.training.bearing import STATES
from model_registry.training.bearing_dual import indicators, recall_at, sample, threshold_scores

COUNT, ASKED = 240, 8
ALARMS = "share of faults found where 5% of the normal windows raise a false alarm"


def measure(ask: Ask) -> list[Measure]:
    clean = np.random.default_rng(12)
    usual = indicators(np.array([features(*sample(clean, 0)[:2]) for _ in range(150)], np.float32)[:, None])
    return [m for decibel, least in ((3, 0.7), (-10, 0.5)) for m in _measure(ask, usual, float(decibel), least)]


def _measure(ask: Ask, usual: np.ndarray, decibel: float, least: float) -> list[Measure]:
    rng = np.random.default_rng(40 + int(decibel))
    truth = rng.integers(0, len(STATES), COUNT)
    windows = [sample(rng, int(s), snr=decibel, unseen=True, plant=1) for s in truth]
    lines = sorted({normal_line(line) for *_, log in windows for line in log})
    vector = {line: embed(ask.nets, [line])[0][0] for line in lines}
    vibration = np.array([features(x, shaft) for x, shaft, _ in windows], np.float32)[:, None]
    logs = np.array([stack([vector[normal_line(line)] for line in log]) for *_, log in windows])

    def net(*there: int) -> np.ndarray:
        present = np.tile(np.array(there, np.float32), (COUNT, 1))
        return ask.nets.run("bearing-dual", {"vibration": vibration, "log": logs, "present": present})["probabilities"]

    both, alone, told = net(1, 1), net(1, 0), net(0, 1)
    alike = [ask(signal=x.tolist(), log=log, parameters={"rpm": shaft * 60, "rate": RATE}).output["labels"][0]["label"]
             == STATES[int(p.argmax())] for (x, shaft, log), p in zip(windows[:ASKED], both, strict=False)]
    fault, rule = truth > 0, threshold_scores(usual, indicators(vibration))
    data = f"{COUNT} simulated windows, bearing and plant's wording kept out of training, {decibel:g} dB"
    at = f"at {decibel:g} dB"

    def accuracy(name: str, p: np.ndarray, method: str = "", bound: float | None = None) -> Measure:
        return Measure(f"accuracy {at}, {name}", float((p.argmax(axis=1) == truth).mean()), data=data, method=method,
                       at_least=bound)

    def recall(name: str, scores: np.ndarray, method: str) -> Measure:
        return Measure(f"recall of faults {at}, {name}", recall_at(scores[~fault], scores[fault]), data=data,
                       method=method)

    return [
        accuracy("both streams", both, bound=least),
        accuracy("vibration only", alone, "the same net without a log"),
        accuracy("log only", told, "the same net without vibration"),
        recall("both streams", 1 - both[:, 0], ALARMS),
        recall("vibration only", 1 - alone[:, 0], ALARMS),
        recall("thresholds", rule, f"kurtosis, envelope peak, 1x and 2x amplitude; {ALARMS}"),
        Measure(f"same label by call as in bulk {at}", float(np.mean(alike)), data=f"{ASKED} of the windows",
                at_least=0.85),
    ]
