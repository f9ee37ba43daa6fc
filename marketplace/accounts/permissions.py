"""Who may do what: one table of roles, and the scopes of keys. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# What an API key may be given. "predict" is the default.
SCOPES: tuple[str, ...] = (
    "predict", "files", "models:read", "models:write", "models:deploy", "keys:admin", "billing", "webhooks",
)

# permission → the scope that a key needs for it; None: no key may, only a person.
PERMISSIONS: dict[str, str | None] = {
    "account:read": None, "organization:manage": None, "members:manage": None, "audit:read": None,
    "keys:read": "keys:admin", "keys:manage": "keys:admin", "subscriptions:read": "billing",
    "subscriptions:manage": "billing", "billing:read": "billing", "billing:manage": "billing",
    "predict": "predict", "files": "files", "jobs:read": "predict", "webhooks:manage": "webhooks",
    "models:read": "models:read", "models:write": "models:write", "models:deploy": "models:deploy",
}

_READ = frozenset({"account:read", "keys:read", "subscriptions:read", "jobs:read", "models:read"})
_BUILD = _READ | {"keys:manage", "predict", "files", "webhooks:manage", "models:write", "models:deploy",
                  "subscriptions:manage"}
_MONEY = _READ | {"billing:read", "billing:manage", "subscriptions:manage"}
_ADMIN = _BUILD | _MONEY | {"members:manage", "audit:read"}

ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    "owner": frozenset(PERMISSIONS),
    "admin": frozenset(_ADMIN),
    "developer": frozenset(_BUILD),
    "billing": frozenset(_MONEY),
    "viewer": _READ,
}


def allows(role: str, permission: str) -> bool:
    """Whether a member of this role may do this."""
    return permission in ROLE_PERMISSIONS[role]


@dataclass(frozen=True, slots=True)
class KeyPrincipal:
    """Who stands behind a request that came with an API key. It quacks like a user where DRF asks."""

    key_id: int
    organization_id: int
    scopes: tuple[str, ...]
    mode: str

    @property
    def pk(self) -> str:
        return f"key:{self.key_id}"

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def is_active(self) -> bool:
        return True

    @property
    def is_anonymous(self) -> bool:
        return False

    @property
    def is_staff(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"a request with an API key has no {name}: it is not a person")
