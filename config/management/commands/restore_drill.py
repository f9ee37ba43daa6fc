"""`manage.py restore_drill`: a backup of this instance, restored into an empty database beside it, and compared.

The instance goes on working meanwhile. The last line is one JSON object; the command fails where the ledger's checksum,
the hourly sums or an audit chain differ, or where it took more than five minutes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

LIMIT_S = 300
NAME = "tessera_drill"


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--events", type=int, default=0, help="first add so many usage events of a test account")

    def handle(self, *args: Any, events: int, **options: Any) -> None:
        if events:
            self.stdout.write(f"adding {events} usage events")
            _add_events(events)
        with tempfile.TemporaryDirectory() as folder:
            file, state = Path(folder) / "backup.tar", Path(folder) / "var"
            state.mkdir()
            began = time.monotonic()
            made = _manage(["backup", str(file)], {})
            backed_up = time.monotonic() - began
            parts = urlsplit(settings.ENV.database_url)
            elsewhere = {"DATABASE_URL": urlunsplit(parts._replace(path=f"/{NAME}")), "TESSERA_VAR": str(state),
                         "REDIS_URL": settings.ENV.redis_url, "TESSERA_SECRET_KEY": settings.SECRET_KEY}
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {NAME}")
                cursor.execute(f"CREATE DATABASE {NAME}")
            try:
                began = time.monotonic()
                restored = _manage(["restore", str(file), "--database-only"], elsewhere)
                seconds = time.monotonic() - began
                _manage(["verify_ledger", "--ledger-only"], elsewhere)
                _manage(["verify_audit"], elsewhere)
            finally:
                with connection.cursor() as cursor:
                    cursor.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        report = {
            "events": made["ledger"]["events"], "bytes": made["bytes"], "tables": made["tables"],
            "backup_s": round(backed_up, 2), "restore_s": round(seconds, 2), "limit_s": LIMIT_S,
            "ledger_before": made["ledger"]["checksum"], "ledger_after": restored["ledger"]["checksum"],
        }
        report["equal"] = report["ledger_before"] == report["ledger_after"]
        report["good"] = report["equal"] and backed_up + seconds <= LIMIT_S
        for name in ("events", "tables", "bytes", "backup_s", "restore_s"):
            self.stdout.write(f"{name:>12} {report[name]:>14}")
        self.stdout.write(json.dumps(report))
        if not report["good"]:
            raise CommandError("the drill failed")


def _manage(arguments: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """Runs a management command in a process of its own; what its last line says, where that is JSON."""
    done = subprocess.run([sys.executable, "manage.py", *arguments], env={**os.environ, **environment},
                          cwd=settings.ROOT, capture_output=True, text=True)
    if done.returncode:
        raise CommandError(f"{arguments[0]}: {(done.stderr or done.stdout).strip()[-800:]}")
    last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
    return dict(json.loads(last)) if last.startswith("{") else {}


def _add_events(count: int) -> None:
    """Usage of a test account, through the ledger's own writer."""
    import asyncio
    from datetime import timedelta
    from decimal import Decimal

    from billing.ledger import LedgerWriter
    from kernel import clock, ids
    from kernel.contracts import UsageEvent
    from marketplace.accounts import services as accounts

    _, org = accounts.ensure_account(email="drill@example.com", password=os.urandom(12).hex(),
                                     organization_name="Drill")
    start = clock.now() - timedelta(days=20)

    def event(number: int) -> UsageEvent:
        return UsageEvent(
            event_id=ids.uuid7(), org_id=org.pk, key_id=1, model=f"drill-{number % 7}", version=1, unit="call", units=1,
            price_version=1, unit_amount=Decimal(number % 13) / 100, currency="USD", mode="test",
            occurred_at=start + timedelta(seconds=number % 1_000_000), request_hash=number.to_bytes(32), latency_ms=1)

    async def write() -> None:
        ledger = LedgerWriter(settings.ENV.database_url)
        await ledger.start()
        try:
            for first in range(0, count, 2000):
                await asyncio.gather(*(ledger.commit(event(n)) for n in range(first, min(first + 2000, count))))
        finally:
            await ledger.stop()

    asyncio.run(write())
