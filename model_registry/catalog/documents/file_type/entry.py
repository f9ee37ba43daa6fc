"""Magika's net on the first, middle and last bytes."""

from __future__ import annotations

import functools
from typing import Any

from model_registry.catalog_kit import Request, Result


@functools.cache
def _magika() -> Any:
    from magika import Magika

    return Magika()


def run(request: Request) -> Result:
    found = _magika().identify_bytes(request.input["file"])
    output, score = found.output, round(float(found.score), 4)
    return Result({"labels": [{"label": str(output.label), "score": score}], "mime": output.mime_type,
                   "group": output.group, "description": output.description, "text": bool(output.is_text),
                   "extensions": list(output.extensions)[:10]})
