"""`manage.py forget_second_factors ADDRESS`: for a person who lost theirs, once you are sure who asks."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.problems import Problem
from marketplace.accounts import privacy


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address")

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        try:
            count = privacy.forget_second_factors(email=address)
        except Problem as problem:
            raise CommandError(problem.detail) from None
        self.stdout.write(f"{count} second factors are forgotten, all sessions are ended")
