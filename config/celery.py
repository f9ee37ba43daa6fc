"""The Celery application. Tasks are hints to go and scan; facts live in Postgres."""

import os
from pathlib import Path

from celery import Celery
from celery.signals import beat_init, worker_process_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("tessera")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def _schedule(sender: Celery, **_: object) -> None:
    """Beat's scans, as each package lists them."""
    from billing.tasks import SCHEDULE as OF_BILLING
    from inference_backend.jobs.tasks import BEAT_SCHEDULE
    from marketplace.accounts.tasks import SCHEDULE as OF_ACCOUNTS
    from marketplace.listings.tasks import SCHEDULE as OF_LISTINGS
    from model_registry.tasks import SCHEDULE as OF_REGISTRY

    scans = {task: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
             for task, seconds in {**OF_BILLING, **OF_ACCOUNTS, **OF_LISTINGS, **OF_REGISTRY}.items()}
    sender.conf.beat_schedule = {**BEAT_SCHEDULE, **scans}


@worker_process_init.connect
def _trace(**_: object) -> None:
    """Each child of the worker sends its own spans: an exporter's thread does not survive a fork."""
    from config import telemetry

    telemetry.start("worker")


@worker_ready.connect
@beat_init.connect
def _show_ready(**_: object) -> None:
    """Tells the embedded supervisor that this process takes work."""
    if file := os.environ.get("TESSERA_READY_FILE"):
        Path(file).touch()
