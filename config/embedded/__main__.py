"""`python -m config.embedded up | down | reset | test`: the product on this machine."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.embedded import checks, postgres, services, state
from config.embedded.checks import StartError
from config.embedded.supervisor import Log, Supervisor
from config.env import ROOT, InvalidEnvironment, flag

DOWN_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Running:
    """A product that is up: what demo.json says, the reason why it must end, should one come, and the drawing of the
    pages' examples that goes on beside it."""

    demo: dict[str, str]
    failed: asyncio.Future[str]
    examples: asyncio.Task[None] | None


def main() -> int:
    arguments = _parse(sys.argv[1:])
    var = Path(os.environ.get("TESSERA_VAR") or ROOT / "var").resolve()
    os.environ["TESSERA_VAR"] = str(var)
    try:
        if arguments.command == "up":
            return asyncio.run(_up(var))
        if arguments.command == "test":
            return asyncio.run(_test(var, arguments.rest))
        _down(var)
        if arguments.command == "reset":
            shutil.rmtree(var, ignore_errors=True)
            print(f" tessera | removed {_short(var)}: the next make up starts from nothing", flush=True)
    except (StartError, InvalidEnvironment) as error:
        print(f" tessera | {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m config.embedded", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "reset", "test"])
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="for test: the command to run against the stack")
    return parser.parse_args(arguments)


async def _up(var: Path) -> int:
    """Runs until Ctrl-C, SIGTERM or the end of the terminal; then drains."""
    stop = _stop_on_signals()
    async with _running(var, quiet=False, stop=stop) as running:
        _print_welcome(running.demo, var)
        stopped = asyncio.create_task(stop.wait())
        await _first(stopped, running.failed)
        stopped.cancel()
        if running.failed.done():
            raise StartError(running.failed.result())
        with contextlib.suppress(OSError):
            print(" tessera | draining …", flush=True)
    return 0


async def _test(var: Path, command: Sequence[str]) -> int:
    """Runs a command with the whole product up and at rest beside it, and ends it afterwards."""
    stop = _stop_on_signals()
    async with _running(var, quiet=True, stop=stop) as running:
        stopped = asyncio.create_task(stop.wait())
        if running.examples is not None:
            await _first(running.examples, stopped)
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
        ended = asyncio.create_task(process.wait())
        await _first(ended, stopped)
        stopped.cancel()
        if process.returncode is None:
            process.terminate()
        return await ended


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _first(*awaited: asyncio.Future[Any]) -> None:
    await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)


@contextlib.asynccontextmanager
async def _running(var: Path, *, quiet: bool, stop: asyncio.Event) -> AsyncIterator[Running]:
    var.mkdir(parents=True, exist_ok=True)
    ports = state.Ports.from_environment()
    checks.python_fits()
    only = checks.only_one(var / "supervisor.lock")
    checks.ports_free(ports.by_variable())
    checks.triton_fits()
    checks.frontend_built((ROOT / "frontend" / "dist" / "manifest.json").exists())
    log = Log(var / "log" / "tessera.log", quiet=quiet)
    began = time.monotonic()
    values = state.write_run_env(var, ports, await asyncio.to_thread(postgres.start, var / "postgres"))
    os.environ.update(values)
    log.line("tessera", f"postgres is ready ({time.monotonic() - began:.1f} s)")
    (var / "supervisor.pid").write_text(str(os.getpid()))
    supervisor = Supervisor(log, {**values, **state.code_cache()}, ROOT)
    guard = asyncio.create_task(_guard_postgres(var / "postgres", supervisor, log))
    start = asyncio.create_task(_start_all(supervisor, var, ports, values))
    stopped = asyncio.create_task(stop.wait())
    later: asyncio.Task[None] | None = None
    try:
        await _first(start, stopped)
        if not start.done():
            raise StartError("stopped before it was ready")
        start.result()
        log.line("tessera", f"everything is ready ({time.monotonic() - began:.1f} s)")
        if flag("TESSERA_EXAMPLES", True):
            later = asyncio.create_task(_render_examples(supervisor, log))
        yield Running(json.loads((var / "demo.json").read_text()), supervisor.failed, later)
    finally:
        background = [start, stopped, guard, *([later] if later is not None else [])]
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await supervisor.stop()
        await asyncio.to_thread(postgres.stop, var / "postgres")
        (var / "supervisor.pid").unlink(missing_ok=True)
        only.close()
        log.line("tessera", "stopped")
        log.close()


async def _start_all(supervisor: Supervisor, var: Path, ports: state.Ports, values: dict[str, str]) -> None:
    manage = [services.PYTHON, str(ROOT / "manage.py")]
    await supervisor.start(services.redis(var, ports, values["REDIS_PASSWORD"]))
    nets = [services.PYTHON, "-m", "model_registry.nets", "build", "--out", values["TESSERA_NETS"]]
    await supervisor.step("nets", nets, doing="building the nets that are too large to commit (once)")
    prepare = [*manage, "prepare", "--no-examples"]
    await supervisor.step("prepare", prepare, doing="preparing the database, the catalogue and the demo")
    if not state.brings_own_stripe():
        await supervisor.start(services.stripe_sandbox(var, ports))
    await supervisor.start(services.triton(ports))
    await supervisor.start(services.web(ports), services.gateway(ports), services.worker(var), services.beat(var))


async def _render_examples(supervisor: Supervisor, log: Log) -> None:
    """The pictures and sounds of the model pages' examples: nobody has to wait for them."""
    command = [services.PYTHON, str(ROOT / "manage.py"), "render_examples"]
    try:
        await supervisor.step("examples", command, doing="drawing the examples of the model pages beside it")
    except StartError as error:
        log.line("tessera", f"{error}; the pages show their figures instead")


async def _guard_postgres(folder: Path, supervisor: Supervisor, log: Log) -> None:
    """Postgres is no child of ours: it is looked at, and started again on the same address where it is gone."""
    while True:
        await asyncio.sleep(1.0)
        if await asyncio.to_thread(postgres.alive, folder):
            continue
        log.line("tessera", "postgres is gone; starting it again")
        try:
            await asyncio.to_thread(postgres.start, folder)
        except StartError as error:
            supervisor.fail(str(error))
            return
        log.line("tessera", "postgres is ready again")


def _print_welcome(demo: dict[str, str], var: Path) -> None:
    body = '{"input": {"text": "The delivery was quick and the staff were wonderful."}}'
    print(
        f"\n  Tessera is up. Ctrl-C ends it; every line is kept in {_short(var / 'log' / 'tessera.log')}.\n\n"
        f"  Open      {demo['url']}\n"
        f"  Sign in   {demo['email']}  /  {demo['password']}\n"
        f"  gRPC      {demo['grpc']}\n\n"
        f"  Your first call:\n\n"
        f"  curl -s {demo['url']}/api/v1/models/sentiment-en/predictions \\\n"
        f"    -H 'X-API-Key: {demo['api_key']}' -H 'Content-Type: application/json' \\\n"
        f"    -d '{body}'\n",
        flush=True,
    )


def _down(var: Path) -> None:
    """Ends a running instance and waits until it is gone."""
    lock, path = var / "supervisor.lock", var / "supervisor.pid"
    if checks.is_running(lock) and path.exists():
        pid = int(path.read_text())
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + DOWN_TIMEOUT_S
        while checks.is_running(lock):
            if time.monotonic() > deadline:
                raise StartError(f"process {pid} did not end in {DOWN_TIMEOUT_S} s")
            time.sleep(0.1)
        print(" tessera | stopped", flush=True)
    else:
        print(" tessera | nothing is running", flush=True)
    path.unlink(missing_ok=True)
    postgres.stop(var / "postgres")  # it outlives a supervisor that was killed


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


if __name__ == "__main__":
    sys.exit(main())
