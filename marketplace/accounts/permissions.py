"""Who may do what: one table of roles, the scopes of keys, and what each operation of the API asks for. Pure."""

from __future__ import annotations

import re
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
    "subscriptions:manage": "billing", "usage:read": "billing", "billing:read": "billing", "billing:manage": "billing",
    "predict": "predict", "files": "files", "jobs:read": "predict", "webhooks:manage": "webhooks",
    "models:read": "models:read", "models:write": "models:write", "models:deploy": "models:deploy",
}

# A key with any scope may ask these; they tell nothing that a call of a model would not.
OF_ANY_KEY = frozenset({"account:read"})

_READ = frozenset({"account:read", "keys:read", "subscriptions:read", "jobs:read", "models:read"})
_BUILD = _READ | {"keys:manage", "predict", "files", "webhooks:manage", "models:write", "models:deploy",
                  "subscriptions:manage"}
_MONEY = _READ | {"usage:read", "billing:read", "billing:manage", "subscriptions:manage"}
_ADMIN = _BUILD | _MONEY | {"members:manage", "audit:read"}

ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    "owner": frozenset(PERMISSIONS),
    "admin": frozenset(_ADMIN),
    "developer": frozenset(_BUILD),
    "billing": frozenset(_MONEY),
    "viewer": _READ,
}


# "METHOD path" → the permission; None: anybody, signed in or not. What is not listed here is refused to everybody.
OPERATIONS: dict[str, str | None] = {
    "GET account": "account:read",
    "GET audit-log": "audit:read",
    "GET api-keys": "keys:read", "POST api-keys": "keys:manage", "DELETE api-keys/{}": "keys:manage",
    "POST api-keys/{}/rotate": "keys:manage", "POST key-leaks": None,
    "PUT api-keys/{}/team": "keys:manage",
    "GET teams": "members:manage", "POST teams": "members:manage", "GET teams/{}": "members:manage",
    "PUT teams/{}": "members:manage", "DELETE teams/{}": "members:manage", "PUT teams/{}/people": "members:manage",
    "GET service-accounts": "members:manage", "POST service-accounts": "members:manage",
    "DELETE service-accounts/{}": "members:manage", "POST service-accounts/{}/api-keys": "keys:manage",
    "GET subscriptions": "subscriptions:read", "POST subscriptions": "subscriptions:manage",
    "DELETE subscriptions/{}": "subscriptions:manage",
    "GET access-requests": "subscriptions:read", "POST access-requests": "subscriptions:manage",
    "DELETE access-requests/{}": "subscriptions:manage", "GET provider/access-requests": "models:read",
    "POST provider/access-requests/{}/approve": "models:write",
    "POST provider/access-requests/{}/refuse": "models:write",
    "POST provider/access-requests/{}/withdraw": "models:write",
    "GET models": None, "GET models/{}": None, "GET models/{}/schema": None, "GET models/{}/versions": None,
    "GET models/{}/versions/{}": None,
    "POST models": "models:write", "PATCH models/{}": "models:write", "DELETE models/{}": "models:write",
    "POST models/inspect": "models:write", "POST models/import": "models:write",
    "POST models/{}/versions/{}/compress": "models:write", "POST models/{}/versions": "models:write",
    "GET models/{}/versions/{}/report": "models:read", "GET models/{}/versions/{}/diff": "models:read",
    "POST models/{}/versions/{}/activate": "models:deploy", "POST models/{}/versions/{}/retire": "models:deploy",
    "POST models/{}/versions/{}/deprecate": "models:write", "GET models/{}/aliases": "models:read",
    "PUT models/{}/aliases/{}": "models:deploy", "DELETE models/{}/aliases/{}": "models:deploy",
    "GET models/{}/traffic": "models:read", "PUT models/{}/traffic": "models:deploy",
    "GET models/{}/traffic/history": "models:read", "POST models/{}/rollback": "models:deploy",
    "GET models/{}/deployment": "models:read", "PUT models/{}/deployment": "models:deploy",
    "GET models/{}/canary": "models:read", "POST models/{}/canary": "models:deploy",
    "POST models/{}/canary/cancel": "models:deploy", "POST models/{}/outcomes": "models:deploy",
    "GET models/{}/experiment": "models:read",
    "POST models/{}/publish": "models:write", "GET models/{}/publication": "models:read",
    "POST models/{}/withdraw": "models:write", "GET provider/models": "models:read",
    "GET provider/models/{}": "models:read",
    "POST models/{}/predictions": "predict", "POST classify": "predict", "POST analyze-image": "predict",
    "GET predictions": "jobs:read", "GET predictions/{}": "jobs:read", "GET predictions/{}/events": "jobs:read",
    "POST predictions/{}/cancel": "predict",
    "GET batches": "jobs:read", "POST batches": "predict", "GET batches/{}": "jobs:read",
    "POST batches/{}/cancel": "predict",
    "GET files": "files", "POST files": "files", "GET files/{}": "files", "DELETE files/{}": "files",
    "GET files/{}/content": "files", "POST uploads": "files", "GET uploads/{}": "files",
    "PUT uploads/{}/parts/{}": "files", "POST uploads/{}/complete": "files", "POST uploads/{}/cancel": "files",
    "GET webhook-deliveries": "webhooks:manage", "POST webhook-deliveries/{}/replay": "webhooks:manage",
    "GET webhook-endpoints": "webhooks:manage", "POST webhook-endpoints": "webhooks:manage",
    "DELETE webhook-endpoints/{}": "webhooks:manage", "POST webhook-endpoints/{}/test": "webhooks:manage",
    "GET webhook-secrets": "webhooks:manage", "POST webhook-secrets": "webhooks:manage",
    "GET pricing/estimate": "subscriptions:read",
    "GET usage": "usage:read", "GET usage/events": "usage:read", "GET usage/{}/receipt": "usage:read",
    "GET billing/account": "billing:read", "GET billing/payment-methods": "billing:read",
    "GET billing/plans": "billing:read", "POST billing/plans": "billing:manage",
    "POST billing/top-ups": "billing:manage", "GET billing/wallet": "billing:read",
    "GET budgets": "billing:read", "POST budgets": "billing:manage", "GET budgets/{}": "billing:read",
    "PATCH budgets/{}": "billing:manage", "DELETE budgets/{}": "billing:manage", "GET budgets/alerts": "billing:read",
    "GET invoices": "billing:read", "GET invoices/{}": "billing:read", "GET invoices/{}/file/{}": "billing:read",
    "GET invoices/{}/lines/{}/events": "billing:read", "GET invoices/{}/receipts": "billing:read",
    "GET provider/earnings": "billing:read", "GET provider/payouts": "billing:read",
}


def operation(method: str, route: str) -> str:
    """The name of an operation in OPERATIONS: ``operation("DELETE", "api/v1/api-keys/<int:key_id>")`` is
    ``"DELETE api-keys/{}"``. HEAD and OPTIONS ask for what GET asks for."""
    path = re.sub(r"<[^>]*>|\{[^}]*\}", "{}", route.strip("/").removeprefix("api/v1/").rstrip("$"))
    return f"{'GET' if method in ('HEAD', 'OPTIONS') else method} {path}"


def allows(role: str, permission: str) -> bool:
    """Whether a member of this role may do this."""
    return permission in ROLE_PERMISSIONS[role]


def scopes_of_role(role: str) -> frozenset[str]:
    """The scopes whose every permission this role has: those that its members may hand on."""
    allowed = ROLE_PERMISSIONS[role]
    return frozenset(scope for scope in SCOPES
                     if all(permission in allowed for permission, needed in PERMISSIONS.items() if needed == scope))


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
