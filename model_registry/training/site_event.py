"""Three streams fused: a guard's note, a camera frame and two seconds of sound, all made here (`site_scenes`).

Compared on the same events: each stream's own net, the plain mean of those three nets' answers, and the fused net whose
weights are learned, also with a stream missing and with one stream of another event. The shifted condition is another
site: notes written apart, tinted and grainy cameras, a louder hall. `metrics/site_event.json` holds it all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit.minilm import embed
from model_registry.catalog_kit.runner import local_nets
from model_registry.catalog_kit.site_event import BANDS, FRAMES, IMAGE, audio_features, image_features
from model_registry.training.export import CATALOG, run_net, save_metrics
from model_registry.training.network import Conv1d, Dense, Flatten, FusedNet, Layer, Relu, Stream
from model_registry.training.site_scenes import EVENTS, frame, note, sound

NET = CATALOG / "media" / "site_event" / "site-event.onnx"
STREAMS = ("text", "image", "audio")
TRAIN, TEST, EPOCHS, WIDTH = 2500, 600, 20, 32

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """Events: the three streams' numbers, and which event it was."""

    text: Array
    image: Array
    audio: Array
    truth: Array

    @property
    def inputs(self) -> list[Array]:
        return [self.text, self.image, self.audio]


@cache
def note_vector(text: str) -> Array:
    return np.asarray(embed(local_nets(), [text])[0][0])


def batch(count: int, seed: int, *, other: bool = False, foreign: str = "") -> Batch:
    """Events in equal shares of chance, at the training site or another; `foreign`: a stream of some other event."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, len(EVENTS), count)
    rows: dict[str, list[Array]] = {name: [] for name in STREAMS}
    for which in truth:
        told = {name: EVENTS[int(rng.integers(len(EVENTS)) if name == foreign else which)] for name in STREAMS}
        rows["text"].append(note_vector(note(rng, told["text"], other=other)))
        rows["image"].append(image_features(frame(rng, told["image"], other=other)))
        rows["audio"].append(audio_features(sound(rng, told["audio"], other=other)))
    return Batch(*(np.array(rows[name], np.float32) for name in STREAMS), truth)


def streams(rng: np.random.Generator) -> dict[str, Stream]:
    """A layer or two for each kind of input, all ending in vectors of one width."""
    text: list[Layer] = [Dense(rng, 384, WIDTH), Relu()]
    image: list[Layer] = [Dense(rng, IMAGE, 64), Relu(), Dense(rng, 64, WIDTH), Relu()]
    audio: list[Layer] = [Conv1d(rng, BANDS, 24, 5, 2), Relu(), Conv1d(rng, 24, 16, 4, 2), Relu(), Flatten(),
                          Dense(rng, 16 * 8, WIDTH), Relu()]
    return {"text": Stream("text", [384], text, WIDTH, standardise=False),
            "image": Stream("image", [IMAGE], image, WIDTH),
            "audio": Stream("audio", [BANDS, FRAMES], audio, WIDTH, standardise=False)}


def train(data: Batch, names: tuple[str, ...], seed: int = 0) -> FusedNet:
    """A net of the streams named, on the same events and seeds."""
    rng = np.random.default_rng(seed)
    made, noise = streams(rng), {"text": 0.03, "image": 0.3, "audio": 0.2}
    net = FusedNet(rng, [made[n] for n in names], len(EVENTS), vote=3.0, gate=1.0)
    net.fit([getattr(data, n) for n in names], data.truth, rng, epochs=EPOCHS, noise=[noise[n] for n in names],
            missing=0.2 if len(names) > 1 else 0.0, decay=3e-3)
    return net


def fused(path: Path, data: Batch, missing: str = "") -> Array:
    """The written net's probabilities, with a stream left out."""
    there = np.array([name != missing for name in STREAMS], np.float32)
    present = np.tile(there, (len(data.truth), 1))
    return run_net(path, {"text": data.text, "image": data.image, "audio": data.audio, "present": present})


def compare(path: Path, singles: dict[str, FusedNet], data: Batch) -> dict[str, float]:
    """Accuracy of each method on the same events."""
    answers = {f"{name} alone": net.predict([getattr(data, name)])[0] for name, net in singles.items()}
    answers["mean of the three"] = np.mean(list(answers.values()), axis=0)
    answers["fused"] = fused(path, data)
    answers |= {f"fused, {name} missing": fused(path, data, name) for name in STREAMS}
    return {k: round(float((p.argmax(axis=1) == data.truth).mean()), 3) for k, p in answers.items()}


def main() -> None:
    data = batch(TRAIN, 1)
    net = train(data, STREAMS)
    NET.parent.mkdir(parents=True, exist_ok=True)
    net.save(NET)
    singles = {name: train(data, (name,)) for name in STREAMS}
    conditions: dict[str, dict[str, Any]] = {
        "same site": {}, "another site": {"other": True}, "another site, note of another event":
        {"other": True, "foreign": "text"}, "another site, sound of another event": {"other": True, "foreign": "audio"}}
    save_metrics("site_event", {"train": TRAIN, "test": TEST, "accuracy": {
        name: compare(NET, singles, batch(TEST, 100 + i, **how)) for i, (name, how) in enumerate(conditions.items())}})


if __name__ == "__main__":
    main()
