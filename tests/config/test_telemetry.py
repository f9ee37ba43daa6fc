"""One trace from the gateway over a job to Triton, whose id is the request's, with nothing of a payload in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from config import telemetry
from inference_backend.triton.client import TritonClient
from kernel import ids, tracing
from kernel.problems import Problem


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    kept = InMemorySpanExporter()
    tracing.use(telemetry.OpenTelemetry("test", SimpleSpanProcessor(kept)))
    yield kept
    tracing.use(None)


def test_nothing_is_traced_where_no_collector_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TESSERA_OTLP_URL", raising=False)
    assert telemetry.start("web") is False
    with tracing.span("gateway", trace="req_0") as span:
        span.note("status", 200)
        assert tracing.current() == ""


def test_a_trace_has_the_id_of_its_request(spans: InMemorySpanExporter) -> None:
    request = ids.prefixed("req")
    with tracing.span("gateway", trace=request, dialect="native") as span:
        with tracing.span("invoke", model="sentiment-en"):
            carried = tracing.current()
        span.note("status", 200)
    # Elsewhere, later: the worker goes on from what the job's row carries.
    with tracing.span("job", trace="ff" * 16, parent=carried), tracing.span("triton", model="host"):
        pass
    found = {span.name: span for span in spans.get_finished_spans()}
    hexes = {format(span.context.trace_id, "032x") for span in found.values()}
    assert hexes == {request.removeprefix("req_")}
    assert found["invoke"].parent.span_id == found["gateway"].context.span_id
    assert found["job"].parent.span_id == found["invoke"].context.span_id
    assert found["triton"].parent.span_id == found["job"].context.span_id
    assert dict(found["gateway"].attributes) == {"dialect": "native", "status": 200}


def test_a_caller_s_own_trace_goes_on(spans: InMemorySpanExporter) -> None:
    with tracing.span("gateway", trace=ids.prefixed("req"), parent="00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"):
        pass
    (span,) = spans.get_finished_spans()
    assert format(span.context.trace_id, "032x") == "ab" * 16


def test_a_failure_is_told_by_its_code_and_not_by_its_words(spans: InMemorySpanExporter) -> None:
    with pytest.raises(Problem), tracing.span("invoke"):
        raise Problem("validation_error", "the text 'my secret' is too long")
    with pytest.raises(ValueError), tracing.span("invoke"):
        raise ValueError("tsr_live_secret")
    expected, unexpected = spans.get_finished_spans()
    assert expected.attributes["problem"] == "validation_error"
    assert expected.status.is_ok or expected.status.status_code.name == "UNSET"
    assert unexpected.attributes["exception"] == "ValueError"
    assert unexpected.status.status_code.name == "ERROR"
    for span in (expected, unexpected):
        assert not span.events
        assert "secret" not in span.to_json()


@pytest.mark.stack
async def test_triton_is_told_the_trace(spans: InMemorySpanExporter) -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    client = TritonClient(address)
    with tracing.span("gateway", trace="req_" + "ab" * 16):
        await client.infer("host", 1, [b""], 0, timeout=5)
    tracing.use(None)
    await TritonClient(address).infer("host", 1, [b""], 0, timeout=5)
    server.close()
    triton = next(span for span in spans.get_finished_spans() if span.name == "triton")
    expected = "traceparent: 00-{}-{:016x}-".format("ab" * 16, triton.context.span_id)
    assert expected.encode() in heads[0]
    assert b"traceparent" not in heads[1]
