"""`manage.py backup FILE`: the database and the stored files of one moment, with a checksum of every table."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import archive


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        began = time.monotonic()
        try:
            facts = archive.back_up(file.absolute())
        except archive.ArchiveError as error:
            raise CommandError(str(error)) from None
        self.stdout.write("keep TESSERA_KEY_PEPPER and TESSERA_SECRET_KEY elsewhere: they are not in this file")
        self.stdout.write(json.dumps({"file": str(file), "bytes": file.stat().st_size, "ledger": facts["ledger"],
                                      "tables": len(facts["tables"]), "seconds": round(time.monotonic() - began, 2)}))
