"""`manage.py restore FILE`: fills an empty database; every table is compared, the snapshots are written anew."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config import archive


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--database-only", action="store_true",
                            help="leave Redis alone: `manage.py rebuild_snapshot` writes what the gateways read")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        began = time.monotonic()
        try:
            facts = archive.restore(file.absolute())
        except archive.ArchiveError as error:
            raise CommandError(str(error)) from None
        if not options["database_only"]:
            call_command("rebuild_snapshot", stdout=self.stdout)
        self.stdout.write(json.dumps({"made_at": facts["made_at"], "ledger": facts["ledger"],
                                      "tables": len(facts["tables"]), "seconds": round(time.monotonic() - began, 2)}))
