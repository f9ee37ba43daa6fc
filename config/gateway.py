"""The data plane alone: its HTTP dialects on one port and gRPC on another. `python -m config.gateway` serves both."""

from __future__ import annotations

import asyncio
import os

import django
import uvicorn
import uvloop

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()  # only the job submitter needs it: a job and its outbox row are one Django transaction

from config import data_plane, serve  # noqa: E402
from config.settings import ENV  # noqa: E402
from inference_backend.gateway import Gateway  # noqa: E402
from inference_backend.grpc import GrpcServer  # noqa: E402
from inference_backend.jobs.submitter import JobSubmitter  # noqa: E402


async def main() -> None:
    runtime = data_plane.runtime(ENV, jobs=JobSubmitter(), label="gateway")
    rpc = GrpcServer(runtime, f"{ENV.host}:{ENV.grpc_port}")
    await rpc.start()
    server = uvicorn.Server(serve.configuration(Gateway(runtime), ENV.host, ENV.gateway_port))
    try:
        await server.serve()
    finally:
        await asyncio.shield(rpc.stop())


if __name__ == "__main__":
    uvloop.run(main())
