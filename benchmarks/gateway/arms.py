"""The arms of the race, as bytes on the wire: the same tensors whatever the dialect."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.gateway.product import SMALL, WIDTH, Product
from inference_backend.triton.messages import messages

ROW = np.arange(WIDTH, dtype="<f4").reshape(1, WIDTH)
EXPECTED = (ROW + 1).tobytes()


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to ask: what the load generator sends, and where."""

    name: str
    port: int
    payload: bytes
    expect: bytes
    in_flight: int
    mode: str = "keep"
    metadata: tuple[tuple[str, str], ...] = ()

    def run(self, seconds: float) -> dict[str, Any]:
        """One round of the load generator, in its own process."""
        plan = {
            "port": self.port, "mode": self.mode, "in_flight": self.in_flight, "seconds": seconds,
            "payload": base64.b64encode(self.payload).decode(), "expect": base64.b64encode(self.expect).decode(),
            "metadata": self.metadata}
        module = "load"
        if self.mode.startswith("stock"):
            module, plan["model"] = "stock", SMALL
        done = subprocess.run([sys.executable, "-m", f"benchmarks.gateway.{module}"], input=json.dumps(plan).encode(),
                              capture_output=True, timeout=seconds + 60)
        if done.returncode:
            raise RuntimeError(f"{self.name}: {done.stderr.decode()[-1500:]}")
        return dict(json.loads(done.stdout))


def http(path: str, body: bytes, **headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def binary_body() -> tuple[bytes, int]:
    """An infer body with binary tensors both ways, and the length of its JSON."""
    data = ROW.tobytes()
    tensor = {"name": "X", "datatype": "FP32", "shape": [1, WIDTH], "parameters": {"binary_data_size": len(data)}}
    head = json.dumps({
        "inputs": [tensor],
        "outputs": [{"name": "Y", "parameters": {"binary_data": True}}]}, separators=(",", ":")).encode()
    return head + data, len(head)


def json_body() -> bytes:
    return json.dumps({"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, WIDTH], "data": ROW[0].tolist()}]},
                      separators=(",", ":")).encode()


def arms(product: Product, *, mlserver: int = 0, litellm: int = 0) -> list[Arm]:
    env = product.env
    triton_port = int(env.triton_url.rpartition(":")[2])
    path = f"/v2/models/{SMALL}/infer"
    body, length = binary_body()
    ours = http(path, body, X_API_Key=product.key, Inference_Header_Content_Length=str(length))
    direct = http(path, body, Inference_Header_Content_Length=str(length), tessera_infer=env.triton_infer_secret)
    text = json_body()
    last = b"16.0]"
    ours_json = http(path, text, X_API_Key=product.key, Content_Type="application/json")
    direct_json = http(path, text, Content_Type="application/json", tessera_infer=env.triton_infer_secret)
    message = messages.ModelInferRequest(model_name=SMALL, raw_input_contents=[ROW.tobytes()])
    message.inputs.add(name="X", datatype="FP32", shape=[1, WIDTH])
    found = [
        Arm("direct c=8", triton_port, direct, EXPECTED, 8),
        Arm("ours c=8", env.gateway_port, ours, EXPECTED, 8),
        Arm("direct c=1", triton_port, direct, EXPECTED, 1),
        Arm("ours c=1", env.gateway_port, ours, EXPECTED, 1),
        Arm("direct json c=8", triton_port, direct_json, b"16.0", 8),
        Arm("ours json c=8", env.gateway_port, ours_json, last, 8),
        Arm("ours rest, new connections", env.gateway_port, ours_json, last, 8, "new"),
        Arm("ours grpc, one connection", env.grpc_port, message.SerializeToString(), EXPECTED, 8, "grpc",
            (("x-api-key", product.key),)),
        Arm("stock rest, new connections", env.gateway_port, b"", b"", 8, "stock-rest", (("x-api-key", product.key),)),
        Arm("stock grpc, one channel", env.grpc_port, b"", b"", 8, "stock-grpc", (("x-api-key", product.key),)),
    ]
    if mlserver:
        found.append(replace(found[4], name="mlserver json c=8", port=mlserver, payload=http(
            path, text, Content_Type="application/json"), expect=b"16.0"))
    if litellm:
        chat = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
        found.append(Arm("litellm c=8", litellm, http(
            "/v1/chat/completions", chat, Content_Type="application/json", Authorization="Bearer sk-bench"),
            b"hello", 8))
    return found
