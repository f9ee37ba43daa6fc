"""The kit that catalogue entries are written with.

An entry is a function `run(request: Request) -> Result`; this package gives it decoded input, nets and the few
helpers that many entries share, and gives the host, the examples and the evaluation one way to run it
(`catalog_kit.runner.run_capability`). It owns the words of the manifest (tasks, kinds, units, outputs), and knows
nothing of listings, money or transport.
"""

from __future__ import annotations

from model_registry.catalog_kit.geometry import Box, iou, letterbox, nms
from model_registry.catalog_kit.images import decode_image, encode_png
from model_registry.catalog_kit.sound import decode_audio, encode_wav, resample
from model_registry.catalog_kit.types import Audio, InvalidInput, Media, Nets, Request, Result, Series

__all__ = [
    "Audio", "Box", "InvalidInput", "Media", "Nets", "Request", "Result", "Series", "decode_audio", "decode_image",
    "encode_png", "encode_wav", "iou", "letterbox", "nms", "resample",
]
