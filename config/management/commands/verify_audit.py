"""`manage.py verify_audit`: walks the chain of hashes of every organization; fails and names the first broken link."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace.accounts import audit, selectors


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        broken, entries = 0, 0
        for org_id in selectors.organization_ids():
            org = selectors.organization(org_id)
            entries += selectors.audit_entries(org).count()
            number = audit.first_broken_link(org)
            if number is not None:
                broken += 1
                self.stderr.write(f"organization {org_id}: the chain breaks at entry {number}")
        self.stdout.write(f"audit: {entries} entries, {broken} chains are broken")
        if broken:
            raise CommandError(f"{broken} chains are broken")
