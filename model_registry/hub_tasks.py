"""The worker's part of fetching a hub's model: a turn at a time."""

from __future__ import annotations

import logging
import time

from celery import shared_task

from kernel.problems import Problem
from model_registry import fetching
from model_registry.hub.download import Paused

log = logging.getLogger(__name__)


@shared_task(name="registry.fetch_model")
def fetch_model(name: str, by: str) -> str:
    """Fetches for one turn; what is left is queued again behind the jobs that wait. Running twice does no harm: one
    process at a time fetches a model, and the other leaves."""
    try:
        fetching.fetch_now(name=name, by=by, until=time.monotonic() + fetching.TURN_S)
    except Paused:
        fetch_model.delay(name, by)
        return "goes on"
    except Problem as problem:
        log.warning("fetching %s: %s", name, problem)
        return problem.code
    return "done"
