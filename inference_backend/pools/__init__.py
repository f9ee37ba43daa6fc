"""The pools: which models are in memory, for whom, and who makes room. See `residency` for the way of a call."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from inference_backend.pools.overview import Overview, PoolDesk
from inference_backend.pools.probe import Prober
from inference_backend.pools.processes import Processes
from inference_backend.pools.residency import Pools
from inference_backend.pools.residents import (
    HOST_MB,
    NET_MB,
    OWN_HOST_MB,
    Resident,
    Use,
    host_model,
    models_of,
    net_model,
    of_version,
)
from inference_backend.pools.scaler import ScaleDesk, Scaler
from inference_backend.pools.scaling import Wish
from inference_backend.pools.store import RedisStore
from inference_backend.pools.warden import Warden
from inference_backend.triton.control import Control

__all__ = [
    "HOST_MB", "NET_MB", "OWN_HOST_MB", "Overview", "PoolDesk", "Pools", "Resident", "ScaleDesk", "Use", "Wish",
    "host_model", "models_of", "net_model", "of_version", "open_pools",
]


class Settings(Protocol):
    """The part of the runtime's settings that pools need."""

    @property
    def triton_grpc_url(self) -> str: ...
    @property
    def pool_memory_mb(self) -> int: ...
    @property
    def redis_url(self) -> str: ...
    @property
    def repository(self) -> str: ...
    @property
    def label(self) -> str: ...


def open_pools(control: Control, settings: Settings, client: Any) -> Pools:
    """This loop's member of the pool. With a Redis it shares its table with every other process, and can be the
    warden."""
    pools = Pools(
        control, memory_mb=settings.pool_memory_mb, label=settings.label,
        store=RedisStore(settings.redis_url, settings.triton_grpc_url) if settings.redis_url else None,
        processes=Processes(Path(settings.repository)) if settings.repository else None)
    pools.prober = Prober(control, client)
    if settings.redis_url:
        pools.serve_with(Warden(pools).run)
        if settings.repository:
            pools.serve_with(Scaler(pools, settings.redis_url, settings.triton_grpc_url, Path(settings.repository)).run)
    return pools
