"""The grant behind a signed-in member's playground: a key of the organization that nobody holds the secret of."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from django.conf import settings

from kernel import apikeys
from kernel.contracts import Grant
from kernel.problems import Problem
from marketplace.accounts import selectors as accounts
from marketplace.accounts import services
from marketplace.listings import grants

NAME = "Playground"
CODE_NAME = "Code examples"


def grant(request: Any) -> Grant:
    """The playground grant of the member behind an HttpRequest; the key is made on first use.

    Raises Problem invalid_api_key where nobody is signed in, permission_denied where the role may not make keys.
    """
    user = request.user
    org = accounts.organization_of(user) if user.is_authenticated else None
    if org is None:
        raise Problem("invalid_api_key", "sign in to run this, or send an API key")
    key = next((key for key in accounts.api_keys(org) if key.name == NAME and key.active), None)
    if key is None:
        key, _ = services.create_api_key(org=org, actor=user, name=NAME, mode="live")
    return next(found for found in grants.build_grants(org) if found.key_id == key.pk)


def code_key(user: Any) -> str | None:
    """The test key that the pages write into code examples: made on first use, free to call, and never stored.

    Its secret is derived from the house's pepper and the organization's public id, so that it can be shown again. None
    where nobody is signed in, the role may not make keys, or the key was revoked.
    """
    org = accounts.organization_of(user) if user.is_authenticated else None
    if org is None:
        return None
    number = int.from_bytes(hmac.digest(settings.ENV.key_pepper.encode(), b"code:" + org.public_id.bytes,
                                        hashlib.sha256))
    digits = ""
    for _ in range(apikeys.RANDOM_LENGTH):
        number, digit = divmod(number, len(apikeys.ALPHABET))
        digits += apikeys.ALPHABET[digit]
    secret = f"tsr_test_{digits}"
    secret += apikeys.checksum(secret)
    known = accounts.api_key_by_secret(secret)
    if known is None:
        try:
            known = services.restore_api_key(org=org, actor=user, name=CODE_NAME, secret=secret, mode="test")
        except Problem:
            return None
    return secret if known.active else None
