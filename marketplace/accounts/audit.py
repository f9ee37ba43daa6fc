"""The audit trail: one hash chain an organization, written in the transaction of the act itself."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import connection

from kernel import clock
from marketplace.accounts.models import AuditEntry, Organization, User
from marketplace.accounts.permissions import KeyPrincipal

Actor = User | KeyPrincipal | None  # None: the platform itself

GENESIS = "0" * 64


def record(*, org: Organization, actor: Actor, action: str, target: str = "", ip: str | None = None,
           before: dict[str, Any] | None = None, after: dict[str, Any] | None = None) -> AuditEntry:
    """Appends one entry; call it inside the transaction of what it tells. Never put secrets or mail addresses in."""
    with connection.cursor() as cursor:
        # One writer a chain; the lock goes with the transaction.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('accounts_audit'), %s)", [org.pk % 2**31])
    last = AuditEntry.objects.filter(organization=org).order_by("-number").first()
    kind, actor_id = _who(actor)
    entry = AuditEntry(
        organization=org, number=last.number + 1 if last else 1, at=clock.now(), actor_kind=kind, actor_id=actor_id,
        action=action, target=target, ip=ip, before=before or {}, after=after or {},
        previous_hash=last.hash if last else GENESIS,
    )
    entry.hash = _digest(entry)
    entry.save(force_insert=True)
    return entry


def first_broken_link(org: Organization) -> int | None:
    """The number of the first entry that does not fit its predecessor or its own content; None: the chain holds."""
    previous = GENESIS
    entries = AuditEntry.objects.filter(organization=org).order_by("number").iterator()
    for number, entry in enumerate(entries, start=1):
        if entry.number != number or entry.previous_hash != previous or entry.hash != _digest(entry):
            return number
        previous = entry.hash
    return None


def _who(actor: Actor) -> tuple[str, int | None]:
    if actor is None:
        return "system", None
    if isinstance(actor, KeyPrincipal):
        return "key", actor.key_id
    return "user", actor.pk


def _digest(entry: AuditEntry) -> str:
    fields = [
        entry.organization_id, entry.number, entry.at.isoformat(), entry.actor_kind, entry.actor_id, entry.action,
        entry.target, entry.ip, entry.before, entry.after, entry.previous_hash,
    ]
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
