"""Everything that one pass through the data plane needs, bundled for one event loop.

The gateway keeps one for its life; a Celery task opens one with ``async with Runtime(...) as runtime`` in its own
loop, because connections of a loop that has ended can't be used again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

from inference_backend import metrics
from inference_backend.answers import Answers
from inference_backend.batching import Batcher
from inference_backend.files import Batches, Files
from inference_backend.metrics import Histogram
from inference_backend.pools import Pools, open_pools
from inference_backend.shadow import Shadows
from inference_backend.triton.client import TritonClient
from inference_backend.triton.control import Control, ControlError, TritonControl
from inference_backend.turns import Turns
from inference_backend.variants import Variants
from kernel.contracts import Grant, Ledger, Meter, Snapshots
from kernel.problems import Problem

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """Addresses, secrets and bounds of the data plane."""

    key_pepper: str
    triton_url: str = "127.0.0.1:8100"
    triton_grpc_url: str = "127.0.0.1:8101"
    triton_admin_secret: str = ""
    triton_infer_secret: str = ""
    pool_memory_mb: int = 0  # of all resident models; 0 = a quarter of the machine, at most 2.25 GB
    redis_url: str = ""  # the pool's shared table; empty: this process is the only one that calls Triton
    repository: str = ""  # of the models, where Triton runs on this machine: its processes are measured
    label: str = ""  # what this process is, for the pool page
    public_url: str = ""
    classifier: str = "digit-recognise"  # the model behind POST /api/v1/classify
    max_in_flight: int = 64  # calls that run at once
    max_waiting: int = 256  # calls that wait for their turn; more are refused
    fetch_private: bool = False  # whether image URLs may lead to this machine; for tests only


class JobSubmitter(Protocol):
    """Accepts a prediction to be run later. When `submit` returns, the job is durable."""

    async def submit(self, grant: Grant, *, model: str, version: int | None, body: bytes, content_type: str,
                     metadata: dict[str, Any] | None = None, webhook: str = "",
                     idempotency_key: str | None = None) -> tuple[dict[str, Any], bool]:
        """The Prediction object, and whether it is the replay of an earlier call."""
        ...


class Inference(Protocol):
    """The part of the Triton client that a call uses."""

    async def infer(self, model: str, version: int | None, parts: Any, header_length: int, *,
                    timeout: float) -> tuple[bytes, int | None]: ...

    async def close(self) -> None: ...


@dataclass(slots=True)
class ModelFigures:
    """Calls of one model through this process since it started."""

    calls: int = 0
    failures: int = 0
    total_ns: int = 0
    answered: bool = False


class Rates(dict[int, tuple[int, int]]):
    """Key id → calls left and the second at which its window ends, as last seen here; bounded."""

    LIMIT = 10_000

    def see(self, key_id: int, left: int, until: int) -> None:
        if key_id not in self and len(self) >= self.LIMIT:
            del self[next(iter(self))]
        self[key_id] = (left, until)


@dataclass
class Runtime:
    """The ports and this loop's connections. `triton` and `control` are made at start unless they are given."""

    settings: RuntimeSettings
    snapshots: Snapshots
    meter: Meter
    ledger: Ledger
    jobs: JobSubmitter | None = None
    answers: Answers | None = None
    files: Files | None = None
    batches: Batches | None = None
    triton: Inference | None = None
    control: Control | None = None
    latency: Histogram = field(default_factory=Histogram)
    figures: dict[str, ModelFigures] = field(default_factory=lambda: defaultdict(ModelFigures))
    shadows: Shadows = field(default_factory=Shadows)
    variants: Variants = field(default_factory=Variants)
    digest_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    key_hashes: dict[bytes, str] = field(default_factory=dict, repr=False)
    rates: Rates = field(default_factory=Rates)
    turns: Turns = field(init=False)
    _batcher: Batcher | None = None
    _pools: Pools | None = None
    _started: bool = False
    _draining: bool = False
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.turns = Turns(self.settings.max_in_flight, self.settings.max_waiting)

    async def start(self) -> None:
        """Opens what belongs to the running loop; a second call changes nothing."""
        if self._started:
            return
        self._started = True
        settings = self.settings
        self.triton = self.triton or TritonClient(settings.triton_url, settings.triton_infer_secret)
        self._batcher = Batcher(self.triton)
        self.control = self.control or TritonControl(settings.triton_grpc_url, settings.triton_admin_secret)
        self._pools = open_pools(self.control, settings, self.triton)
        if settings.redis_url:
            metrics.name_process(settings.label)
            metrics.register(f"runtime-{id(self)}", metrics.of_runtime(self.figures, self.latency, lambda: self._pools))
            self._pools.serve_with(lambda: metrics.publish(settings.redis_url))
            self._pools.serve_with(lambda: self.variants.publish(settings.redis_url))
            self._pools.start()
        for port in (self.snapshots, self.ledger, self.meter):
            if start := getattr(port, "start", None):
                await start()

    async def warm(self) -> None:
        """Takes over what Triton holds and loads the hot models; a Triton that is down is tried on the first call."""
        try:
            await self.pools.sync()
            await self.pools.pin(await self.snapshots.routes())
        except (ControlError, Problem) as error:
            log.warning("models were not loaded ahead: %s", error)

    def warm_later(self) -> None:
        """The same in the background: the first calls needn't wait for it."""
        self.background(self.warm())

    def background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Runs something that no caller waits for; what has not ended when the runtime stops is cancelled."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("work in the background failed: %s", error)

    async def stop(self) -> None:
        """Closes this loop's connections."""
        self._draining = True
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:  # what they reserved is given back before the meter goes
            await asyncio.wait(tasks, timeout=5)
        if self._pools is not None:
            await self._pools.close()
        self.shadows.stop()
        for port in (self.snapshots, self.ledger, self.meter):
            if stop := getattr(port, "stop", None):
                await stop()
        if self.triton is not None:
            await self.triton.close()
        if close := getattr(self.control, "close", None):
            await close()
        self.triton = self.control = self._pools = None
        self._started = False

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        await self.stop()

    @property
    def pools(self) -> Pools:
        assert self._pools is not None, "the runtime is not started"
        return self._pools

    @property
    def batcher(self) -> Batcher:
        assert self._batcher is not None, "the runtime is not started"
        return self._batcher

    @property
    def client(self) -> Inference:
        assert self.triton is not None, "the runtime is not started"
        return self.triton

    def drain(self) -> None:
        """From now on not ready; calls in flight end."""
        self._draining = True

    @property
    def draining(self) -> bool:
        return self._draining

    async def ready(self) -> bool:
        """Whether calls can be served: Triton answers, and this process is not going down."""
        probe = getattr(self.control, "ready", None)
        return not self._draining and (probe is None or bool(await probe()))
