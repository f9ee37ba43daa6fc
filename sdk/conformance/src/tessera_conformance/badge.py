"""The badge: what was found, by which kit, of which target, on which day, signed with Ed25519.

The signature is over the canonical JSON (sorted names, no blanks) of everything but `signature` itself. It proves who
ran the kit and that nobody edited the outcome; whom to believe is for the reader to decide, by the public key.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tessera_conformance import SPEC, __version__
from tessera_conformance.registry import Result


def make(results: Sequence[Result], url: str, key: Ed25519PrivateKey, *, whole: bool) -> dict[str, Any]:
    """The signed badge. It conforms only when every check was run and none failed; skips are named, not hidden."""
    states = Counter(result.state for result in results)
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        groups[result.check.name.partition(".")[0]][result.state] += 1
    badge: dict[str, Any] = {
        "object": "conformance_badge", "specification": f"model-service-interface/{SPEC}", "kit": __version__,
        "target": url, "issued_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "conforms": whole and not states["failed"] and states["passed"] > 0,
        "complete": whole and not states["skipped"],
        "checks": len(results), "passed": states["passed"], "failed": states["failed"], "skipped": states["skipped"],
        "groups": {name: dict(sorted(counts.items())) for name, counts in groups.items()},
        "not_passed": {result.check.name: f"{result.state}: {result.reason}"[:200] for result in results
                       if result.state != "passed"},
        "results_sha256": hashlib.sha256(_canonical(
            [[result.check.name, result.check.section, result.state] for result in results])).hexdigest(),
        "public_key": _public(key.public_key()),
    }
    return {**badge, "signature": base64.b64encode(key.sign(_canonical(badge))).decode()}


def verify(badge: dict[str, Any], public_key: str) -> bool:
    """Whether that key signed exactly this badge. The key inside the badge proves nothing by itself."""
    unsigned = {name: value for name, value in badge.items() if name != "signature"}
    try:
        known = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key))
        known.verify(base64.b64decode(str(badge.get("signature", ""))), _canonical(unsigned))
    except (InvalidSignature, ValueError):
        return False
    return badge.get("public_key") == public_key


def load_key(path: Path | None) -> Ed25519PrivateKey:
    """The PEM key at the path, made there if there is none; without a path a key for this run alone."""
    if path is None:
        return Ed25519PrivateKey.generate()
    if not path.exists():
        key = Ed25519PrivateKey.generate()
        path.touch(mode=0o600)
        path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption()))
        return key
    found = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(found, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 key")
    return found


def _public(key: Ed25519PublicKey) -> str:
    return base64.b64encode(key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)).decode()


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
