"""How the processes listen: uvicorn on uvloop with the gateway's own protocol, and a bounded drain."""

from __future__ import annotations

import ctypes
import socket
from collections.abc import Awaitable, Callable

import uvicorn
import uvloop

from inference_backend.gateway import Gateway
from inference_backend.gateway.protocol import bound_to

DRAIN_S = 30
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # of malloc.h


def configuration(gateway: Gateway, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        gateway, host=host, port=port, loop="uvloop", http=bound_to(gateway), lifespan="on", access_log=False,
        log_level="warning", server_header=False, date_header=False, timeout_graceful_shutdown=DRAIN_S,
        timeout_keep_alive=75, backlog=1024, proxy_headers=False,  # the gateway knows whom to trust
    )


class Server(uvicorn.Server):
    """Drains everything at once: `also` is what listens beside HTTP, and stops with it."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway,
                 also: Callable[[], Awaitable[None]] | None = None) -> None:
        super().__init__(config)
        self._gateway, self._also = gateway, also

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._gateway.runtime.drain()
        for server in self.servers:  # from here on new connections are refused, and idle ones are closed
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self._also is not None:
            await self._also()
        await super().shutdown(sockets)


def give_memory_back() -> None:
    """Has the C library return large bodies to the system when they are done, and keep one heap for all threads.

    Without this a process keeps the most that it ever needed, once for each thread that parsed a large body.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # glibc
        for option, value in ((M_ARENA_MAX, 1), (M_MMAP_THRESHOLD, 256 << 10), (M_TRIM_THRESHOLD, 512 << 10)):
            libc.mallopt(option, value)


def http(gateway: Gateway, host: str, port: int, *, workers: int = 1) -> None:
    """Serves until SIGTERM; what is in flight ends first."""
    async def main() -> None:
        await Server(configuration(gateway, host, port), gateway).serve([listening(host, port, shared=workers > 1)])

    uvloop.run(main())


def listening(host: str, port: int, *, shared: bool) -> socket.socket:
    """A bound socket; `shared` lets other workers bind the same address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    listener.set_inheritable(True)
    return listener
