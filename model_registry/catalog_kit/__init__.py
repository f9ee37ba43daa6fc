"""The kit that catalogue entries are written with.

An entry is a function `run(request: Request) -> Result`; this package gives it decoded input, nets and the few
helpers that many entries share, and gives the host, the examples and the evaluation one way to run it
(`catalog_kit.runner.run_capability`). It owns the words of the manifest (tasks, kinds, units, outputs), and knows
nothing of listings, money or transport.
"""

from __future__ import annotations

from model_registry.catalog_kit.answers import box_result, check, image_result, mask_result, value_list
from model_registry.catalog_kit.geometry import Box, iou, letterbox, nms
from model_registry.catalog_kit.images import at_least, decode_image, encode_png, same_size, shrink, to_grey
from model_registry.catalog_kit.sound import decode_audio, encode_wav, resample
from model_registry.catalog_kit.types import Audio, InvalidInput, Media, Nets, Request, Result, Series

__all__ = [
    "Audio", "Box", "InvalidInput", "Media", "Nets", "Request", "Result", "Series", "at_least", "box_result", "check",
    "decode_audio", "decode_image", "encode_png", "encode_wav", "image_result", "iou", "letterbox", "mask_result",
    "nms", "resample", "same_size", "shrink", "to_grey", "value_list",
]
