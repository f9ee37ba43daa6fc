"""kill -9 against metering: gateways, Redis and Postgres backends die at random while callers call.

The gateways, their Redis and their callers are this storm's own; Postgres and Triton are the running product's.
`run(...)` returns the figures; `python -m benchmarks.billing.storm` prints them.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path

import numpy as np
import onnx
import orjson
import psycopg
import redis
from onnx import TensorProto, helper, numpy_helper

from benchmarks.billing.callers import Account, Target, Truth, audit, load
from benchmarks.billing.services import OwnRedis, killed, waiting_for
from benchmarks.gateway.processes import free_port
from config.env import ROOT, Environment
from config.env import load as environment
from inference_backend.triton import repository
from kernel import apikeys
from kernel.contracts import GRANT_KEY, ROUTE_KEY, Grant, Limit, Price, Route, TensorSpec
from kernel.contracts import Target as RouteTarget

MODEL = "storm-addone"
PATH = f"/v2/models/{MODEL}/infer"
WIDTH = 4
GATEWAYS = 2
CALLERS = 96  # a killed gateway keeps its calls leased for 6 s, and their callers wait


class OwnGateway:
    """The product's gateway process, on the storm's Redis."""

    def __init__(self, redis_url: str, log: Path) -> None:
        self.port, self._grpc, self._redis_url, self._log = free_port(), free_port(), redis_url, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        env = {**os.environ, "REDIS_URL": self._redis_url, "TESSERA_GATEWAY_PORT": str(self.port),
               "TESSERA_GRPC_PORT": str(self._grpc), "TESSERA_GATEWAY_WORKERS": "1"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([sys.executable, "-m", "config.gateway"], cwd=ROOT, env=env, stdout=log,
                                             stderr=log)

    def ready(self) -> bool:
        import http.client

        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            connection.request("GET", "/v2/health/live")
            return connection.getresponse().status == 200
        return False

    def kill(self) -> bool:
        return killed(self._process)


class Backends:
    """Postgres backends that serve a ledger writer. Killing one makes Postgres throw out all and recover."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def start(self) -> None:
        """Postgres starts its backends itself."""

    def ready(self) -> bool:
        with suppress(psycopg.Error):
            return bool(self._pids())
        return False

    def kill(self) -> bool:
        with suppress(psycopg.Error, ProcessLookupError, IndexError):
            os.kill(random.choice(self._pids()), signal.SIGKILL)
            return True
        return False

    def _pids(self) -> list[int]:
        with psycopg.connect(self._dsn, connect_timeout=2) as connection:
            return [row[0] for row in connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'tessera ledger' "
                "AND datname = current_database()")]


Victim = OwnRedis | OwnGateway | Backends


def run(*, calls: int, kills: int, max_s: int, seed: int = 1) -> dict[str, object]:
    """A storm of at least `kills` kills over at least `calls` calls, or as many as `max_s` seconds hold."""
    env = environment()
    with tempfile.TemporaryDirectory(prefix="storm-") as name:
        folder = Path(name)
        store = OwnRedis(folder)
        store.start()
        gateways = [OwnGateway(store.url, env.var / "log" / f"storm-gateway-{n}.log") for n in range(GATEWAYS)]
        try:
            waiting_for(store, 20)
            accounts = _prepare(env, store.url)
            for gateway in gateways:
                gateway.start()
            for gateway in gateways:
                waiting_for(gateway, 90)
            return asyncio.run(_storm(env, store, gateways, accounts, calls=calls, kills=kills, max_s=max_s, seed=seed))
        finally:
            for victim in (*gateways, store):
                victim.kill()


async def _storm(env: Environment, store: OwnRedis, gateways: list[OwnGateway], accounts: list[Account], *, calls: int,
                 kills: int, max_s: int, seed: int) -> dict[str, object]:
    truth, struck = Truth(), Counter[str]()
    tensor = {"name": "X", "datatype": "FP32", "shape": [1, WIDTH], "data": [1, 2, 3, 4]}
    target = Target([gateway.port for gateway in gateways], PATH, orjson.dumps({"inputs": [tensor]}))
    began = time.monotonic()
    ends = began + max_s
    # Every kind of victim in turn, in random order within a turn; a gateway is the slowest to come back.
    victims: dict[str, Victim] = {f"gateway {n}": gateway for n, gateway in enumerate(gateways)}
    victims |= {"redis": store, "postgres": Backends(env.database_url)}
    order = ["redis", "postgres", "redis", "postgres", *(name for name in victims if name.startswith("gateway"))]
    killing = asyncio.create_task(_kill_on(victims, order, struck, random.Random(seed), kills=kills, ends=ends))

    def go_on(begun: int) -> bool:
        return time.monotonic() < ends and (begun < calls or not killing.done())

    await load(target, accounts, truth, callers=CALLERS, go_on=go_on, seed=seed + os.getpid())
    killing.cancel()
    with suppress(asyncio.CancelledError):
        await killing
    wall = time.monotonic() - began
    await asyncio.sleep(2)  # writers that withheld an answer take its entry back
    found = await asyncio.to_thread(audit, env.database_url, truth, PATH, model=MODEL)
    kinds = Counter[str]()
    for name, count in struck.items():
        kinds[name.split()[0]] += count
    return {"kills": sum(struck.values()), **asdict(found), "killed": dict(kinds), "attempts": truth.attempts,
            "accounts": len(accounts), "slowest_call_s": round(truth.slowest_s, 1), "seconds": round(wall),
            "refusals": dict(truth.refusals.most_common(8))}


async def _kill_on(victims: dict[str, Victim], order: list[str], struck: Counter[str], chance: random.Random, *,
                   kills: int, ends: float) -> None:
    """Kills until it has killed enough; whoever died is started at once and must be well before it dies again."""
    # Half of the time at most is waiting, the rest is for what is slow to come back.
    longest = min(2.0, (ends - time.monotonic()) / kills * 0.5)
    while sum(struck.values()) < kills and time.monotonic() < ends:
        turn = order.copy()
        chance.shuffle(turn)
        for name in turn:
            await asyncio.sleep(longest * (0.2 + 0.8 * chance.random()))
            victim = victims[name]
            if not await asyncio.to_thread(victim.ready):
                continue
            if await asyncio.to_thread(victim.kill):
                struck[name] += 1
                await asyncio.to_thread(victim.start)
            if sum(struck.values()) >= kills:
                return


def _prepare(env: Environment, redis_url: str) -> list[Account]:
    """A model, its route, and eight accounts with two keys each, all with limits that are checked on every call."""
    file = env.var / "storm-addone.onnx"
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", WIDTH]) for name in "XY"]
    graph = helper.make_graph([helper.make_node("Add", ["X", "one"], ["Y"])], "storm", [ends[0]], [ends[1]],
                              [numpy_helper.from_array(np.ones(1, np.float32), "one")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(file))
    repository.write_onnx(env.triton_repository, MODEL, file)
    client = redis.Redis.from_url(redis_url)
    spec = (-1, WIDTH)
    client.set(ROUTE_KEY.format(model=MODEL), Route(
        model=MODEL, task="benchmark", runtime="onnx", host="text", nets=(), inputs=(TensorSpec("X", "FP32", spec),),
        outputs=(TensorSpec("Y", "FP32", spec),), input_kinds={}, parameters={},
        price=Price("call", Decimal("0.01"), "USD", 1), targets=(RouteTarget(1, 100),), memory_mb=32).dump())
    accounts = []
    base = 9_000_000_000 + time.time_ns() % 10**9 * 10  # organizations of this storm only
    for n in range(8):
        for key_id in (2 * n, 2 * n + 1):
            key = apikeys.mint("live")
            hashed = apikeys.hash_key(key, env.key_pepper)
            client.set(GRANT_KEY.format(key_hash=hashed), Grant(
                key_id=base + key_id, key_hash=hashed, org_id=base + n, mode="live", scopes=("predict",),
                models=(MODEL,), rate_per_minute=10_000_000, concurrency=10_000, monthly_limit_minor=1_000_000,
                monthly_units=10_000_000, currency="USD", limits=(Limit("key", "day", 1_000_000),)).dump())
            accounts.append(Account(base + n, key))
    client.close()
    return accounts
