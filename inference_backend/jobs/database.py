"""Django's ORM from asynchronous code: a worker thread per call or per task, and no connection left to rot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connections

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs a service beside the event loop. Its thread keeps its connection, checked before and after as Django does
    around a request."""
    return await sync_to_async(_hygienic, thread_sensitive=False)(partial(function, *args, **kwargs))


def _hygienic(call: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()


class TaskDatabase:
    """One thread with one connection for the length of a task; used from its event loop, closed with it."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="job-database")

    async def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, partial(_hygienic, partial(function, *args, **kwargs)))

    async def aclose(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._pool, connections.close_all)
        self._pool.shutdown(wait=False)
