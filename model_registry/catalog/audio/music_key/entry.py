"""Chroma of a constant-Q-like folding, correlated with the key profiles over stretches of the piece."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.chroma import NAMES, chroma

MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


def keys(profile: np.ndarray) -> list[tuple[float, str]]:
    found = []
    for root in range(12):
        for name, template in (("major", MAJOR), ("minor", MINOR)):
            r = float(np.corrcoef(profile, np.roll(template, root))[0, 1]) if profile.std() > 0 else 0.0
            found.append((r, f"{NAMES[root]} {name}"))
    return sorted(found, reverse=True)


def run(request: Request) -> Result:
    audio = request.input["audio"]
    if len(audio.samples) < 2 * audio.rate:
        raise InvalidInput("at least two seconds are needed", field="audio")
    folded, hop = chroma(audio.samples, audio.rate)
    if float(folded.sum()) <= 0:
        raise InvalidInput("there is no pitched sound", field="audio")
    overall = keys(folded.sum(1))
    size, spans = max(int(10 / hop), 1), []
    for at in range(0, folded.shape[1], size):
        part = folded[:, at : at + size].sum(1)
        best = keys(part)[0]
        label, end = best[1], min((at + size) * hop, len(audio.samples) / audio.rate)
        if spans and spans[-1]["label"] == label:
            spans[-1]["end"] = round(end, 3)
        else:
            spans.append(
                {
                    "start": round(at * hop, 3),
                    "end": round(end, 3),
                    "label": label,
                    "score": round(max(best[0], 0.0), 4),
                }
            )
    return Result(
        {
            "duration": round(len(audio.samples) / audio.rate, 4),
            "segments": spans,
            "values": {
                "key": overall[0][1],
                "score": round(overall[0][0], 4),
                "second": overall[1][1],
                "second_score": round(overall[1][0], 4),
            },
        }
    )
