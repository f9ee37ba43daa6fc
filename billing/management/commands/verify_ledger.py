"""The ledger against everything else that counts."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from redis.exceptions import RedisError

from billing import ledger_checks, ledger_reads, meter, services

SHOWN = 50


class Command(BaseCommand):
    help = ("Compares the ledger with its hourly sums, the prices, the meter's counters and Triton's own count of "
            "successes; prints what differs and fails where anything does.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mend", action="store_true", help="set the meter's counters right")
        parser.add_argument("--ledger-only", action="store_true", help="without Redis and Triton")

    def handle(self, *args: Any, **options: Any) -> None:
        faults = self._ledger()
        if not options["ledger_only"]:
            faults += self._counters(options["mend"]) + self._triton()
        if faults:
            raise CommandError(f"{faults} differences")

    def _ledger(self) -> int:
        check = services.verify_ledger()
        for difference in check.differences[:SHOWN]:
            self.stderr.write(f"hourly sum: {difference}")
        for model, version in check.mispriced:
            self.stderr.write(f"{model} was recorded at another amount than its price version {version} says")
        self.stdout.write(f"ledger: {check.events} events, {check.rollups} hourly sums, {len(check.differences)} "
                          f"differ; {len(check.mispriced)} prices differ")
        return len(check.differences) + len(check.mispriced)

    def _counters(self, mend: bool) -> int:
        try:
            drifts = ledger_reads.quota_drifts(mend=mend)
        except RedisError as error:
            self.stderr.write(f"counters: Redis is away: {error}")
            return 1
        for drift in drifts[:SHOWN]:
            self.stderr.write(f"organization {drift.org_id}, {drift.counter}: {meter.minor(drift.amount_micro):f} "
                              f"minor units and {drift.calls} calls are missing")
        self.stdout.write(f"counters: {len(drifts)} differ" + (" (set right)" if mend and drifts else ""))
        return 0 if mend else len(drifts)

    def _triton(self) -> int:
        check = ledger_checks.against_triton()
        if check.reason:
            self.stdout.write(f"second count: nothing to compare with, {check.reason}")
            return 0
        for count in check.counts:
            if count.ran or count.billed:
                line = f"second count: {count.host} ran {count.ran}, billed {count.billed} since {count.since:%F %T}"
                self.stdout.write(line if count.sound else f"{line}: MORE BILLED THAN RAN")
        self.stdout.write(f"second count: {len(check.counts)} hosts compared, {len(check.begun)} begin with this check")
        return sum(not count.sound for count in check.counts)
