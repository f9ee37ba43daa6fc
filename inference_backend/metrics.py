"""Figures of all processes in one Prometheus answer.

A part counts with plain integers, which cost nothing to speak of in a call, and registers a function that reads them.
Each process publishes what it read to Redis every few seconds; whichever process is scraped answers for all, with the
label `process` on every sample. A process that is gone leaves the answer after a few missed turns.

`/metrics` is for operators: it answers on the loopback interface, or to a bearer of TESSERA_METRICS_TOKEN.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import os
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
import redis.asyncio as aioredis
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

PUBLISH_EVERY_S = 5.0
FORGET_AFTER_S = 16.0
KEY = "metrics"
BOUNDS_MS = (0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 10_000.0)
_BOUNDS_NS = tuple(int(ms * 1e6) for ms in BOUNDS_MS)

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric with its samples: label values → number (for a histogram: counts by bucket, then the sum in s)."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    rows: Sequence[tuple[Sequence[str], Any]] = ()


Collect = Callable[[], Iterable[Family]]


class Histogram:
    """Durations in the buckets of BOUNDS_MS. One observation costs a search among thirteen numbers and two sums."""

    __slots__ = ("counts", "total_ns")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BOUNDS_NS) + 1)
        self.total_ns = 0

    def observe(self, nanoseconds: int) -> None:
        self.counts[bisect_left(_BOUNDS_NS, nanoseconds)] += 1
        self.total_ns += nanoseconds

    def row(self) -> list[float]:
        return [*self.counts, self.total_ns / 1e9]


class Board:
    """What one process shows."""

    def __init__(self, process: str) -> None:
        self.process = process
        self._collectors: dict[str, Collect] = {}

    def register(self, name: str, collect: Collect) -> None:
        """`collect` is read at every publication, in the process's event loop or in any thread; the same name replaces
        what it had."""
        self._collectors[name] = collect

    def families(self) -> list[Family]:
        found: list[Family] = []
        for name, collect in tuple(self._collectors.items()):
            try:
                found += collect()
            except Exception:  # one part's fault must not hide the others' figures
                log.exception("the metrics of %s can't be read", name)
        return found

    def dump(self) -> bytes:
        return orjson.dumps({"at": time.time(), "families": self.families()}, default=str)


_board: Board | None = None
_publishing: int | None = None  # the process that publishes already


def board() -> Board:
    """This process's board. After a fork it goes by the child's own number."""
    global _board
    if _board is None:
        _board = Board("")
    return _board


def register(name: str, collect: Collect) -> None:
    """Adds a part to this process's board."""
    board().register(name, collect)


def name_process(label: str) -> None:
    """What this process is called in the label `process`; the first name stays."""
    if not board().process:
        board().process = label or "process"


async def publish(redis_url: str) -> None:
    """Publishes this process's board until it is cancelled; a second loop of the same process does nothing."""
    global _publishing
    if _publishing == os.getpid():
        return
    _publishing = os.getpid()
    connection: aioredis.Redis = aioredis.Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=1)
    me = _me()
    try:
        while True:
            try:
                await connection.hset(KEY, me, board().dump().decode())
            except (RedisError, OSError) as error:
                log.debug("metrics were not published: %s", error)
            await asyncio.sleep(PUBLISH_EVERY_S)
    finally:
        _publishing = None
        await connection.aclose()


def _me() -> str:
    return f"{board().process}:{os.getpid()}"


# ---------------------------------------------------------------- the answer

async def gather(redis_url: str) -> dict[str, list[Family]]:
    """Process → its families, as they were published; this process's own are fresh."""
    found: dict[str, list[Family]] = {}
    connection: aioredis.Redis = aioredis.Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=1)
    try:
        entries: dict[bytes, bytes] = await connection.hgetall(KEY)  # type: ignore[assignment]
        for name, raw in entries.items():
            data = orjson.loads(raw)
            if time.time() - data["at"] < FORGET_AFTER_S:
                found[name.decode()] = [Family(f["name"], f["kind"], f["help"], tuple(f["labels"]),
                                               [(tuple(labels), value) for labels, value in f["rows"]])
                                        for f in data["families"]]
            elif time.time() - data["at"] > 60 * FORGET_AFTER_S:
                await connection.hdel(KEY, name)
    except (RedisError, OSError) as error:
        log.warning("other processes' metrics can't be read: %s", error)
    finally:
        await connection.aclose()
    found[_me()] = board().families()
    return found


def render(processes: Mapping[str, Iterable[Family]]) -> bytes:
    """The Prometheus text of all processes together."""
    metrics: dict[str, Metric] = {}
    for process, families in sorted(processes.items()):
        for family in families:
            if family.name not in metrics:
                metrics[family.name] = _empty(family)
            for labels, value in family.rows:
                _add(metrics[family.name], family, [*map(str, labels), process], value)
    return generate_latest(_Ready(metrics.values()))


def _empty(family: Family) -> Metric:
    make = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily, "histogram": HistogramMetricFamily}[family.kind]
    made: Metric = make(family.name, family.help, labels=[*family.labels, "process"])
    return made


def _add(metric: Any, family: Family, labels: list[str], value: float | Sequence[float]) -> None:
    if family.kind != "histogram":
        metric.add_metric(labels, value)
        return
    assert isinstance(value, Sequence)
    *counts, total = value
    running, buckets = 0.0, []
    for bound, count in zip([*(f"{ms / 1000:g}" for ms in BOUNDS_MS), "+Inf"], counts, strict=True):
        running += count
        buckets.append((bound, running))
    metric.add_metric(labels, buckets, sum_value=total)


class _Ready:
    """A registry of metrics that are there already, as generate_latest wants it."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> list[Metric]:
        return self._metrics


class MetricsApp:
    """GET /metrics in front of another ASGI application (or of nothing). `extra` are figures that only the asked
    process knows, such as Triton's own."""

    def __init__(self, redis_url: str, fallback: Any = None, *, token: str = "",
                 extra: Callable[[], Awaitable[list[Family]]] | None = None) -> None:
        self._redis_url, self._fallback, self._token, self._extra = redis_url, fallback, token, extra

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/metrics" and scope["method"] == "GET":
            status, body = (200, await self._text()) if self._may_read(scope) else (404, b"")
        elif self._fallback is not None:
            await self._fallback(scope, receive, send)
            return
        elif scope["type"] != "http":
            return
        else:
            status, body = 404, b""
        kind = CONTENT_TYPE_LATEST if status == 200 else "text/plain"
        await send({"type": "http.response.start", "status": status, "headers": [
            (b"content-type", kind.encode()), (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store")]})
        await send({"type": "http.response.body", "body": body})

    async def _text(self) -> bytes:
        processes = await gather(self._redis_url)
        if self._extra is not None:
            processes["triton"] = await self._extra()
        return render(processes)

    def _may_read(self, scope: Any) -> bool:
        """A bearer of the token, or somebody on this machine: what came through a proxy did not begin there."""
        headers = dict(scope["headers"])
        given = headers.get(b"authorization", b"")
        if self._token and hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            return True
        if b"x-forwarded-for" in headers or b"forwarded" in headers or given:
            return False
        try:
            return ipaddress.ip_address((scope.get("client") or ("", 0))[0]).is_loopback
        except ValueError:
            return False


# ---------------------------------------------------------------- what the data plane shows

def of_runtime(figures: Mapping[str, Any], latency: Histogram, pools: Callable[[], Any]) -> Collect:
    """The families of a runtime: its calls by model, and its share of the pool."""

    def collect() -> list[Family]:
        calls, errors, seconds = [], [], []
        for model, found in tuple(figures.items()):
            calls.append(((model,), float(found.calls)))
            errors.append(((model,), float(found.failures)))
            seconds.append(((model,), found.total_ns / 1e9))
        shown = [
            Family("tessera_calls", "counter", "Calls by model", ("model",), calls),
            Family("tessera_call_failures", "counter", "Calls that ended in a problem", ("model",), errors),
            Family("tessera_call_seconds", "counter", "Time spent in calls", ("model",), seconds),
            Family("tessera_call_duration_seconds", "histogram", "Duration of calls", (), [((), latency.row())]),
        ]
        member = pools()
        return shown if member is None else [*shown, *_of_pools(member)]

    return collect


def _of_pools(member: Any) -> list[Family]:
    counters = member.counters
    shown = [
        Family(f"tessera_pool_{name}", "counter", text, (), [((), float(value))]) for name, text, value in (
            ("cold_starts", "Calls that waited for a model", counters.cold_starts),
            ("loads", "Models loaded by this process", counters.loads),
            ("load_seconds", "Time spent on loading", counters.load_ms / 1000),
            ("load_failures", "Loads that failed", counters.load_failures),
            ("evictions", "Models put out for room", counters.evictions),
            ("heals", "Dead or hanging model processes replaced", counters.heals),
            ("table_rounds", "Rounds at the shared table", counters.rounds),
            ("table_conflicts", "Rounds repeated because another process was faster", counters.conflicts))]
    held = member.state()
    return [
        *shown,
        Family("tessera_pool_held_models", "gauge", "Models this process may call without a wait", (),
               [((), float(len(held)))]),
        Family("tessera_pool_in_flight", "gauge", "Calls in flight by Triton model", ("model",),
               [((r.name,), float(r.in_flight)) for r in held if r.in_flight]),
        *(() if member.budget_mb is None else (
            Family("tessera_pool_budget_megabytes", "gauge", "Memory that models may take", (),
                   [((), float(member.budget_mb))]),)),
    ]


async def of_triton(control: Any, pools: Any) -> list[Family]:
    """Triton's own counts, and what is resident, read when asked."""
    shown: list[Family] = []
    try:
        view = await pools.store.read()
        ready = {n: e for n, e in view.table.models.items() if e.state == "ready"}
        shown += [
            Family("tessera_pool_resident_megabytes", "gauge", "Measured memory of resident models", ("model",),
                   [((n,), e.weight) for n, e in ready.items()]),
            Family("tessera_pool_resident_models", "gauge", "Models in memory", (), [((), float(len(ready)))]),
        ]
        if pools.processes is not None:
            kinds = await asyncio.to_thread(pools.processes.kinds)
            shown.append(Family("tessera_pool_processes", "gauge", "Model processes by how they started", ("kind",),
                                [((kind,), float(count)) for kind, count in kinds.items()]))
        statistics = await control.statistics()
    except Exception as error:  # a Triton that is down is seen by its absence
        log.debug("Triton's statistics can't be read: %s", error)
        return shown
    batches: list[tuple[Sequence[str], Any]] = []
    rows: dict[str, list[tuple[Sequence[str], Any]]] = {
        "inferences": [], "executions": [], "queue_seconds": []}
    for entry in statistics:
        name = entry["name"]
        rows["inferences"].append(((name,), float(entry.get("inference_count", 0))))
        rows["executions"].append(((name,), float(entry.get("execution_count", 0))))
        queue = entry.get("inference_stats", {}).get("queue", {})
        rows["queue_seconds"].append(((name,), int(queue.get("ns", 0)) / 1e9))
        for batch in entry.get("batch_stats", ()):
            count = batch.get("compute_infer", {}).get("count", 0)
            batches.append(((name, str(batch.get("batch_size", 1))), float(count)))
    texts = {"inferences": "Inferences in Triton", "executions": "Executions in Triton, each of one batch",
             "queue_seconds": "Time that inferences waited in Triton"}
    shown += [Family(f"tessera_triton_{key}", "counter", texts[key], ("model",), found) for key, found in rows.items()]
    shown.append(Family("tessera_triton_batches", "counter", "Executions by batch size", ("model", "size"), batches))
    return shown
