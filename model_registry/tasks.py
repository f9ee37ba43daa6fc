"""What Celery runs for the registry. A message is a hint; the row says what is to be done."""

from __future__ import annotations

from celery import shared_task

from model_registry import deployment, registration

# For config's beat: task → seconds between runs.
SCHEDULE = {"registry.scan": 15}


@shared_task(name="registry.validate")
def validate(version_id: int) -> str:
    """Checks one version, if nobody does; its state afterwards."""
    return registration.validate_version(version_id)


@shared_task(name="registry.scan")
def scan() -> int:
    """Rings for versions whose message or worker was lost, and fills a repository that came up empty elsewhere."""
    waiting = registration.waiting_versions()
    for version_id in waiting:
        registration.ring(version_id)
    return len(waiting) + deployment.restore_repository()
