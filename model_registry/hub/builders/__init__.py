"""The shared ways to run a fetched net: pre- and post-processing of each kind, so that people get human answers.

A *builder* is a function from a Kit (the entry's options and its fetched files) to the function that answers a call.
`BUILDERS` holds each by the name that an entry's `builder` says, with the input, parameters, output, unit and price
that all entries of the kind share.
"""

from __future__ import annotations

from model_registry.hub.builders import audio, generate, text, vision, vision_boxes, vision_pixels
from model_registry.hub.kit import Builder

BUILDERS: dict[str, Builder] = {
    **vision.BUILDERS, **vision_boxes.BUILDERS, **vision_pixels.BUILDERS, **text.BUILDERS, **generate.BUILDERS,
    **audio.BUILDERS,
}
