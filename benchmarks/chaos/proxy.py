"""TCP between a process and what it talks to, so that a connection can be slow, silent or cut.

`Link` carries one upstream; `Doors` spreads connections over several as a balancer of layer 4 does: the next one where
one refuses.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
PIECE = 1 << 16


class Link:
    """A listening port whose connections go to `upstream()`. `delay_s` holds every piece back; `silent` lets nothing
    pass and says nothing; `cut` ends what is open and refuses what comes."""

    def __init__(self, upstream: Callable[[], Awaitable[Stream]]) -> None:
        self._upstream = upstream
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.delay_s = 0.0
        self._passing = asyncio.Event()
        self._passing.set()
        self._refusing = False
        self.port = 0

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()

    def silence(self) -> None:
        """From now on nothing passes, and nobody is told."""
        self._passing.clear()

    def cut(self) -> None:
        """Every connection is reset, and new ones are until `mend`."""
        self._refusing = True
        for writer in list(self._open):
            writer.transport.abort()

    def mend(self) -> None:
        """As it should be."""
        self._refusing, self.delay_s = False, 0.0
        self._passing.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        try:
            up_reader, up_writer = await self._upstream()
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, up_writer}
        try:
            await asyncio.gather(self._carry(reader, up_writer), self._carry(up_reader, writer))
        finally:
            self._open -= {writer, up_writer}
            for end in (writer, up_writer):
                end.transport.abort()

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(PIECE):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await self._passing.wait()
                sink.write(piece)
                await sink.drain()
            if sink.can_write_eof():
                sink.write_eof()


def to_port(port: int) -> Callable[[], Awaitable[Stream]]:
    return lambda: asyncio.open_connection("127.0.0.1", port)


def to_socket(path: str) -> Callable[[], Awaitable[Stream]]:
    """A Unix socket, such as the embedded Postgres listens on."""
    return lambda: asyncio.open_unix_connection(path)


def to_any(ports: Sequence[int]) -> Callable[[], Awaitable[Stream]]:
    """One port after the other, the next where one refuses."""
    turn = 0

    async def dial() -> Stream:
        nonlocal turn
        turn += 1
        error: OSError = OSError("no door")
        for step in range(len(ports)):
            try:
                return await asyncio.open_connection("127.0.0.1", ports[(turn + step) % len(ports)])
            except OSError as refused:
                error = refused
        raise error

    return dial
