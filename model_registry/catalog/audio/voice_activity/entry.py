"""Speech segments from silero's probabilities, one for each 32 ms."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Request, Result

FRAME, CONTEXT, RATE = 512, 64, 16_000
HYSTERESIS = 0.15  # speech ends only this far below the threshold, so that it does not flicker
MARGIN = 0.03  # seconds added on either side


def run(request: Request) -> Result:
    audio, p = request.input["audio"], request.parameters
    frames = -(-len(audio.samples) // FRAME)
    padded = np.zeros(CONTEXT + frames * FRAME, np.float32)
    padded[CONTEXT : CONTEXT + len(audio.samples)] = audio.samples
    rows = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT + FRAME)[::FRAME]
    zero = np.zeros((1, 1, 128), np.float32)
    found = request.nets.run("silero-vad-sequence", {"input": np.ascontiguousarray(rows), "h": zero, "c": zero})
    scores = found["speech_probs"].reshape(-1)

    runs: list[list[int]] = []
    speaking = False
    for i, score in enumerate(scores):
        if not speaking and score >= p["threshold"]:
            runs.append([i, i])
            speaking = True
        elif speaking and score < p["threshold"] - HYSTERESIS:
            speaking = False
        if speaking:
            runs[-1][1] = i + 1
    step = FRAME / RATE
    merged: list[list[int]] = []
    for first, last in runs:
        if merged and (first - merged[-1][1]) * step < p["min_silence"]:
            merged[-1][1] = last
        else:
            merged.append([first, last])
    segments = [{"start": round(max(0.0, a * step - MARGIN), 3),
                 "end": round(min(audio.duration, b * step + MARGIN), 3),
                 "label": "speech", "score": round(float(scores[a:b].mean()), 4)}
                for a, b in merged if (b - a) * step >= p["min_speech"]]
    spoken = sum(s["end"] - s["start"] for s in segments)
    return Result({"duration": round(audio.duration, 3), "segments": segments,
                   "values": {"speech_seconds": round(spoken, 3), "speech_share": round(spoken / audio.duration, 4)}})
