"""The data plane put together: the ports of `inference_backend` filled with the ledger, the meter and the snapshots."""

from __future__ import annotations

import redis.asyncio as aioredis

from billing.meter import RedisMeter
from config import observability
from config.env import Environment, load
from inference_backend.answers import RedisAnswers
from inference_backend.jobs.file_port import DjangoBatches, DjangoFiles
from inference_backend.runtime import JobSubmitter, Runtime, RuntimeSettings
from inference_backend.snapshots import RedisSnapshots

REDIS_CONNECTIONS = 32  # a crowd waits for one of them; the client's own pool would refuse the 101st question


def runtime(environment: Environment | None = None, *, jobs: JobSubmitter | None = None,
            label: str = "") -> Runtime:
    """A runtime for one event loop; call it inside the loop that will use it."""
    env = environment or load()
    connection = aioredis.Redis.from_pool(aioredis.BlockingConnectionPool.from_url(
        env.redis_url, max_connections=REDIS_CONNECTIONS, timeout=5, socket_timeout=5, socket_connect_timeout=2))
    ledger = observability.TimedLedger(env.database_url)
    return Runtime(
        settings=RuntimeSettings(
            key_pepper=env.key_pepper, triton_url=env.triton_url, triton_grpc_url=env.triton_grpc_url,
            triton_admin_secret=env.triton_admin_secret, triton_infer_secret=env.triton_infer_secret,
            pool_memory_mb=env.pool_memory_mb, redis_url=env.redis_url, repository=str(env.triton_repository),
            label=label, public_url=env.public_url,
        ),
        snapshots=RedisSnapshots(connection),
        meter=RedisMeter(env.redis_url, ledger.spent),
        ledger=ledger,
        answers=RedisAnswers(connection),
        jobs=jobs,
        files=DjangoFiles(),
        batches=DjangoBatches(),
    )
