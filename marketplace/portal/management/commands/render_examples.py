"""`manage.py render_examples`: the pictures and sounds of stored examples, made where they are missing or stale."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from kernel.problems import Problem
from marketplace.listings import selectors as listings
from marketplace.portal import examples


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", help="only these models")

    def handle(self, *args: Any, **options: Any) -> None:
        began, files = time.monotonic(), 0
        for listing in listings.on_shelf().order_by("name"):
            if options["names"] and listing.name not in options["names"]:
                continue
            try:
                files += examples.render(listing.name, again=bool(options["names"]))
            except (Problem, ImportError, OSError) as error:  # its page shows the stored figures instead
                self.stderr.write(f"example of {listing.name}: {error}")
        self.stdout.write(f"examples: {files} files made in {time.monotonic() - began:.1f} s")
