"""A bundle: one zip, the same bytes for the same content, and beside it a signature of its digest."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tessera.errors import ConfigurationError, InvalidSignature

EPOCH = (1980, 1, 1, 0, 0, 0)
SIGNED_AS = "application/vnd.tessera.bundle+json"


@dataclass(frozen=True)
class Bundle:
    """What `pack` wrote. `signature` is the path of the signature, where a key was given."""

    path: Path
    digest: str
    bytes: int
    files: tuple[str, ...]
    signature: Path | None = None


def write(path: str | Path, members: Mapping[str, bytes]) -> Bundle:
    """Writes the zip: sorted names, no times, no owners, so that only the content decides its digest."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr, entry.create_system = 0o644 << 16, 3
            archive.writestr(entry, members[name])
    content = out.getvalue()
    target = Path(path)
    target.write_bytes(content)
    return Bundle(target, "sha256:" + hashlib.sha256(content).hexdigest(), len(content), tuple(sorted(members)))


def new_key() -> tuple[str, str]:
    """A signing key and its public key, as base64 text (Ed25519)."""
    ed25519 = _ed25519()
    key = ed25519.Ed25519PrivateKey.generate()
    return _b64(key.private_bytes_raw()), _b64(key.public_key().public_bytes_raw())


def sign(bundle: Bundle, key: str) -> Bundle:
    """Writes `bundle.zip.sig`, a DSSE envelope over the digest and the file names."""
    secret = _ed25519().Ed25519PrivateKey.from_private_bytes(base64.b64decode(key))
    payload = _payload(bundle.digest, bundle.files)
    envelope = {"payloadType": SIGNED_AS, "payload": _b64(payload), "signatures": [
        {"keyid": hashlib.sha256(secret.public_key().public_bytes_raw()).hexdigest()[:16],
         "sig": _b64(secret.sign(_covered(payload)))}]}
    path = bundle.path.with_name(bundle.path.name + ".sig")
    path.write_text(json.dumps(envelope, indent=1) + "\n")
    return Bundle(bundle.path, bundle.digest, bundle.bytes, bundle.files, path)


def verify(path: str | Path, public_key: str) -> Bundle:
    """The bundle, if its signature is that key's and fits its bytes. Raises InvalidSignature."""
    from cryptography.exceptions import InvalidSignature as Forged

    target = Path(path)
    content = target.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = tuple(sorted(archive.namelist()))
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    signature = target.with_name(target.name + ".sig")
    try:
        envelope = json.loads(signature.read_text())
        payload = base64.b64decode(envelope["payload"], validate=True)
        given = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise InvalidSignature(f"{signature.name} can't be read: {error}") from None
    try:
        _ed25519().Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key)).verify(given, _covered(payload))
    except Forged:
        raise InvalidSignature("the signature is not that key's") from None
    if payload != _payload(digest, names):
        raise InvalidSignature("the bundle is not the one that was signed")
    return Bundle(target, digest, len(content), names, signature)


def _payload(digest: str, names: tuple[str, ...]) -> bytes:
    return json.dumps({"digest": digest, "files": list(names)}, sort_keys=True, separators=(",", ":")).encode()


def _covered(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what it is of counts too."""
    return f"DSSEv1 {len(SIGNED_AS)} {SIGNED_AS} {len(payload)} ".encode() + payload


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _ed25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise ConfigurationError("signing needs cryptography: pip install tessera-sdk[receipts]") from None
    return ed25519
