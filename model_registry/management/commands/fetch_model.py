"""`manage.py fetch_model NAME`: fetches a model of the public hub and makes it callable. Resumes where it stopped."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.problems import Problem
from model_registry import fetching
from model_registry.hub.entries import entries, entry


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="*", help="models to fetch; none lists what there is")
        parser.add_argument("--mirror", default="", metavar="URL",
                            help="a mirror with the hub's paths (default: TESSERA_HUB_MIRROR, else the hub)")
        parser.add_argument("--renew", action="store_true",
                            help="take what the hub has now, also where an earlier fetch saw something else")

    def handle(self, *args: Any, name: list[str], mirror: str, renew: bool, **options: Any) -> None:
        if not name:
            self._list()
            return
        for one in name:
            try:
                entry(one)
                fetching.model_of(one)
                version = fetching.fetch_now(name=one, base=mirror, by="command", renew=renew, tell=self._tell(one))
            except Problem as problem:
                self.stdout.write("")
                more = (" Check the network, name a mirror (--mirror URL), or copy the folder var/hub from a machine "
                        "that has it; what was fetched so far is kept." if problem.code == "hub_unreachable" else "")
                raise CommandError(f"{problem.code}: {problem.detail}{more}", returncode=2) from None
            except KeyboardInterrupt:
                raise CommandError("stopped; the same command goes on from here", returncode=130) from None
            self.stdout.write(f"\r{one}: version {version.number} is callable{' ' * 40}")

    def _tell(self, name: str) -> Any:
        steady = not sys.stdout.isatty()
        last = [""]

        def tell(what: str, done: int, total: int) -> None:
            if steady and what == last[0]:
                return
            last[0] = what
            share = f" {100 * done // total} %" if total and what not in ("checking", "trying") else ""
            size = f" {done / 1e6:.1f} MB" if done else ""
            line = f"{name}: {what or 'starting'}{size}{share}"
            self.stdout.write(line if steady else f"\r{line:<78}", ending="\n" if steady else "")
            self.stdout.flush()

        return tell

    def _list(self) -> None:
        from model_registry.hub.fetch import fetched

        for listed in entries().values():
            size = f"{listed.bytes / 1e6:.0f} MB" if listed.bytes else "size unknown"
            there = "fetched" if fetched(listed, fetching.hub_folder()) else "pinned" if listed.pinned() else "unpinned"
            self.stdout.write(f"{listed.name:<32} {there:<9} {size:<13} {listed.license}")
