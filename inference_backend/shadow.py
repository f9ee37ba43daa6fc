"""Shadow traffic: a version that is being tried gets copies of calls. Nobody waits for it and nobody pays for it."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)

MAX_IN_FLIGHT = 8  # copies at once in this process; more are dropped, never queued


@dataclass(slots=True)
class ShadowFigures:
    """Copies of one model's calls to one version since this process started."""

    sent: int = 0
    agreed: int = 0  # the same tensors as the answer that was delivered
    differed: int = 0
    failed: int = 0
    dropped: int = 0
    total_ns: int = 0


@dataclass(slots=True)
class Shadows:
    """The copies in flight, and what came of them by (model, version)."""

    figures: dict[tuple[str, int], ShadowFigures] = field(default_factory=lambda: defaultdict(ShadowFigures))
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def send(self, model: str, version: int, copy: Callable[[], Coroutine[Any, Any, bool]]) -> None:
        """Starts `copy`, which says whether its answer agrees; returns at once."""
        figures = self.figures[model, version]
        if len(self._tasks) >= MAX_IN_FLIGHT:
            figures.dropped += 1
            return
        task = asyncio.create_task(self._run(figures, copy))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, figures: ShadowFigures, copy: Callable[[], Coroutine[Any, Any, bool]]) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        figures.sent += 1
        try:
            if await copy():
                figures.agreed += 1
            else:
                figures.differed += 1
        except Exception as error:  # a trial may fail in any way; the call that it copies has its answer
            figures.failed += 1
            log.info("a shadow call failed: %s", error)
        finally:
            figures.total_ns += int((loop.time() - started) * 1e9)

    async def settled(self) -> None:
        """Waits for what is in flight; for tests and for stopping."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def stop(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
