"""The response cache: Triton's own answers by version and input, for models whose manifest says that they may be kept.

Triton's local cache stays off: a gRPC client that hangs up on a model with that cache takes the whole server down. This
one sits in Redis, before the model and behind admission, limits and validation, and knows no dialect: what is kept are
the tensors, rendered anew for each caller. A version never changes, so its number is its digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from inference_backend.oip import Buffer
from kernel.contracts import Route, Target


def name_of(org_id: int, route: Route, target: Target, model: str, parts: Sequence[Buffer]) -> str | None:
    """The name of the answer to this input, or None where the route's answers are not to be kept.

    `parts` is the re-encoded request: two bodies that mean the same tensors have the same name, whatever the
    dialect. Organizations share nothing: a fast answer would tell what others asked.
    """
    if not (route.deterministic and route.cache_s > 0):
        return None
    digest = hashlib.sha256(f"{org_id}\n{route.model}\n{target.version}\n{model}\n".encode())
    for part in parts:
        digest.update(b"%d\n" % len(part))
        digest.update(part)
    return digest.hexdigest()


async def find(answers: Any, name: str) -> tuple[bytes, int | None] | None:
    """A kept reply: its body and the length of the JSON in front of its tensors."""
    kept = await answers.cached(name)
    if kept is None or len(kept) < 8:
        return None
    length = int.from_bytes(kept[:8], "big", signed=True)
    return kept[8:], None if length < 0 else length


async def keep(answers: Any, name: str, body: bytes, length: int | None, seconds: int) -> None:
    await answers.cache(name, (-1 if length is None else length).to_bytes(8, "big", signed=True) + body, seconds)
