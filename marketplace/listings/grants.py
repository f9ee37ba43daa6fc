"""Grant snapshots: what each key may do now, written to Redis for the data plane. Derived; can be redone any time."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import transaction

from billing import budgets
from billing import selectors as billing
from kernel.contracts import GRANT_KEY, SNAPSHOT_CHANNEL, Grant, Limit
from kernel.facts import GrantsChanged
from kernel.problems import Problem
from marketplace.accounts import selectors as accounts
from marketplace.listings import selectors


def build_grants(org: accounts.Organization) -> list[Grant]:
    """The grants of an organization's keys: accounts, subscriptions and spending limits put together."""
    spending = billing.limits(org.pk)
    limits = budgets.hard_limits(org.pk)
    whole = limits.get(None, ())
    if spending is not None and spending.prepaid_minor is not None:
        whole += (Limit("org", "balance", spending.prepaid_minor),)
    return [replace(grant, limits=grant.limits + whole + limits.get(grant.key_id, ()))
            for grant in _granted(org, spending)]


def _granted(org: accounts.Organization, spending: billing.Limits | None) -> list[Grant]:
    models = selectors.subscribed_models(org)
    if spending is None:  # no purse yet: nothing was ever charged, and only the keys' own limits hold
        return list(accounts.grants(org, accounts.Limits(models)))
    return list(accounts.grants(org, accounts.Limits(
        models, spending.monthly_limit_minor, spending.monthly_units, spending.rate_per_minute, spending.concurrency)))


def grant_of_key(key: Any) -> Grant:
    """The grant of one API key as it stands now. Raises Problem invalid_api_key where it grants nothing."""
    found = next((grant for grant in build_grants(key.organization) if grant.key_id == key.pk), None)
    if found is None or not found.active:
        raise Problem("invalid_api_key", "this API key grants nothing")
    return found


def write_snapshots(org: accounts.Organization) -> int:
    """Writes the grants of an organization, removes those of revoked keys and tells every process; how many stand."""
    with transaction.atomic():
        # Two writers at once would leave whichever read first; the row lock makes the last reader the last writer.
        org = accounts.locked_organization(org.pk)
        granted = build_grants(org)
        revoked = accounts.revoked_hashes(org)
        store = _redis().pipeline(transaction=True)
        for grant in granted:
            store.set(GRANT_KEY.format(key_hash=grant.key_hash), grant.dump())
        for key_hash in revoked:
            store.delete(GRANT_KEY.format(key_hash=key_hash))
        for key_hash in [*(g.key_hash for g in granted), *revoked]:
            store.publish(SNAPSHOT_CHANNEL, f"grant:{key_hash}")
        store.execute()
    return len(granted)


def rebuild_all() -> int:
    """Rewrites every grant from Postgres and drops those of keys that are gone; how many stand."""
    store = _redis()
    prefix = GRANT_KEY.format(key_hash="")
    before = {key.decode() for key in store.scan_iter(match=f"{prefix}*", count=500)}
    known: set[str] = set()
    for org_id in accounts.organization_ids():
        org = accounts.organization(org_id)
        write_snapshots(org)
        known |= {prefix + grant.key_hash for grant in build_grants(org)}
    if before - known:
        store.delete(*(before - known))
    store.publish(SNAPSHOT_CHANNEL, "*")
    return len(known)


def on_grants_changed(fact: GrantsChanged) -> None:
    """Listener of GrantsChanged."""
    write_snapshots(accounts.organization(fact.org_id))


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.ENV.redis_url, socket_timeout=5, socket_connect_timeout=2)
