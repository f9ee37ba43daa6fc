"""How the processes listen: uvicorn on uvloop, with a bounded drain."""

from __future__ import annotations

from typing import Any

import uvicorn

DRAIN_S = 30


def configuration(application: Any, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        application, host=host, port=port, loop="uvloop", http="httptools", lifespan="on", access_log=False,
        log_level="warning", server_header=False, date_header=False, timeout_graceful_shutdown=DRAIN_S,
        timeout_keep_alive=75, backlog=1024,
    )


def http(application: Any, host: str, port: int) -> None:
    """Serves until SIGTERM; what is in flight ends first."""
    uvicorn.Server(configuration(application, host, port)).run()
