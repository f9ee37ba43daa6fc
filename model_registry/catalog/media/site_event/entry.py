"""An event at an industrial site from a note, a picture and a sound: three streams with learned weights."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.minilm import embed
from model_registry.catalog_kit.site_event import BANDS, FRAMES, IMAGE, audio_features, image_features

EVENTS = ("fire", "steam_leak", "water_leak", "break_in", "fire_drill", "delivery")
STREAMS = ("text", "image", "audio")


def run(request: Request) -> Result:
    given = request.input
    there = [given[name] is not None for name in STREAMS]
    if not any(there):
        raise InvalidInput("send at least one of text, image and audio", field="text")
    text = embed(request.nets, [given["text"]])[0] if there[0] else np.zeros((1, 384), np.float32)
    image = image_features(given["image"]) if there[1] else np.zeros(IMAGE, np.float32)
    audio = audio_features(given["audio"].samples) if there[2] else np.zeros((BANDS, FRAMES), np.float32)
    found = request.nets.run("site-event", {"text": text, "image": image[None], "audio": audio[None],
                                            "present": np.array([there], np.float32)})
    scores, weights = found["probabilities"][0], found["weights"][0]
    order = np.argsort(-scores, kind="stable")
    return Result({"labels": [{"label": EVENTS[i], "score": round(float(scores[i]), 4)} for i in order],
                   "weights": {name: round(float(w), 4) for name, w in zip(STREAMS, weights, strict=True)}},
                  warnings=["trained on drawn pictures, synthetic sounds and written notes only"])
