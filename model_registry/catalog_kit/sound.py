"""Sound from strangers: WAV, FLAC and OGG, bounded, as mono float32."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit.types import Audio, InvalidInput

MAX_SECONDS = 600.0
FORMATS = ("WAV", "WAVEX", "FLAC", "OGG")


def decode_audio(data: bytes, *, field: str = "audio", max_seconds: float = MAX_SECONDS, min_seconds: float = 0.0,
                 rate: int | None = None) -> Audio:
    """Mono samples in -1…1, resampled to `rate` where one is asked for."""
    import soundfile

    def refuse(text: str) -> InvalidInput:
        return InvalidInput(text, field=field, code="validation_error")

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as opened:
            if opened.format not in FORMATS:
                raise refuse(f"{opened.format} is not accepted; send WAV, FLAC or OGG")
            if not 1_000 <= opened.samplerate <= 384_000 or not 1 <= opened.channels <= 8:
                raise refuse("sample rate or number of channels out of range")
            limit = int(max_seconds * opened.samplerate)
            if opened.frames > limit:
                raise refuse(f"longer than {max_seconds:g} seconds")
            # Reading by blocks keeps a header that lies about its length from allocating by it.
            blocks = [b.mean(axis=1, dtype=np.float32) for b in opened.blocks(65_536, dtype="float32", always_2d=True)]
            source = opened.samplerate
    except InvalidInput:
        raise
    except Exception as error:  # libsndfile, or a value in a broken header
        raise refuse("not a readable WAV, FLAC or OGG file") from error
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    if not len(samples):
        raise refuse("the file holds no samples")
    if not np.isfinite(samples).all():
        raise refuse("the file holds samples that are no numbers")
    if len(samples) / source < min_seconds:
        raise refuse(f"shorter than {min_seconds:g} seconds")
    return Audio(resample(samples, source, rate), rate) if rate and rate != source else Audio(samples, source)


def resample(samples: NDArray[np.float32], source: int, target: int) -> NDArray[np.float32]:
    """Polyphase resampling from `source` to `target` samples a second."""
    from scipy.signal import resample_poly

    if source == target:
        return samples
    shared = math.gcd(source, target)
    return np.asarray(resample_poly(samples, target // shared, source // shared), dtype=np.float32)


def encode_wav(samples: NDArray[Any], rate: int) -> bytes:
    """16-bit WAV, clipped to -1…1."""
    import soundfile

    out = io.BytesIO()
    soundfile.write(out, np.clip(samples, -1.0, 1.0), rate, format="WAV", subtype="PCM_16")
    return out.getvalue()
