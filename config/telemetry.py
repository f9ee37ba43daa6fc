"""Traces by OpenTelemetry, where TESSERA_OTLP_URL names a collector (``http://host:4318``); else not even imported.

One trace goes from the gateway over Celery to Triton. Its id is that of the request: a customer's request id finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from config.env import text
from kernel import tracing
from kernel.problems import Problem

_HEX = re.compile(r"([0-9a-f]{32})$")
_named: ContextVar[int] = ContextVar("trace_to_begin", default=0)


def start(service: str) -> bool:
    """Sends this process's spans to the collector; False where none is named. Call it after a fork, never before."""
    address = text("TESSERA_OTLP_URL", "").rstrip("/")
    if not address:
        return False
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    exporter = OTLPSpanExporter(endpoint=f"{address}/v1/traces", timeout=5)
    tracing.use(OpenTelemetry(service, BatchSpanProcessor(exporter)))
    return True


class OpenTelemetry:
    """The Tracer port on OpenTelemetry's SDK."""

    def __init__(self, service: str, processor: Any) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        class Named(RandomIdGenerator):
            def generate_trace_id(self) -> int:
                return _named.get() or super().generate_trace_id()

        self.provider = TracerProvider(resource=Resource.create({"service.name": f"tessera-{service}"}),
                                       id_generator=Named())
        self.provider.add_span_processor(processor)
        self._tracer = self.provider.get_tracer("tessera")
        self._wire = TraceContextTextMapPropagator()

    @contextmanager
    def span(self, name: str, *, trace: str, parent: str, attributes: dict[str, str | int | float]) -> Iterator[Any]:
        """See kernel.tracing.span."""
        from opentelemetry.trace import StatusCode

        context = self._wire.extract({"traceparent": parent}) if parent else None
        found = _HEX.search(trace)
        token = _named.set(int(found[1], 16) if found else 0)
        try:
            with self._tracer.start_as_current_span(name, context=context, attributes=attributes,
                                                    record_exception=False, set_status_on_exception=False) as made:
                try:
                    yield _Span(made)
                except Problem as problem:  # expected: its code says enough, its words may quote a payload
                    made.set_attribute("problem", problem.code)
                    if problem.status >= 500:
                        made.set_status(StatusCode.ERROR)
                    raise
                except BaseException as error:
                    made.set_attribute("exception", type(error).__name__)
                    made.set_status(StatusCode.ERROR)
                    raise
        finally:
            _named.reset(token)

    def current(self) -> str:
        """See kernel.tracing.current."""
        carrier: dict[str, str] = {}
        self._wire.inject(carrier)
        return carrier.get("traceparent", "")


class _Span:
    def __init__(self, span: Any) -> None:
        self._span = span

    def note(self, name: str, value: str | int | float) -> None:
        self._span.set_attribute(name, value)
