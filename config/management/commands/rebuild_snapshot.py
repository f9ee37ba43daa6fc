"""`manage.py rebuild_snapshot`: writes the grants and routes that the gateway reads from Redis anew, from Postgres."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from marketplace.listings import snapshots


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        routes, grants = snapshots.rebuild()
        self.stdout.write(f"routes: {routes}\ngrants: {grants}")
