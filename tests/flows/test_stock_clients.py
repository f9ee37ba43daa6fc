"""The clients that people have already, each in a process and an environment of its own below var/, built from its
pinned list: their protobuf files clash in one."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client_environments import CLIENTS, python_with
from tests.flows.plane_kit import ADD_ONE, PlaneUnderTest, exchange

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def plane() -> Iterator[PlaneUnderTest]:
    plane = PlaneUnderTest.open()
    yield plane
    plane.store.close()


def run(python: Path, script: str, *arguments: str) -> None:
    done = subprocess.run([python, CLIENTS / script, *arguments], capture_output=True, text=True, timeout=90)
    assert (done.returncode, done.stdout.strip().splitlines()[-1:]) == (0, ["ok"]), done.stdout + done.stderr[-4000:]


def test_tritonclient_http(plane: PlaneUnderTest) -> None:
    run(python_with("tritonclient"), "triton_http.py", f"127.0.0.1:{plane.env.gateway_port}", plane.key, ADD_ONE)


def test_tritonclient_http_through_the_portals_origin(plane: PlaneUnderTest) -> None:
    run(python_with("tritonclient"), "triton_http.py", f"127.0.0.1:{plane.env.port}", plane.key, ADD_ONE)


def test_tritonclient_grpc(plane: PlaneUnderTest) -> None:
    run(python_with("tritonclient"), "triton_grpc.py", f"127.0.0.1:{plane.env.grpc_port}", plane.key, ADD_ONE)


def test_kserve(plane: PlaneUnderTest) -> None:
    run(python_with("kserve"), "kserve_client.py", f"127.0.0.1:{plane.env.gateway_port}",
        f"127.0.0.1:{plane.env.grpc_port}", plane.key, ADD_ONE)


@pytest.mark.parametrize(("body", "header", "status"), [
    (b"\0\0\x80?\0\0\0@\0\0@@\0\0\x80@", "Inference-Header-Content-Length: 0", 200),  # raw: the tensor and nothing else
    (b"", "", 400), (b"[" * 100_000, "", 400), (b'{"inputs": []}', "", 422),
    (b"{}", "Inference-Header-Content-Length: 9", 400),
])
def test_bodies_that_no_client_sends(plane: PlaneUnderTest, body: bytes, header: str, status: int) -> None:
    lines = [f"POST /v2/models/{ADD_ONE}/infer HTTP/1.1", "Host: x", f"X-API-Key: {plane.key}",
             f"Content-Length: {len(body)}", *([header] if header else []), "", ""]
    found, headers, answer = asyncio.run(exchange(plane.env.gateway_port, "\r\n".join(lines).encode() + body))
    assert found == status, answer
    if status != 200:
        assert headers["content-type"] == "application/json"
        assert headers["ratelimit-policy"]
