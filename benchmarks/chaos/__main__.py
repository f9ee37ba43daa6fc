"""`python -m benchmarks.chaos [--seeds 1,2,3] [--seconds 120] [--short]`: faults at random against the running product.

Callers with the Python SDK, its retries set to 10, call through a balancer over three doors: the product's web process,
its gateway, and a gateway of this run's own, whose way to Redis and to Postgres leads over links that can be slowed,
silenced and cut. What the callers were answered is held against the ledger afterwards. The last line is one JSON
object; the exit status is 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import secrets
import sys
import tempfile
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.chaos.faults import Fault, deck
from benchmarks.chaos.product import Product
from benchmarks.chaos.proxy import Link, to_any, to_port, to_socket
from benchmarks.chaos.skew import Skew
from benchmarks.chaos.storm import Account, storm
from benchmarks.gateway.processes import free_port
from config.embedded import services
from config.embedded.state import Ports
from config.embedded.supervisor import Log, Service, Supervisor
from config.env import ROOT, Environment, load

MODEL = "sentiment-en"
ACCOUNTS = 4  # the last is for the probes
SHORT = ("kill gateway", "kill worker child", "kill redis", "kill postmaster")  # each has its turn in half a minute
START_S = 180.0  # on a busy machine
BARS = {"rto_s": 15.0, "good_share": 0.99}
MUST_BE_ZERO = ("acked_not_billed", "double_billed", "billed_failures", "jobs_unfinished")
SUMMED = ("faults", "calls", "jobs", *MUST_BE_ZERO)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--short", action="store_true", help="one seed, four faults, half a minute")
    parser.add_argument("--only", default="", help="only faults whose name holds this")
    given = parser.parse_args()
    seeds = [1] if given.short else [int(seed) for seed in given.seeds.split(",")]
    found = asyncio.run(_run(seeds, 30.0 if given.short else given.seconds, SHORT if given.short else (), given.only))
    for run in found["runs"]:
        for name in ("seed", "faults", "calls", "rto_max_s", "slowest", "good_share", "slowest_call_s", "endings"):
            print(f"  {name:<16} {run[name]}")
    print(json.dumps(found))
    kept = (not any(found[name] for name in MUST_BE_ZERO) and found["rto_max_s"] <= BARS["rto_s"]
            and found["good_share"] >= BARS["good_share"])
    return 0 if kept else 1


async def _run(seeds: list[int], seconds: float, names: tuple[str, ...], only: str) -> dict[str, Any]:
    env = load()
    runs = []
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        skew = await asyncio.to_thread(Skew.build, Path(name))
        if skew is None:
            print("no C compiler: the clock is left alone", flush=True)
        async with _own_parts(env, Path(name), skew) as (doors, links):
            balancer = Link(to_any(list(doors.values())))
            await balancer.start()
            accounts = {seed: await asyncio.to_thread(_accounts) for seed in seeds}
            chance = random.Random(seeds[0])
            product = Product(env, chance)
            faults = [fault for fault in deck(product, links, skew)
                      if (not names or fault.name in names) and only in fault.name]

            def shuffled() -> list[Fault]:
                return chance.sample(faults, len(faults))

            cards: deque[Fault] = deque()
            for seed in seeds:
                runs.append(await storm(env, accounts[seed], doors, balancer.port, cards, shuffled, model=MODEL,
                                        seconds=seconds, seed=seed))
            await balancer.stop()
    merged: dict[str, Any] = {name: sum(run[name] for run in runs) for name in SUMMED}
    return {**merged, "kinds": len({name for run in runs for name in run["struck"]}),
            "rto_max_s": max(run["rto_max_s"] for run in runs), "good_share": min(run["good_share"] for run in runs),
            "retries": 10, "clock": skew is not None, "runs": runs}


@contextlib.asynccontextmanager
async def _own_parts(env: Environment, folder: Path, skew: Skew | None
                     ) -> AsyncIterator[tuple[dict[str, int], dict[str, Link]]]:
    """A gateway and a worker of our own beside the product's, over links; who dies is started again."""
    store, socket = urlsplit(env.redis_url), parse_qs(urlsplit(env.database_url).query)["host"][0]
    links = {"redis": Link(to_port(store.port or 6379)), "postgres": Link(to_socket(f"{socket}/.s.PGSQL.5432"))}
    for link in links.values():
        await link.start()
    port = free_port()
    ports = Ports(web=env.port, grpc=free_port(), gateway=port, redis=0, triton=0)
    addresses = {
        "REDIS_URL": f"redis://:{store.password}@127.0.0.1:{links['redis'].port}/0",
        "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{links['postgres'].port}/tessera",
        "TESSERA_GATEWAY_PORT": str(port), "TESSERA_GRPC_PORT": str(ports.grpc), "TESSERA_GATEWAY_WORKERS": "1",
    }
    supervisor = Supervisor(Log(env.var / "log" / "chaos.log", quiet=True), addresses, ROOT)
    gateway, worker = services.gateway(ports), services.worker(folder, concurrency=1, name="chaos")
    gateway.name, worker.name = "gateway2", "worker2"
    gateway.start_timeout = worker.start_timeout = START_S
    if skew is not None:
        gateway.environment = {**gateway.environment, **skew.environment}
    own: tuple[Service, ...] = (gateway, worker)
    try:
        await supervisor.start(*own)
        yield {"web": env.port, "gateway": env.gateway_port, "gateway2": port}, links
    finally:
        await supervisor.stop()
        for link in links.values():
            await link.stop()


def _accounts() -> list[Account]:
    """Fresh organizations with a key each whose rate is never reached."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.db import connections

    from marketplace.accounts import services as accounts
    from marketplace.listings import services as shelf

    made = []
    for _ in range(ACCOUNTS):
        user, org = accounts.ensure_account(email=f"{secrets.token_hex(6)}@example.com", organization_name="Chaos",
                                            password=secrets.token_urlsafe(12))
        shelf.subscribe(org=org, model=MODEL, plan="payg", actor=user)
        _, key = accounts.create_api_key(org=org, actor=user, name="chaos", scopes=("predict", "files"),
                                         rate_per_minute=100_000, concurrency=256)
        made.append(Account(org.pk, key))
    connections.close_all()
    return made


if __name__ == "__main__":
    sys.exit(main())
