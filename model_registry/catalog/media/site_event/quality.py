"""At another site than the training's: notes written apart, tinted and grainy cameras, a louder hall."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Audio
from model_registry.catalog_kit.minilm import embed
from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.site_event import RATE, audio_features, image_features
from model_registry.training.site_scenes import EVENTS, frame, note, sound

COUNT, ASKED = 360, 10
STREAMS = ("text", "image", "audio")


def samples() -> dict[str, object]:
    rng = np.random.default_rng(5)
    return {"camera.jpg": frame(rng, "fire", other=True), "sound.flac": Audio(sound(rng, "fire", other=True), RATE)}


def measure(ask: Ask) -> list[Measure]:
    rng = np.random.default_rng(21)
    truth = rng.integers(0, len(EVENTS), COUNT)
    events = [(note(rng, EVENTS[i], other=True), frame(rng, EVENTS[i], other=True), sound(rng, EVENTS[i], other=True))
              for i in truth]
    vector = {text: embed(ask.nets, [text])[0][0] for text in sorted({e[0] for e in events})}
    inputs = {"text": np.array([vector[e[0]] for e in events]),
              "image": np.array([image_features(e[1]) for e in events]),
              "audio": np.array([audio_features(e[2]) for e in events])}

    def net(*names: str) -> np.ndarray:
        present = np.tile(np.array([n in names for n in STREAMS], np.float32), (COUNT, 1))
        return ask.nets.run("site-event", {**inputs, "present": present})["probabilities"]

    def accuracy(p: np.ndarray) -> float:
        return float((p.argmax(axis=1) == truth).mean())

    alone = {name: net(name) for name in STREAMS}
    expected = net(*STREAMS)
    alike = [ask(text=text, image=picture, audio=Audio(heard.astype(np.float32), RATE)).output["labels"][0]["label"]
             == EVENTS[int(p.argmax())] for (text, picture, heard), p in zip(events[:ASKED], expected, strict=False)]
    data = f"{COUNT} events made at a site kept out of training; each stream says nothing in 30% of them"
    return [
        Measure("accuracy, all three", accuracy(expected), data=data, at_least=0.7),
        *(Measure(f"accuracy, {name} only", accuracy(p), data=data, method="the same net without the other two")
          for name, p in alone.items()),
        Measure("accuracy, plain mean of the three", accuracy(np.mean(list(alone.values()), axis=0)), data=data,
                method="the single answers averaged without learned weights"),
        Measure("same label by call as in bulk", float(np.mean(alike)), data=f"{ASKED} of the events", at_least=0.9),
    ]
