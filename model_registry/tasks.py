"""What Celery runs for the registry. A message is a hint; the row says what is to be done."""

from __future__ import annotations

from celery import shared_task

from model_registry import deployment, deployment_scale, registration, rollouts

# For config's beat: task → seconds between runs.
SCHEDULE = {"registry.scan": 15, "registry.tend": 10, "registry.watch": 2}


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


@shared_task(name="registry.tend")
def tend() -> int:
    """Repeats what the autoscaler is to do, and tells owners what it did."""
    return deployment_scale.tend()


@shared_task(name="registry.watch")
def watch() -> int:
    """Looks at the guarded rollouts."""
    return rollouts.look_at_all()
