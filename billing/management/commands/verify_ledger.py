"""Recomputes all usage sums from the ledger and compares."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing import services


class Command(BaseCommand):
    help = "Recomputes the hourly sums from the usage events; fails where one differs."

    def handle(self, *args: Any, **options: Any) -> None:
        check = services.verify_ledger()
        for difference in check.differences[:50]:
            self.stderr.write(f"{difference}")
        for model, version in check.mispriced:
            self.stderr.write(f"{model} was recorded at another amount than its price version {version} says")
        if not check.sound:
            raise CommandError(f"{len(check.differences)} hours differ, {len(check.mispriced)} prices do not match")
        self.stdout.write(f"{check.events} events, {check.rollups} hourly sums: all agree")
