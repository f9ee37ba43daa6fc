"""Chroma against chord templates; the path by Viterbi with a cost for each change."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.chroma import NAMES, chroma

SHAPES = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "dim": (0, 3, 6),
}


def run(request: Request) -> Result:
    audio = request.input["audio"]
    if len(audio.samples) < audio.rate:
        raise InvalidInput("at least one second is needed", field="audio")
    folded, hop = chroma(audio.samples, audio.rate)
    if float(folded.sum()) <= 0:
        raise InvalidInput("there is no pitched sound", field="audio")
    loud = folded.sum(0) > 0.02 * folded.sum(0).max()
    unit = folded / np.maximum(np.linalg.norm(folded, axis=0), 1e-12)
    names, templates = ["none"], []
    shapes = (
        {k: v for k, v in SHAPES.items() if len(v) == 3 and k != "dim"}
        if request.parameters["vocabulary"] == "triads"
        else SHAPES
    )
    for root in range(12):
        for suffix, tones in shapes.items():
            row = np.zeros(12)
            row[[(root + i) % 12 for i in tones]] = 1
            names.append(NAMES[root] + suffix)
            templates.append(row / np.linalg.norm(row))
    fit = np.vstack([np.where(loud, 0.0, 1.0), np.array(templates) @ unit * loud])
    change = request.parameters["stability"]
    best, back = fit[:, 0].copy(), np.zeros(fit.shape, int)
    for t in range(1, fit.shape[1]):
        top = int(np.argmax(best))
        jump = best[top] - change > best
        back[:, t] = np.where(jump, top, np.arange(len(best)))
        best = np.where(jump, best[top] - change, best) + fit[:, t]
    path = [int(np.argmax(best))]
    for t in range(fit.shape[1] - 1, 0, -1):
        path.append(int(back[path[-1], t]))
    path.reverse()
    cuts = [0, *(i for i in range(1, len(path)) if path[i] != path[i - 1]), len(path)]
    length = len(audio.samples) / audio.rate
    return Result(
        {
            "duration": round(length, 4),
            "segments": [
                {
                    "start": round(a * hop, 3),
                    "end": round(min(b * hop, length), 3),
                    "label": names[path[a]],
                    "score": round(float(fit[path[a], a:b].mean()), 4),
                }
                for a, b in pairwise(cuts)
            ],
        }
    )
