"""The data plane alone: its HTTP dialects on one port and gRPC on another. `python -m config.gateway` serves both."""

from __future__ import annotations

import asyncio
import gc
import os

import django
import uvloop

from config import workers

if __name__ == "__main__":
    workers.lead("TESSERA_GATEWAY_WORKERS")

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()  # only the job submitter needs it: a job and its outbox row are one Django transaction

from config import data_plane, observability, serve, telemetry  # noqa: E402
from config.settings import ENV  # noqa: E402
from inference_backend.gateway import Gateway  # noqa: E402
from inference_backend.grpc import GrpcServer  # noqa: E402
from inference_backend.jobs.submitter import JobSubmitter  # noqa: E402


async def main() -> None:
    telemetry.start("gateway")
    shared = ENV.gateway_workers > 1
    runtime = data_plane.runtime(ENV, jobs=JobSubmitter(), label="gateway")
    gateway = Gateway(runtime, observability.metrics_app(runtime), trusted=ENV.trusted_proxies)
    rpc = GrpcServer(runtime, f"{ENV.host}:{ENV.grpc_port}", shared=shared,
                     trusted=ENV.trusted_proxies)
    await rpc.start()
    server = serve.Server(serve.configuration(gateway, ENV.host, ENV.gateway_port), gateway,
                          also=lambda: rpc.stop(serve.DRAIN_S))
    try:
        await server.serve([serve.listening(ENV.host, ENV.gateway_port, shared=shared)])
    finally:
        await asyncio.shield(rpc.stop(0.0))


if __name__ == "__main__":
    serve.give_memory_back()
    gc.collect()
    gc.freeze()  # what is imported stays: each full collection looked through it for 100 ms, and every call waited
    uvloop.run(main())
