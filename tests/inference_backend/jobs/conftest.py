"""A runtime by value, a bell that only notes, and threads that leave no connection behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from celery import Celery
from celery.signals import before_task_publish
from django.db import connections
from jobs_support import FixedRuntime

from inference_backend.jobs import ports


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> FixedRuntime:
    fixed = FixedRuntime()
    monkeypatch.setattr(ports, "_runtime_factory", fixed.open)
    return fixed


@pytest.fixture(autouse=True)
def bell() -> Iterator[list[str]]:
    """Messages to Celery, kept in memory (kombu's own transport) and read back: nothing runs by itself."""
    app = Celery("test", broker="memory://", set_as_current=True)
    app.conf.task_ignore_result = True
    heard: list[str] = []

    def hear(sender: str = "", body: tuple[list[str], ...] = ([],), **_: object) -> None:
        if sender == "jobs.run_job":
            heard.append(body[0][0])

    before_task_publish.connect(hear)
    yield heard
    before_task_publish.disconnect(hear)


@pytest.fixture(autouse=True)
def _no_idle_connections() -> Iterator[None]:
    """Threads of a test leave no connection open behind it: the test database is dropped at the end."""
    before = connections["default"].settings_dict["CONN_MAX_AGE"]
    connections["default"].settings_dict["CONN_MAX_AGE"] = 0
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    yield
    connections["default"].settings_dict["CONN_MAX_AGE"] = before
    connections.settings["default"]["CONN_MAX_AGE"] = before
