"""The grant behind a signed-in member's playground: a key of the organization that nobody holds the secret of."""

from __future__ import annotations

from typing import Any

from kernel.contracts import Grant
from kernel.problems import Problem
from marketplace.accounts import selectors as accounts
from marketplace.accounts import services
from marketplace.listings import grants

NAME = "Playground"


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
