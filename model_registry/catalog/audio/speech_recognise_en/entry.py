"""CMU PocketSphinx with its US English model: free dictation, a list of phrases, or spotting of key phrases."""

from __future__ import annotations

import re
import tempfile
import threading
from functools import lru_cache
from pathlib import Path

import numpy as np
from pocketsphinx import Config, Decoder, get_model_path

from model_registry.catalog_kit import InvalidInput, Request, Result, resample

RATE = 16_000
_lock = threading.Lock()


@lru_cache(maxsize=4)
def decoder(mode: str, phrases: tuple[str, ...]) -> Decoder:
    config = Config(
        hmm=get_model_path("en-us/en-us"), dict=get_model_path("en-us/cmudict-en-us.dict"), loglevel="FATAL"
    )
    config["lm"] = None
    if mode == "dictation":
        config["lm"] = get_model_path("en-us/en-us.lm.bin")
    elif mode == "phrases":
        with tempfile.NamedTemporaryFile("w", suffix=".jsgf", delete=False) as file:
            file.write("#JSGF V1.0;\ngrammar g;\npublic <g> = " + " | ".join(phrases) + ";\n")
        config["jsgf"] = file.name
    else:
        with tempfile.NamedTemporaryFile("w", suffix=".kws", delete=False) as file:
            file.write("".join(f"{p} /1e-{min(8 * len(p.split()) + 2, 40)}/\n" for p in phrases))
        config["kws"] = file.name
    try:
        return Decoder(config)
    finally:
        if mode != "dictation":
            Path(file.name).unlink(missing_ok=True)


def run(request: Request) -> Result:
    audio, mode = request.input["audio"], request.parameters["mode"]
    phrases = tuple(p.lower().strip() for p in request.parameters["phrases"] or ())
    if (mode == "dictation") == bool(phrases):
        raise InvalidInput(
            "the modes phrases and keywords need phrases; dictation takes none", field="/parameters/phrases"
        )
    for i, phrase in enumerate(phrases):
        if not re.fullmatch(r"[a-z']+(?: [a-z']+){0,9}", phrase):
            raise InvalidInput("English words without digits or signs", field=f"/parameters/phrases/{i}")
    x = resample(audio.samples, audio.rate, RATE)
    peak = float(np.abs(x).max()) if len(x) else 0.0
    pcm = np.asarray(32_000 * x / max(peak, 0.05)).astype("<i2").tobytes()
    with _lock:
        try:
            engine = decoder(mode, phrases)
        except (RuntimeError, ValueError):
            raise InvalidInput(
                "a phrase holds a word that is not in the dictionary", field="/parameters/phrases"
            ) from None
        engine.start_utt()
        engine.process_raw(pcm, full_utt=True)
        engine.end_utt()
        words = [(s.word, s.start_frame, s.end_frame, s.prob) for s in engine.seg() or ()]
        log = engine.logmath
        segments = [
            {
                "start": round(a / 100, 3),
                "end": round((b + 1) / 100, 3),
                "label": re.sub(r"\(\d+\)$", "", w),
                "score": round(min(max(float(log.exp(int(p))), 0.0), 1.0), 4),
            }
            for w, a, b, p in words
            if not w.startswith(("<", "["))
        ]
    segments.sort(key=lambda s: (s["start"], s["label"]))
    return Result(
        {
            "duration": round(len(audio.samples) / audio.rate, 4),
            "segments": segments,
            "text": " ".join(s["label"] for s in segments),
        }
    )
