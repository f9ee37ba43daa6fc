"""The outputs of capabilities as types; see `tessera._generated.results`, where they are written down."""

from __future__ import annotations

from tessera._generated.results import *  # noqa: F403
from tessera._generated.results import BY_OUTPUT, BY_TASK
from tessera.record import Record


def of_task(task: str) -> type[Record]:
    """The type of a task's outputs; Record of a task that is newer than this package."""
    return BY_TASK.get(task, Record)


def of_output(name: str) -> type[Record]:
    """The type of an output by its schema's name (`boxes`, `ocr` …); Record of an unknown one."""
    return BY_OUTPUT.get(name, Record)
