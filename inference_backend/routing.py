"""Which version of a model answers a call: pinned, by alias, or by weight and then always the same for one caller."""

from __future__ import annotations

import hashlib
import os

from kernel.contracts import Grant, Route, Target
from kernel.problems import Problem


def caller(route: Route, grant: Grant) -> str:
    """Who stays on one version, by the route's `sticky_by`: a key, an organization, or nobody (``none``)."""
    if route.sticky_by == "organization":
        return f"organization:{grant.org_id}"
    return os.urandom(8).hex() if route.sticky_by == "none" else grant.key_hash


def pick(route: Route, version: str | None, sticky: str) -> Target:
    """The target of this call. `sticky` names the caller: with equal weights it stays on the same version.

    `version` is a number or an alias. Raises version_not_found.
    """
    if version:
        return _pinned(route, version)
    weighted = [target for target in route.targets if target.weight > 0]
    if not weighted:
        raise Problem("version_not_found", f"{route.model} has no live version")
    if len(weighted) == 1:
        return weighted[0]
    digest = hashlib.blake2b(f"{route.model}:{sticky}".encode(), digest_size=8).digest()
    return at(weighted, int.from_bytes(digest, "big") % sum(target.weight for target in weighted))


def at(weighted: list[Target], point: int) -> Target:
    """The target that a point of 0 to the sum of the weights falls to: each has as many points as its weight.

    Callers keep their points when weights change: moving weight from one target to its neighbour moves just as many
    points, and nobody else's.
    """
    for target in weighted:
        point -= target.weight
        if point < 0:
            return target
    raise ValueError("the point is beyond the weights")


def _pinned(route: Route, version: str) -> Target:
    number = route.aliases.get(version)
    if number is None and version.isascii() and version.isdigit() and len(version) < 10:
        number = int(version)
    for target in route.targets:
        if target.version == number or (number is None and target.label == version and target.weight > 0):
            return target
    raise Problem("version_not_found", f"{route.model} has no version {version[:40]!r}")
