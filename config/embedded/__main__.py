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
from pathlib import Path

from config.embedded import checks, postgres, services, state
from config.embedded.checks import StartError
from config.embedded.supervisor import Log, Supervisor
from config.env import ROOT


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
            print(f"removed {var.name}/: the next make up starts from nothing")
    except StartError as error:
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
    """Runs until Ctrl-C or SIGTERM; then drains."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with _running(var, quiet=False, stop=stop) as demo:
        _print_welcome(demo)
        await stop.wait()
        print(" tessera | draining …", flush=True)
    return 0


async def _test(var: Path, command: Sequence[str]) -> int:
    """Runs a command with the whole product up beside it, and ends it afterwards."""
    async with _running(var, quiet=True, stop=asyncio.Event()):
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
        return await process.wait()


@contextlib.asynccontextmanager
async def _running(var: Path, *, quiet: bool, stop: asyncio.Event) -> AsyncIterator[dict[str, str]]:
    var.mkdir(parents=True, exist_ok=True)
    ports = state.Ports.from_environment()
    only = checks.only_one(var / "supervisor.lock")
    checks.python_fits()
    checks.ports_free(ports.by_variable())
    checks.frontend_built((ROOT / "frontend" / "dist" / "manifest.json").exists())
    log = Log(var / "log" / "tessera.log", quiet=quiet)
    began = time.monotonic()
    values = state.write_run_env(var, ports, await asyncio.to_thread(postgres.start, var / "postgres"))
    os.environ.update(values)
    log.line("tessera", f"postgres is ready ({time.monotonic() - began:.1f} s)")
    (var / "supervisor.pid").write_text(str(os.getpid()))
    supervisor = Supervisor(log, values, ROOT)
    start = asyncio.create_task(_start_all(supervisor, var, ports, values))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({start, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if start.done():
            start.result()
            log.line("tessera", f"everything is ready ({time.monotonic() - began:.1f} s)")
            yield json.loads((var / "demo.json").read_text())
        else:
            raise StartError("stopped before it was ready")
    finally:
        start.cancel()
        stopped.cancel()
        await supervisor.stop()
        await asyncio.to_thread(postgres.stop, var / "postgres")
        (var / "supervisor.pid").unlink(missing_ok=True)
        only.close()
        log.line("tessera", "stopped")


async def _start_all(supervisor: Supervisor, var: Path, ports: state.Ports, values: dict[str, str]) -> None:
    manage = [services.PYTHON, str(ROOT / "manage.py")]
    await supervisor.start(services.redis(var, ports, values["REDIS_PASSWORD"]))
    nets = [services.PYTHON, "-m", "model_registry.nets", "build", "--out", values["TESSERA_NETS"]]
    await supervisor.step("nets", nets)
    await supervisor.step("prepare", [*manage, "prepare"])
    if not state.brings_own_stripe():
        await supervisor.start(services.stripe_sandbox(var, ports))
    await supervisor.start(services.triton(ports))
    await supervisor.start(services.web(ports))
    await supervisor.start(services.gateway(ports))
    await supervisor.start(services.worker())
    await supervisor.start(services.beat(var))


def _print_welcome(demo: dict[str, str]) -> None:
    body = '{"input": {"text": "The delivery was quick and the staff were wonderful."}}'
    print(
        f"\n  Tessera is up.\n\n"
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
    path = var / "supervisor.pid"
    if path.exists():
        pid = int(path.read_text())
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
            for _ in range(600):
                os.kill(pid, 0)
                time.sleep(0.1)
            raise StartError(f"process {pid} did not end in 60 s")
        path.unlink(missing_ok=True)
    postgres.stop(var / "postgres")


if __name__ == "__main__":
    sys.exit(main())
