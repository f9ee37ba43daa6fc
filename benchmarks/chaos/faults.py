"""What is done to the product. Each fault strikes, may last, and is then healed; the product must do the rest."""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import redis

from benchmarks.chaos.product import Product, tell
from benchmarks.chaos.proxy import Link
from benchmarks.chaos.skew import Skew

LASTS_S = 4.0
SLOW_S = 0.15  # each piece, each way
FULL_AT = 4096  # bytes: beyond this nobody can write into a file
SKEW_S = 420.0
KILLED = ("gateway", "web", "worker", "worker child", "beat", "triton", "triton keeper", "stub", "redis",
          "ledger backend", "postmaster")
STOPPED = ("gateway", "worker child", "triton", "stub", "redis", "ledger backend")


@dataclass(frozen=True, slots=True)
class Fault:
    """`strike` says whether there was anything to strike. `lasts_s` 0: it is over at once."""

    name: str
    strike: Callable[[], bool]
    heal: Callable[[], object] = lambda: None
    lasts_s: float = 0.0


def deck(product: Product, links: dict[str, Link], skew: Skew | None) -> list[Fault]:
    """Every fault there is. `links` are those of the chaos's own gateway: to redis and to postgres."""
    found = [Fault(f"kill {name}", partial(_kill, product, name)) for name in KILLED]
    found += [_stopping(product, name) for name in STOPPED]
    found.append(Fault("redis FLUSHALL", partial(_flush, product.env.redis_url)))
    found.append(Fault("postgres immediate stop", lambda: tell(product.one("postmaster"), signal.SIGQUIT)))
    for name, link in links.items():
        found += _of_link(name, link)
    found += [_filling(product, "services", ("web", "gateway", "worker", "worker child")),
              _filling(product, "postgres", ("postgres",))]
    if skew is not None:
        for seconds in (SKEW_S, -SKEW_S):
            found.append(Fault(f"clock {seconds:+.0f} s", partial(_set, skew, seconds), partial(skew.set, 0.0),
                               LASTS_S))
    return found


def _kill(product: Product, name: str) -> bool:
    return tell(product.one(name), signal.SIGKILL)


def _stopping(product: Product, name: str) -> Fault:
    held: list[int] = []

    def strike() -> bool:
        pid = product.one(name)
        if pid is not None:
            held.append(pid)
        return tell(pid, signal.SIGSTOP)

    def heal() -> None:
        while held:
            tell(held.pop(), signal.SIGCONT)

    return Fault(f"stop {name}", strike, heal, LASTS_S)


def _flush(url: str) -> bool:
    client = redis.Redis.from_url(url, socket_timeout=5)
    try:
        return bool(client.flushall())
    finally:
        client.close()


def _of_link(name: str, link: Link) -> list[Fault]:
    """The link lives in the loop of this process; a fault is struck from a thread."""
    loop = asyncio.get_running_loop()

    def in_loop(act: Callable[[], None]) -> bool:
        loop.call_soon_threadsafe(act)
        return True

    def slow() -> None:
        link.delay_s = SLOW_S

    mend = partial(in_loop, link.mend)
    return [Fault(f"{name} slow", partial(in_loop, slow), mend, LASTS_S),
            Fault(f"{name} silent", partial(in_loop, link.silence), mend, LASTS_S),
            Fault(f"{name} cut", partial(in_loop, link.cut), mend, LASTS_S / 2)]


def _filling(product: Product, name: str, victims: tuple[str, ...]) -> Fault:
    """A full disk, as RLIMIT_FSIZE shows it: every write beyond a few bytes of a file fails with EFBIG. It needs no
    root and no file system of its own; Python and Postgres ignore the signal, so that the write's error is what is
    seen. Redis and Triton don't, so they are left out."""
    limited: dict[int, tuple[int, int]] = {}

    def strike() -> bool:
        for pid in {pid for victim in victims for pid in product.pids(victim)}:
            try:
                before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (FULL_AT, before[1]))
            except (ProcessLookupError, PermissionError):
                continue
            limited[pid] = before
        return bool(limited)

    def heal() -> None:
        while limited:
            pid, before = limited.popitem()
            try:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
            except (ProcessLookupError, PermissionError):
                continue

    return Fault(f"disk full: {name}", strike, heal, LASTS_S)


def _set(skew: Skew, seconds: float) -> bool:
    skew.set(seconds)
    return True
