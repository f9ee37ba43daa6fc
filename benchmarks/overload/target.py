"""What is called: a model of the benchmark's own that takes some milliseconds of one core, and two tenants' keys."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import onnx
import redis
from onnx import TensorProto, helper, numpy_helper

from config.env import Environment
from inference_backend.triton import repository
from kernel import apikeys
from kernel.contracts import GRANT_KEY, ROUTE_KEY, SNAPSHOT_CHANNEL, Grant, Price, Route, Target, TensorSpec

MODEL = "overload-products"
SIDE, LAYERS = 384, 3  # three products of two matrices of this side: some milliseconds
ORG_BASE = 8_000_000_000  # organizations that nobody else has


@dataclass(frozen=True, slots=True)
class Tenant:
    org_id: int
    key: str

    def request(self, port: int) -> str:
        """A whole HTTP request of one call."""
        body = json.dumps({"inputs": [{"name": "X", "datatype": "FP32", "shape": [1], "data": [0.5]}]})
        return (f"POST /v2/models/{MODEL}/infer HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-API-Key: {self.key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}")


def prepare(env: Environment) -> tuple[Tenant, Tenant]:
    """Writes model, route and two grants whose limits are checked and never reached into the running product."""
    file = env.var / f"{MODEL}.onnx"
    onnx.save(_model(), str(file))
    repository.write_onnx(env.triton_repository, MODEL, file)
    store = redis.Redis.from_url(env.redis_url)
    store.set(ROUTE_KEY.format(model=MODEL), Route(
        model=MODEL, task="benchmark", runtime="onnx", host="text", nets=(), inputs=(TensorSpec("X", "FP32", (1,)),),
        outputs=(TensorSpec("Y", "FP32", (1,)),), input_kinds={}, parameters={},
        price=Price("call", Decimal("0.01"), "USD", 1), targets=(Target(1, 100),), memory_mb=64).dump())
    demo = json.loads((env.var / "demo.json").read_text())
    known = store.get(GRANT_KEY.format(key_hash=apikeys.hash_key(demo["api_key"], env.key_pepper)))
    assert isinstance(known, bytes), "the product has no demo key"
    tenants = []
    for number in range(2):
        key = apikeys.mint("live")
        grant = dataclasses.replace(
            Grant.load(known), key_id=ORG_BASE + number, org_id=ORG_BASE + number, models=(MODEL,),
            key_hash=apikeys.hash_key(key, env.key_pepper), rate_per_minute=100_000_000, concurrency=1_000_000,
            monthly_limit_minor=1_000_000_000)
        store.set(GRANT_KEY.format(key_hash=grant.key_hash), grant.dump())
        tenants.append(Tenant(grant.org_id, key))
    store.publish(SNAPSHOT_CHANNEL, "*")
    store.close()
    return tenants[0], tenants[1]


def _model() -> onnx.ModelProto:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "XY"]
    weight = numpy_helper.from_array(np.eye(SIDE, dtype=np.float32), "w")
    nodes = [helper.make_node("Mul", ["w", "X"], ["h0"])]
    nodes += [helper.make_node("MatMul", [f"h{n}", "w"], [f"h{n + 1}"]) for n in range(LAYERS)]
    nodes.append(helper.make_node("ReduceMax", [f"h{LAYERS}"], ["m"], keepdims=0))
    nodes.append(helper.make_node("Reshape", ["m", "one"], ["Y"]))
    graph = helper.make_graph(nodes, "rounds", [ends[0]], [ends[1]],
                              [weight, numpy_helper.from_array(np.ones(1, np.int64), "one")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
