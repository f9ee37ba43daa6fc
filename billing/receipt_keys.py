"""The key pairs that receipts are signed by: made here, replaced on a schedule, their public halves kept for ever.

The secret half is stored sealed under the installation's secret and forgotten when its successor comes, so that who
gets hold of the present database can't sign for the past. A secret that can't be opened any more (the installation's
secret was changed) is replaced at once; what it has signed is still checked by its public half.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.conf import settings
from django.db import IntegrityError, transaction

from billing.models import ReceiptKey
from kernel import clock

REPLACED_AFTER = timedelta(days=90)


def signer() -> tuple[str, Ed25519PrivateKey]:
    """The present key's id and secret half; the first call of an installation makes it."""
    while True:
        found = ReceiptKey.objects.filter(retired_at=None).first()
        if found is None:
            _make()
            continue
        try:
            secret = _seal().decrypt(bytes(found.sealed))
        except InvalidToken:
            replace(kid=found.kid)
            continue
        return found.kid, Ed25519PrivateKey.from_private_bytes(secret)


def replace_due() -> bool:
    """Beat's daily look: whether the present key was old enough to be replaced, and was."""
    old = ReceiptKey.objects.filter(retired_at=None, created_at__lte=clock.now() - REPLACED_AFTER).first()
    return old is not None and replace(kid=old.kid)


@transaction.atomic
def replace(*, kid: str) -> bool:
    """A new pair in place of this one, whose secret half is forgotten; False where somebody replaced it before."""
    retired = ReceiptKey.objects.filter(kid=kid, retired_at=None).update(retired_at=clock.now(), sealed=b"")
    if retired:
        _make()
    return bool(retired)


def published() -> list[tuple[str, bytes]]:
    """Id and public half of every key that ever signed, the present one first."""
    signer()
    return [(one.kid, bytes(one.public)) for one in ReceiptKey.objects.order_by("-created_at", "-pk")]


def kid_of(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def _make() -> None:
    secret = Ed25519PrivateKey.generate()
    public = secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    sealed = _seal().encrypt(secret.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
    try:
        with transaction.atomic():
            ReceiptKey.objects.create(kid=kid_of(public), public=public, sealed=sealed)
    except IntegrityError:
        pass  # another process made one in this moment: an index allows one present key


def _seal() -> Fernet:
    key = hmac.new(settings.SECRET_KEY.encode(), b"tessera receipt keys", hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))
