"""`manage.py confirm_domain SLUG`: our word that an organization's mail domain is its own."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.problems import Problem
from marketplace.accounts import security


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")

    def handle(self, *args: Any, slug: str, **options: Any) -> None:
        found = security.oidc_by_slug(slug)
        if found is None:
            raise CommandError("this organization has no identity provider")
        try:
            confirmed = security.confirm_domain(org=found.organization, staff=None)
        except Problem as problem:
            raise CommandError(problem.detail) from None
        self.stdout.write(f"{confirmed.domain} is {slug}'s")
