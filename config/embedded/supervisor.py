"""Runs the product's processes: starts them in order, each when the one before is healthy; restarts what dies;
drains on Ctrl-C. One log, a prefix per process."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
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


@dataclass(slots=True)
class Service:
    """One process: its command, how to see that it is healthy, and how long a drain may take."""

    name: str
    command: Sequence[str]
    ready: Ready
    start_timeout: float = 60.0
    stop_timeout: float = 20.0
    environment: Mapping[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None


class Log:
    """Every line of every process, on the terminal and in one file."""

    def __init__(self, path: Path, *, quiet: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = path.open("a", buffering=1)
        self._quiet = quiet
        self._colour = sys.stdout.isatty()
        self._colours: dict[str, int] = {}

    def line(self, source: str, text: str) -> None:
        stamp = time.strftime("%H:%M:%S")
        self._file.write(f"{stamp} {source:>8} | {text}\n")
        if self._quiet and source != "tessera":
            return
        if self._colour:
            colour = self._colours.setdefault(source, COLOURS[len(self._colours) % len(COLOURS)])
            print(f"\x1b[{colour}m{source:>8}\x1b[0m | {text}", flush=True)
        else:
            print(f"{source:>8} | {text}", flush=True)


class Supervisor:
    """Owns the processes from the first start to the last drain."""

    def __init__(self, log: Log, environment: Mapping[str, str], cwd: Path) -> None:
        self._log = log
        self._environment = {**os.environ, **environment}
        self._cwd = cwd
        self._services: list[Service] = []
        self._watchers: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self, service: Service) -> None:
        """Starts a service and returns once it is healthy."""
        began = time.monotonic()
        self._services.append(service)
        await self._spawn(service)
        while not await _healthy(service):
            assert service.process is not None
            if service.process.returncode is not None:
                raise StartError(f"{service.name} ended with code {service.process.returncode}; its lines are above")
            if time.monotonic() - began > service.start_timeout:
                raise StartError(f"{service.name} was not ready after {service.start_timeout:.0f} s")
            await asyncio.sleep(0.05)
        self._log.line("tessera", f"{service.name} is ready ({time.monotonic() - began:.1f} s)")
        self._watchers.append(asyncio.create_task(self._keep_alive(service)))

    async def step(self, name: str, command: Sequence[str]) -> None:
        """Runs a command to its end; a failure ends the start."""
        began = time.monotonic()
        self._log.line("tessera", f"{name} …")
        process = await self._process(name, command, {})
        await self._copy_output(name, process)
        if await process.wait():
            raise StartError(f"{name} failed with code {process.returncode}; its lines are above")
        self._log.line("tessera", f"{name}: done ({time.monotonic() - began:.1f} s)")

    async def stop(self) -> None:
        """Drains the services in reverse order; what does not end in its time is killed with its children."""
        self._stopping = True
        for watcher in self._watchers:
            watcher.cancel()
        for service in reversed(self._services):
            await self._end(service)

    async def _spawn(self, service: Service) -> None:
        service.process = await self._process(service.name, service.command, service.environment)
        task = asyncio.create_task(self._copy_output(service.name, service.process))
        self._watchers.append(task)

    async def _process(
        self, name: str, command: Sequence[str], environment: Mapping[str, str]
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *command, cwd=self._cwd, env={**self._environment, **environment}, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
            preexec_fn=_die_with_parent, limit=1 << 20,
        )

    async def _copy_output(self, name: str, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # one line longer than the limit: it is dropped, the stream goes on
                continue
            if not line:
                return
            self._log.line(name, line.decode(errors="replace").rstrip())

    async def _keep_alive(self, service: Service) -> None:
        pause = 0.2
        while not self._stopping:
            assert service.process is not None
            began = time.monotonic()
            code = await service.process.wait()
            if self._stopping:
                return
            _kill_group(service.process.pid)
            pause = 0.2 if time.monotonic() - began > 30 else min(pause * 2, 5.0)
            self._log.line("tessera", f"{service.name} ended with code {code}; starting it again in {pause:.1f} s")
            await asyncio.sleep(pause)
            await self._spawn(service)

    async def _end(self, service: Service) -> None:
        process = service.process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), service.stop_timeout)
        except TimeoutError:
            self._log.line("tessera", f"{service.name} did not drain in {service.stop_timeout:.0f} s: killed")
        _kill_group(process.pid)
        await process.wait()


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
