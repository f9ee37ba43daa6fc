"""What the whole product shows to Prometheus: the data plane's figures, and those that only this layer can reach."""

from __future__ import annotations

import time
from typing import Any

from billing.ledger import LedgerWriter
from config.env import text
from inference_backend import metrics
from inference_backend.metrics import Family, Histogram, MetricsApp
from inference_backend.runtime import Runtime
from kernel.contracts import UsageEvent


class TimedLedger(LedgerWriter):
    """The ledger, with the time that a caller waits for its commit."""

    def __init__(self, database_url: str, **options: Any) -> None:
        super().__init__(database_url, **options)
        self.waited = Histogram()
        metrics.register(f"ledger-{id(self)}", lambda: [
            Family("tessera_ledger_commit_seconds", "histogram", "Wait for usage to be durable", (),
                   [((), self.waited.row())])])

    async def commit(self, event: UsageEvent) -> bool:
        """See LedgerWriter.commit."""
        began = time.perf_counter_ns()
        try:
            return await super().commit(event)
        finally:
            self.waited.observe(time.perf_counter_ns() - began)


def metrics_app(runtime: Runtime, fallback: Any = None) -> MetricsApp:
    """/metrics for operators, in front of `fallback`."""

    async def extra() -> list[Family]:
        from inference_backend.jobs.database import in_thread
        from inference_backend.jobs.selectors import counts_by_state

        shown = await metrics.of_triton(runtime.control, runtime.pools)
        states = await in_thread(counts_by_state)
        rows: list[Any] = [((state,), float(count)) for state, count in states.items()]
        return [*shown, Family("tessera_jobs", "gauge", "Jobs by state", ("state",), rows)]

    return MetricsApp(runtime.settings.redis_url, fallback or _nothing, token=text("TESSERA_METRICS_TOKEN", ""),
                      extra=extra)


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """What a gateway alone says to a path that it doesn't know."""
    from inference_backend.gateway.http import problem_response
    from kernel.ids import prefixed
    from kernel.problems import Problem

    if scope["type"] == "http":
        request_id = prefixed("req")
        await problem_response(Problem("not_found", "there is nothing here"), "native", request_id).send(
            send, request_id)
