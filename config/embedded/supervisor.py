"""Runs the product's processes: starts them in order, each when the one before is healthy; restarts what dies;
drains on Ctrl-C. One log, a prefix per process.

A process that ends is started again, after a pause that grows. One that ends `MAX_ENDS` times without having been
healthy for `STEADY_S` between can't be helped by another start: the supervisor says so and ends everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import math
import os
import re
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from config.embedded.checks import StartError

Ready = Callable[[], Awaitable[bool]]
COLOURS = (36, 32, 35, 33, 34, 96, 92, 95)
PR_SET_PDEATHSIG = 1
MAX_ENDS = 4
FAILED_DRAIN_S = 5.0
STEADY_S = 5.0  # one that lives and is killed now and then is started again for ever
MAX_LOG_BYTES = 64 << 20


@dataclass(slots=True)
class Service:
    """One process: its command, how to see that it is healthy, and how long a drain may take."""

    name: str
    command: Sequence[str]
    ready: Ready
    start_timeout: float = 60.0
    stop_timeout: float = 20.0
    environment: Mapping[str, str] = field(default_factory=dict)
    leans: bool = True  # on other parts: where one of those is gone for good, its drain may wait in vain
    noise: re.Pattern[str] | None = None  # lines that go to the file only
    before: Callable[[], None] = lambda: None  # runs before each start
    process: asyncio.subprocess.Process | None = None


class Log:
    """Every line of every process, on the terminal and in one file."""

    def __init__(self, path: Path, *, quiet: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
            path.replace(path.with_suffix(".old.log"))
        self._file: TextIO = path.open("a", buffering=1)
        self._quiet = quiet
        self._colour = sys.stdout.isatty()
        self._colours: dict[str, int] = {}

    def line(self, source: str, text: str, *, file_only: bool = False) -> None:
        stamp = time.strftime("%H:%M:%S")
        self._file.write(f"{stamp} {source:>8} | {text}\n")
        if file_only or (self._quiet and source != "tessera"):
            return
        prefix = f"{source:>8}"
        if self._colour:
            colour = self._colours.setdefault(source, COLOURS[len(self._colours) % len(COLOURS)])
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        with contextlib.suppress(OSError):  # the terminal may be gone; the drain must still finish
            print(f"{prefix} | {text}", flush=True)

    def close(self) -> None:
        self._file.close()


class Supervisor:
    """Owns the processes from the first start to the last drain."""

    def __init__(self, log: Log, environment: Mapping[str, str], cwd: Path) -> None:
        self._log = log
        self._environment = {**os.environ, **environment}
        self._cwd = cwd
        self._groups: list[Sequence[Service]] = []
        self._watchers: list[asyncio.Task[None]] = []
        self._readers: list[asyncio.Task[None]] = []
        self._stopping = False
        self.failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def start(self, *services: Service) -> None:
        """Starts services at once and returns when all are healthy; the first that fails is a StartError."""
        self._groups.append(services)
        tasks = [asyncio.create_task(self._start(service)) for service in services]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _start(self, service: Service) -> None:
        began = time.monotonic()
        await self._spawn(service)
        await self._until_healthy(service)
        self._log.line("tessera", f"{service.name} is ready ({time.monotonic() - began:.1f} s)")
        self._watchers.append(asyncio.create_task(self._keep_alive(service)))

    async def _until_healthy(self, service: Service) -> None:
        began = time.monotonic()
        while not await _healthy(service):
            assert service.process is not None
            if service.process.returncode is not None:
                raise StartError(f"{service.name} ended with code {service.process.returncode}; its lines are above")
            if time.monotonic() - began > service.start_timeout:
                raise StartError(f"{service.name} was not ready after {service.start_timeout:.0f} s")
            await asyncio.sleep(0.05)

    async def step(self, name: str, command: Sequence[str], *, doing: str) -> None:
        """Runs a command to its end; a failure ends the start."""
        began = time.monotonic()
        self._log.line("tessera", f"{doing} …")
        process = await self._process(command, {})
        try:
            await self._copy_output(name, process, None)
        except asyncio.CancelledError:
            _kill_group(process.pid)
            raise
        if await process.wait():
            raise StartError(f"{name} failed with code {process.returncode}; its lines are above")
        self._log.line("tessera", f"{name} is done ({time.monotonic() - began:.1f} s)")

    async def stop(self) -> None:
        """Drains the services in reverse order, those that were started together at once; what does not end in its time
        is killed with its children. Where one of them is gone for good, the others may wait for it in vain.
        """
        self._stopping = True
        for watcher in self._watchers:
            watcher.cancel()
        for group in reversed(self._groups):
            await asyncio.gather(*(self._end(service) for service in group))
        for reader in self._readers:  # a drain has things to say, and one that nobody reads from gets stuck
            reader.cancel()

    async def _spawn(self, service: Service) -> None:
        service.before()
        service.process = await self._process(service.command, service.environment)
        reading = self._copy_output(service.name, service.process, service.noise)
        self._readers = [task for task in self._readers if not task.done()] + [asyncio.create_task(reading)]

    async def _process(self, command: Sequence[str], environment: Mapping[str, str]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *command, cwd=self._cwd, env={**self._environment, **environment}, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
            preexec_fn=_die_with_parent, limit=1 << 20,
        )

    async def _copy_output(self, name: str, process: asyncio.subprocess.Process, noise: re.Pattern[str] | None) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # one line longer than the limit: it is dropped, the stream goes on
                continue
            if not line:
                return
            text = line.decode(errors="replace").rstrip()
            self._log.line(name, text, file_only=noise is not None and noise.search(text) is not None)

    async def _keep_alive(self, service: Service) -> None:
        ends, healthy_since = 0, time.monotonic()
        while not self._stopping:
            assert service.process is not None
            code = await _end_of(service.process)
            if self._stopping:
                return
            _kill_group(service.process.pid)
            ends = 1 if time.monotonic() - healthy_since > STEADY_S else ends + 1
            if ends == MAX_ENDS:
                self.fail(f"{service.name} ended {ends} times in a row; its lines are above")
                return
            pause = 0.1 * 2**ends
            self._log.line("tessera", f"{service.name} {_ended(code)}; starting it again in {pause:.1f} s")
            await asyncio.sleep(pause)
            await self._spawn(service)
            healthy_since = math.inf
            try:
                await self._until_healthy(service)
            except StartError:  # it ended again or hangs: the next turn of the loop counts it
                _kill_group(service.process.pid)
                continue
            healthy_since = time.monotonic()
            self._log.line("tessera", f"{service.name} is ready again")

    def fail(self, reason: str) -> None:
        """Ends the run with this line."""
        if not self.failed.done():
            self.failed.set_result(reason)

    async def _end(self, service: Service) -> None:
        process, patience = service.process, service.stop_timeout
        if self.failed.done() and service.leans:
            patience = min(patience, FAILED_DRAIN_S)
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(_end_of(process), patience)
        except TimeoutError:
            self._log.line("tessera", f"{service.name} did not drain in {patience:.0f} s: killed")
        _kill_group(process.pid)
        await _end_of(process)


async def _end_of(process: asyncio.subprocess.Process) -> int:
    """The exit status. `process.wait()` waits for the end of its output too, which a grandchild may hold open."""
    while process.returncode is None:
        await asyncio.sleep(0.05)
    return process.returncode


def _ended(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


async def _healthy(service: Service) -> bool:
    try:
        return await asyncio.wait_for(service.ready(), 2.0)
    except (OSError, TimeoutError, EOFError, asyncio.IncompleteReadError):
        return False


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _die_with_parent() -> None:
    """A killed supervisor must not leave orphans behind (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
