"""One runtime for a process that has no event loop of its own: Celery workers, and pages.

Connections belong to a loop and die with it, so a runtime opened per call would pay for each call's connections, its
ledger and its view of the pool anew. Here one thread keeps one loop and one runtime for as long as the process lives.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from inference_backend.runtime import Runtime

T = TypeVar("T")
START_TIMEOUT_S = 30.0


class Background:
    """Runs work on the process's runtime, from any thread or loop. A forked child gets a runtime of its own."""

    def __init__(self, make: Callable[[], Runtime]) -> None:
        self._make = make  # called inside the loop
        self._lock = threading.Lock()
        self._pid = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._runtime: Runtime | None = None

    async def run(self, work: Callable[[Runtime], Coroutine[Any, Any, T]]) -> T:
        """The work's result or its exception; cancelling the caller cancels the work."""
        runtime = self._runtime if self._pid == os.getpid() else None
        if runtime is None:
            runtime = await asyncio.to_thread(self._started)
        assert self._loop is not None
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(runtime), self._loop))

    def _started(self) -> Runtime:
        with self._lock:
            if self._runtime is not None and self._pid == os.getpid():
                return self._runtime
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="runtime", daemon=True).start()
            try:
                runtime = asyncio.run_coroutine_threadsafe(self._open(), loop).result(START_TIMEOUT_S)
            except BaseException:
                loop.call_soon_threadsafe(loop.stop)
                raise
            self._loop, self._runtime, self._pid = loop, runtime, os.getpid()
            return runtime

    async def _open(self) -> Runtime:
        runtime = self._make()
        await runtime.start()
        runtime.pools.start()
        return runtime

    def close(self) -> None:
        """Ends the runtime and its thread; the next `run` opens another."""
        with self._lock:
            if self._runtime is not None and self._loop is not None and self._pid == os.getpid():
                asyncio.run_coroutine_threadsafe(self._runtime.stop(), self._loop).result(START_TIMEOUT_S)
                self._loop.call_soon_threadsafe(self._loop.stop)
            self._runtime = self._loop = None
