"""`manage.py prepare`: migrations, pages' files, catalogue, snapshots and the demo account. Harmless when run again."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from config import preparation
from kernel import apikeys
from marketplace.accounts import services as accounts
from marketplace.listings import services as subscriptions
from marketplace.listings import snapshots
from model_registry import fetching
from model_registry import services as registry
from model_registry.catalog_kit.runner import CATALOG, nets_folder

SCOPES = ("predict", "billing", "files")
DEMO_EMAIL = "demo@example.com"


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []  # they import every page; the tests run them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="no demo account (real deployments)")
        parser.add_argument("--no-examples", action="store_true", help="leave render_examples to a later moment")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        self.stdout.write("database is up to date")
        call_command("compile_locale", verbosity=0)
        _collect_pages()
        self._catalogue()
        if not options["no_examples"]:
            call_command("render_examples", stdout=self.stdout, stderr=self.stderr)
        if not options["no_demo"]:
            self._demo()
        self.stdout.write("the data plane's copy: {} routes, {} grants".format(*snapshots.rebuild()))

    def _catalogue(self) -> None:
        repository = settings.ENV.triton_repository
        fingerprint = preparation.fingerprint(nets_folder())
        if known := preparation.is_done(fingerprint):
            self.stdout.write("catalogue: nothing changed since the last start")
        else:
            report = registry.sync_catalog(root=CATALOG, nets_dir=nets_folder(), repository_dir=repository)
            self.stdout.write(f"catalogue: {report}")
            for fault in report.faults:
                self.stdout.write(f"catalogue fault: {fault}")
        self.stdout.write(f"hub: {fetching.sync_hub(repository_dir=repository)}")
        if not known:
            subscriptions.stock_shelf()
            if not report.faults:  # those are to be said again
                preparation.done(fingerprint, report.served_by)

    def _demo(self) -> None:
        """One account with everything subscribed, a live and a test key; all of it readable in demo.json."""
        path = Path(settings.ENV.var) / "demo.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        password = known.get("password") or secrets.token_urlsafe(9)
        user, org = accounts.ensure_account(email=DEMO_EMAIL, password=password, organization_name="Demo")
        if not known and not user.check_password(password):
            user.set_password(password)  # the file was lost: the account goes on with a new password
            user.save(update_fields=["password"])
        modes = {"api_key": "live", "test_key": "test"}
        keys = {name: known.get(name) or apikeys.mint(mode) for name, mode in modes.items()}
        accounts.restore_api_key(org=org, actor=user, name="Demo", secret=keys["api_key"], mode="live",
                                 scopes=SCOPES)
        accounts.restore_api_key(org=org, actor=user, name="Demo (test)", secret=keys["test_key"], mode="test",
                                 scopes=SCOPES)
        count = subscriptions.subscribe_to_all(org=org, plan="payg", actor=user)
        facts = {
            "url": settings.ENV.public_url, "grpc": f"{settings.ENV.host}:{settings.ENV.grpc_port}",
            "email": DEMO_EMAIL, "password": password, **keys,
        }
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(facts, file, indent=2)
        self.stdout.write(f"demo account {DEMO_EMAIL}: {count} models newly subscribed")


def _collect_pages() -> None:
    """Collects and compresses the pages' files, unless they are those that were collected last."""
    root = Path(settings.STATIC_ROOT)
    folders = [*settings.STATICFILES_DIRS, *(Path(app.path) / "static" for app in apps.get_app_configs())]
    sources = [file for folder in folders for file in sorted(Path(folder).rglob("*")) if file.is_file()]
    state = [(str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in sources]
    digest = hashlib.sha256(repr((django.VERSION, state)).encode()).hexdigest()
    stamp = root.with_suffix(".collected")
    if root.is_dir() and stamp.exists() and stamp.read_text() == digest:
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(digest)
