"""The running product as the benchmark meets it: its addresses, a key of its own, and small models of its own.

The key is an ordinary grant with a rate, a concurrency and a money limit that are never reached, so that every check
is made. The models are ONNX files in the product's repository with a route each; nothing of the path is left out.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import onnx
import redis
from onnx import TensorProto, helper, numpy_helper

from config.env import Environment, load
from inference_backend.triton import repository
from kernel import apikeys
from kernel.contracts import GRANT_KEY, ROUTE_KEY, SNAPSHOT_CHANNEL, Grant, Price, Route, Target, TensorSpec

SMALL = "bench-addone"
WIDTH = 16
COLD_SMALL, COLD_MEDIUM = 20, 10
MEDIUM_WIDTH = 1200  # three square layers of this width: 4.3 M parameters, 17 MB


@dataclass(frozen=True, slots=True)
class Product:
    env: Environment
    demo: dict[str, str]
    key: str
    onnx_file: Path
    cold: tuple[tuple[str, int], ...]  # model and the width of its input


def prepare() -> Product:
    """Writes models, routes and grant of the benchmark into the running product."""
    env = load()
    demo = json.loads((env.var / "demo.json").read_text())
    store = redis.Redis.from_url(env.redis_url)
    folder = env.var / "bench-models"
    folder.mkdir(exist_ok=True)
    small = folder / "addone.onnx"
    onnx.save(add_one(), str(small))
    run = secrets.token_hex(3)  # the cold models of this run are nobody's yet
    cold = tuple((f"bench-cold-{run}-{n}", WIDTH if n < COLD_SMALL else MEDIUM_WIDTH)
                 for n in range(COLD_SMALL + COLD_MEDIUM))
    for name, width in ((SMALL, WIDTH), *cold):
        source = small
        if width != WIDTH:
            source = folder / f"{name}.onnx"
            if not source.exists():
                onnx.save(layers(width, int(name.rpartition("-")[2])), str(source))
        repository.write_onnx(env.triton_repository, name, source)
        spec = (-1, width)
        store.set(ROUTE_KEY.format(model=name), Route(
            model=name, task="benchmark", runtime="onnx", host="text", nets=(),
            inputs=(TensorSpec("X", "FP32", spec),), outputs=(TensorSpec("Y", "FP32", spec),), input_kinds={},
            parameters={}, price=Price("call", Decimal("0.01"), "USD", 1), targets=(Target(1, 100),),
            memory_mb=32 if width == WIDTH else 60).dump())
    key = apikeys.mint("live")
    known = store.get(GRANT_KEY.format(key_hash=apikeys.hash_key(demo["api_key"], env.key_pepper)))
    if known is None:
        raise RuntimeError("the product has no demo key")
    mine = dataclasses.replace(
        Grant.load(known), key_hash=apikeys.hash_key(key, env.key_pepper), rate_per_minute=1_000_000_000,
        concurrency=1_000_000, monthly_limit_minor=1_000_000_000, models=(SMALL, *(name for name, _ in cold)))
    store.set(GRANT_KEY.format(key_hash=mine.key_hash), mine.dump())
    store.publish(SNAPSHOT_CHANNEL, "*")
    store.close()
    return Product(env, demo, key, small, cold)


def add_one() -> onnx.ModelProto:
    return _model([helper.make_node("Add", ["X", "one"], ["Y"])],
                  [numpy_helper.from_array(np.ones(1, np.float32), "one")], WIDTH)


def layers(width: int, seed: int) -> onnx.ModelProto:
    """A net of three dense layers: a medium model to load."""
    generator = np.random.default_rng(seed)
    weights = [numpy_helper.from_array((generator.standard_normal((width, width)) / width).astype(np.float32), f"w{n}")
               for n in range(3)]
    names = ["X", "a", "b", "Y"]
    return _model([helper.make_node("MatMul", [names[n], f"w{n}"], [names[n + 1]]) for n in range(3)], weights, width)


def _model(nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto], width: int) -> onnx.ModelProto:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width]) for name in "XY"]
    graph = helper.make_graph(nodes, "bench", [ends[0]], [ends[1]], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
