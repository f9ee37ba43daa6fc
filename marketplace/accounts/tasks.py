"""Beat's hint: look at what the ledger says about keys. Losing one or running it twice changes nothing."""

from __future__ import annotations

from celery import shared_task

from marketplace.accounts import services

# For config's beat: task → seconds between runs.
SCHEDULE = {"accounts.note_key_use": 20}


@shared_task(name="accounts.note_key_use")
def note_key_use() -> int:
    return services.note_key_use()
