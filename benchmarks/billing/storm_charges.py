"""Kills two closers, two collectors and Stripe's stand-in at random moments, loses requests and answers, and then
counts, independently of the product, that every invoice was charged exactly once and to the cent.

    python -m benchmarks.billing.storm_charges [--kills 100] [--invoices 420] [--seed 7] [--no-key]

Needs DATABASE_URL; works in a database of its own on that server and drops it afterwards. `--no-key` is the broken
control: the same product without idempotency keys, which must charge twice.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo

ROOT = Path(__file__).resolve().parents[2]
API_KEY = "sk_test_sandbox_storm"
DATABASE = "storm_charges"
PRICES = {"ocr": Decimal("0.15"), "asr": Decimal("3.3333")}
TAX = Decimal(19)
LOST_PER_MILLE = 110  # before execution, and the same after it
PERIOD = datetime(2026, 10, 1, tzinfo=UTC)
LIMIT_S = 330


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--invoices", type=int, default=420)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--no-key", action="store_true", help="the broken control")
    options = parser.parse_args()
    server = os.environ["DATABASE_URL"]
    template = _template(server)
    with closing(psycopg.connect(server, autocommit=True)) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {DATABASE} TEMPLATE {template}")
    try:
        with tempfile.TemporaryDirectory(prefix="storm") as folder:
            return storm(options, server, Path(folder))
    finally:
        with closing(psycopg.connect(server, autocommit=True)) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")


def run(*, short: bool = False) -> dict[str, object]:
    """The figures of a storm in a process of its own: Django can be set up for one database only."""
    size = ["--kills", "12", "--invoices", "40"] if short else []
    done = subprocess.run([sys.executable, "-m", "benchmarks.billing.storm_charges", *size], capture_output=True,
                          text=True, check=False, timeout=LIMIT_S + 120)
    if not done.stdout.strip():
        raise RuntimeError(done.stderr[-2000:])
    figures: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


@dataclass
class Child:
    """A process that may be killed: its name, what it runs, and its pid."""

    name: str
    run: Callable[[], None]
    pid: int = 0
    kills: int = 0

    def start(self) -> None:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            try:
                self.run()
            finally:
                os._exit(1)
        self.pid = pid

    def end(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


@dataclass
class Storm:
    options: argparse.Namespace
    folder: Path
    port: int
    owed: dict[int, int] = field(default_factory=dict)  # organization → minor units, by our own arithmetic

    # -- the processes

    def sandbox(self) -> None:
        from billing.sandbox_stripe import operations  # noqa: F401
        from billing.sandbox_stripe.actions import Actions
        from billing.sandbox_stripe.contract import load
        from billing.sandbox_stripe.server import FaultInjected, Sandbox, Server
        from billing.sandbox_stripe.store import Store

        tally = os.open(self.folder / "tally", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

        class Counting(Sandbox):
            """Notes what came and what got lost, a byte each, so that killing loses nothing of the count."""

            def call(self, *args: Any) -> Any:
                os.write(tally, b"r")
                try:
                    return super().call(*args)
                except FaultInjected:
                    os.write(tally, b"l")
                    raise

        store = Store(self.folder / "stripe.db")
        sandbox = Counting(load(self.folder / "contract.json"), store, Actions(store, ""), API_KEY)
        Server(("127.0.0.1", self.port), sandbox).serve_forever()

    def closer(self) -> None:
        from billing import invoicing

        while True:
            invoicing.close_due_periods()
            time.sleep(0.05)

    def collector(self) -> None:
        from billing import payments

        while True:
            payments.sweep_attempts()
            payments.collect_due(limit=20)
            time.sleep(0.02)

    # -- before and after

    def seed(self) -> None:
        """Accounts with a saved card and a month of usage; what each owes is computed here, in fractions."""
        from django.apps import apps
        from django.db import connection

        from billing import ledger, payments, services
        from billing.models import BillingAccount
        from kernel.contracts import UsageEvent
        from kernel.ids import uuid7

        rng = random.Random(self.options.seed)
        organizations = apps.get_model("accounts", "Organization")
        events = []
        for number in range(self.options.invoices):
            org = organizations.objects.create(name=f"Org {number}", slug=f"org-{number}")
            account = services.set_tax_rate(org_id=org.pk, code="de", percent=TAX)
            customer = payments.gateway().create_customer(key=str(org.public_id), email="", name="", metadata={})
            card = payments.gateway().attach_card("pm_card_visa", customer)
            BillingAccount.objects.filter(pk=account.pk).update(stripe_customer=customer, default_method=card.id)
            subtotal = 0
            for model, price in PRICES.items():
                units = [rng.randrange(200, 4000) for _ in range(3)]
                events += [UsageEvent(
                    uuid7(), org.pk, 1, model, 1, "page", one, 1, price, "USD", "live",
                    PERIOD + timedelta(hours=rng.randrange(700)), b"\0" * 32, 1) for one in units]
                subtotal += half_up(Fraction(price) * sum(units))
            self.owed[org.pk] = subtotal + half_up(Fraction(subtotal) * Fraction(TAX) / 100)
        with connection.cursor() as cursor:
            for start in range(0, len(events), 500):
                cursor.execute(ledger.INSERT, ledger.rows(events[start:start + 500]))

    def done(self) -> bool:
        from billing.models import Invoice

        return Invoice.objects.filter(status="paid", total__gt=0).count() == len(self.owed)

    def set(self, **values: int) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/sandbox/settings", json.dumps(values).encode(),
            {"Authorization": f"Bearer {API_KEY}"})
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - our own loopback address

    def wait_for_sandbox(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


def half_up(amount: Fraction) -> int:
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)


def storm(options: argparse.Namespace, server: str, folder: Path) -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    _configure(server, folder, port)
    from django.db import connections

    run = Storm(options, folder, port)
    children = [Child("sandbox", run.sandbox), Child("closer 1", run.closer), Child("closer 2", run.closer),
                Child("collector 1", run.collector), Child("collector 2", run.collector)]
    _hurry(options)
    from billing.sandbox_stripe.contract import load

    load(folder / "contract.json")
    connections.close_all()
    children[0].start()
    try:
        run.wait_for_sandbox()
        run.seed()
        connections.close_all()
        lost = 2 * LOST_PER_MILLE if options.no_key else LOST_PER_MILLE  # the control must not fail by luck
        run.set(fault_before=lost, fault_after=lost, delay_ms=60)
        (folder / "tally").write_bytes(b"")
        began = time.monotonic()
        for child in children[1:]:
            child.start()
        kills = _rage(run, children, options, began)
        while not run.done() and time.monotonic() - began < LIMIT_S:
            time.sleep(0.2)
        took = time.monotonic() - began
    finally:
        for child in children:
            if child.pid:
                child.end()
    return _report(run, children, kills, took, folder)


def _rage(run: Storm, children: list[Child], options: argparse.Namespace, began: float) -> int:
    """Kills one process after another at random moments; also while the last invoices are being paid."""
    rng, kills = random.Random(options.seed + 1), 0
    while kills < options.kills and time.monotonic() - began < LIMIT_S:
        time.sleep(rng.uniform(0.05, 0.5))
        victim = rng.choice(children)
        victim.end()
        victim.kills += 1
        kills += 1
        victim.start()
    return kills


def _template(server: str) -> str:
    """A migrated database to copy: migrating takes longer than a short storm. Its name tells the migrations apart."""
    files = sorted(path for path in ROOT.glob("*/**/migrations/*.py") if ".venv" not in path.parts)
    name = f"{DATABASE}_{hashlib.sha256(b''.join(path.read_bytes() for path in files)).hexdigest()[:12]}"
    with closing(psycopg.connect(server, autocommit=True)) as admin:
        known = [str(row[0]) for row in admin.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{DATABASE}\\_%"])]
        if name in known:
            return name
        for old in (*known, f"{DATABASE}_building"):
            admin.execute(f"DROP DATABASE IF EXISTS {old} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {DATABASE}_building")
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, check=True,
                       env={**os.environ, "DATABASE_URL": address(server, f"{DATABASE}_building")})
        admin.execute(f"ALTER DATABASE {DATABASE}_building RENAME TO {name}")
    return name


def _configure(server: str, folder: Path, port: int) -> None:
    os.environ["DATABASE_URL"] = address(server, DATABASE)
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "STRIPE_API_KEY": API_KEY,
                   "STRIPE_API_BASE": f"http://127.0.0.1:{port}", "TESSERA_VAR": str(folder)}
    os.environ.setdefault("TESSERA_SECRET_KEY", "storm")
    import logging

    import django

    django.setup()
    logging.disable(logging.ERROR)  # faults are meant here


def address(server: str, database: str) -> str:
    """Another database on the same server."""
    parts = conninfo.conninfo_to_dict(server)
    host = str(parts.get("host", ""))
    if host.startswith("/"):
        return f"postgresql://{parts.get('user', 'postgres')}@/{database}?host={host}"
    secret = f":{parts['password']}" if parts.get("password") else ""
    return f"postgresql://{parts.get('user', 'postgres')}{secret}@{host}:{parts.get('port', 5432)}/{database}"


def _hurry(options: argparse.Namespace) -> None:
    """A storm has seconds where a product has a minute: leases are shorter. Nobody listens to facts here."""
    from billing import payments
    from billing.stripe_gateway import Gateway
    from kernel import bus

    payments.LEASE = timedelta(seconds=1)
    bus._listeners.clear()
    if options.no_key:
        pay = Gateway.pay
        Gateway.pay = lambda self, request, *, key: pay(self, request, key=str(uuid.uuid4()))  # type: ignore[method-assign]


def _report(run: Storm, children: list[Child], kills: int, took: float, folder: Path) -> int:
    from billing.models import Invoice, PaymentAttempt

    with closing(sqlite3.connect(folder / "stripe.db")) as journal:
        rows = [json.loads(row[0]) for row in journal.execute("SELECT data FROM object WHERE kind = 'payment_intent'")]
    charges: dict[int, list[int]] = {}
    owner = dict(Invoice.objects.values_list("pk", "organization_id"))
    for intent in rows:
        if intent["status"] == "succeeded":
            charges.setdefault(owner[int(intent["metadata"]["invoice"])], []).append(intent["amount"])
    double = sum(len(amounts) > 1 for amounts in charges.values())
    unpaid = sum(org not in charges for org in run.owed)
    wrong = sum(charges.get(org, [owed])[0] != owed for org, owed in run.owed.items())
    charged, owed = sum(sum(amounts) for amounts in charges.values()), sum(run.owed.values())
    numbers = sorted(Invoice.objects.exclude(number=None).values_list("number", flat=True))
    tally = (folder / "tally").read_bytes()
    lost = 100 * tally.count(b"l") / max(1, tally.count(b"r"))
    resent = sum(max(0, sends - 1) for sends in PaymentAttempt.objects.values_list("sends", flat=True))
    gapless = numbers == list(range(1, len(numbers) + 1))
    figures = {
        "kills": kills, "invoices": len(run.owed), "double_charged": double, "not_charged": unpaid,
        "wrong_amounts": wrong, "charged_minor": charged, "owed_minor": owed, "lost_percent": round(lost, 1),
        "resent": resent, "gapless": gapless, "seconds": round(took, 1)}
    print("charges under kill -9" + (" without idempotency keys (broken control)" if run.options.no_key else ""))
    for child in children:
        print(f"  {child.name:<12} killed {child.kills} times")
    for name, value in figures.items():
        print(f"  {name:<16} {value}")
    print(json.dumps(figures))
    good = double == unpaid == wrong == 0 and charged == owed and gapless
    return 0 if good or run.options.no_key else 1


if __name__ == "__main__":
    sys.exit(main())
