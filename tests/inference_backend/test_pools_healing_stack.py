"""Sudden deaths around a real Triton: of a model's process, the fork server, Triton itself, a member; and a model that
never answers. Every one of them is over by itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest
from doubles import route
from onnx import TensorProto, helper
from pool_kit import Member, redis_server, runtime_settings, server_at

from inference_backend.pools import residency, table
from inference_backend.pools.processes import Processes
from inference_backend.triton import repository
from inference_backend.triton.server import HUNG, SHARED_MEMORY, TritonServer
from kernel.problems import Problem

pytestmark = pytest.mark.stack
NETS = {"one": 1.0, "two": 2.0, "three": 3.0}


def write_endless(models: Path, folder: Path) -> None:
    """A net that counts to x[0] in a loop: a large number keeps it busy for ever, zero costs nothing."""
    floats, whole, flag = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
    body = helper.make_graph(
        [helper.make_node("Identity", ["go_in"], ["go_out"]), helper.make_node("Add", ["v_in", "step"], ["v_out"])],
        "body", [helper.make_tensor_value_info("i", whole, []), helper.make_tensor_value_info("go_in", flag, []),
                 helper.make_tensor_value_info("v_in", floats, [1])],
        [helper.make_tensor_value_info("go_out", flag, []), helper.make_tensor_value_info("v_out", floats, [1])],
        [helper.make_tensor("step", floats, [1], [1.0])])
    graph = helper.make_graph(
        [helper.make_node("ReduceMax", ["x"], ["most"], keepdims=0),
         helper.make_node("Cast", ["most"], ["n"], to=whole),
         helper.make_node("Loop", ["n", "yes", "zero"], ["count"], body=body),
         helper.make_node("Mul", ["x", "zero"], ["none"]),
         helper.make_node("Add", ["none", "count"], ["y"])],
        "g", [helper.make_tensor_value_info("x", floats, ["n", 4])],
        [helper.make_tensor_value_info("y", floats, ["n", 4])],
        [helper.make_tensor("yes", flag, [], [True]), helper.make_tensor("zero", floats, [1], [0.0])])
    path = folder / "endless.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    repository.write_onnx(models, "endless", path)


@contextlib.contextmanager
def running(base: Path) -> Iterator[TritonServer]:
    made = server_at(base, NETS)
    write_endless(base / "models", base)
    with made as server:
        assert server.zygote.wait()
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    """For tests that leave it as they found it."""
    with running(tmp_path_factory.mktemp("healing")) as server:
        yield server


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[TritonServer]:
    with running(tmp_path) as server:
        yield server


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "redis"
    folder.mkdir()
    with redis_server(folder) as url:
        yield url


async def empty(server: TritonServer, redis_url: str) -> None:
    """Nothing in memory, whatever the test before has left."""
    member = Member(runtime_settings(server, redis_url, memory_mb=1000))
    for model in await member.control.loaded():
        await member.control.unload(model)
    await member.control.close()


def stubs(server: TritonServer, model: str) -> list[int]:
    return Processes(server.settings.repository).by_model().get(model, [])


def kill(server: TritonServer, model: str) -> None:
    assert Processes(server.settings.repository).kill(model)


async def until(condition, seconds: float = 15.0) -> float:  # type: ignore[no-untyped-def]
    """How long it took."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return time.monotonic() - began
        await asyncio.sleep(0.01)
    raise AssertionError(f"not within {seconds:g} s")


async def test_a_killed_process_is_noticed_and_replaced_before_anybody_calls(
        server: TritonServer, redis_url: str) -> None:
    async with Member(runtime_settings(server, redis_url, memory_mb=1000)) as member:
        assert await member.infer("one", 1.0) == 2.0
        await until(lambda: member.pools.control.loaded())
        await asyncio.sleep(2.2)  # the warden has seen the process
        before = stubs(server, "one")
        kill(server, "one")
        took = await until(lambda: member.pools.counters.heals == 1 and member.pools.fence("one"))
        print(f"\nreplaced {took * 1000:.0f} ms after the kill")
        assert not set(stubs(server, "one")) & set(before)
        async with member.pools.use({"one": 30}) as load_ms:
            assert load_ms == 0.0
            assert await member.infer_raw("one", 5.0) == 6.0
        assert took < 3


async def test_a_call_on_a_dead_process_heals_it_once_for_all_members(server: TritonServer, redis_url: str) -> None:
    settings = runtime_settings(server, redis_url, memory_mb=1000)
    async with Member(settings) as first, Member(settings) as second:
        for member in (first, second):
            assert await member.infer("two", 1.0) == 3.0
        kill(server, "two")
        await asyncio.gather(*(member.pools.heal("two") for member in (first, second) for _ in range(5)))
        assert first.pools.counters.heals + second.pools.counters.heals == 1
        for member in (first, second):
            assert await member.infer("two", 1.0) == 3.0


async def test_a_crashed_triton_is_waited_for_and_its_models_come_back(
        own_server: TritonServer, redis_url: str) -> None:
    server = own_server
    async with Member(runtime_settings(server, redis_url, memory_mb=1000)) as member:
        assert await member.infer("one", 1.0) == 2.0
        assert server.process is not None
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        restarted = threading.Thread(target=lambda: (time.sleep(0.5), server.start(), server.wait_ready()))
        restarted.start()

        async def good() -> bool:
            try:
                return await member.infer("one", 1.0) == 2.0
            except Exception:
                member.pools.forget_model("one")
                return False

        took = await until(good)
        restarted.join()
        print(f"\ngood calls {took:.1f} s after the crash")


async def test_a_triton_that_hangs_is_ended_with_all_it_left(own_server: TritonServer) -> None:
    server = own_server
    assert server.process is not None
    prefix = server._shm_prefix
    code: list[int] = []
    watching = threading.Thread(target=lambda: code.append(server.watch()))
    watching.start()
    os.kill(server.process.pid, signal.SIGSTOP)
    began = time.monotonic()
    await asyncio.to_thread(watching.join, 20)
    assert code == [HUNG]
    assert time.monotonic() - began < 13
    server.stop(0.2)
    assert not list(SHARED_MEMORY.glob(f"{prefix}*"))


async def test_without_the_fork_server_models_go_on_and_load_as_before(
        own_server: TritonServer, redis_url: str) -> None:
    server = own_server
    async with Member(runtime_settings(server, redis_url, memory_mb=1000)) as member:
        assert await member.infer("one", 1.0) == 2.0
        assert server.zygote._process is not None
        server.zygote._process.kill()
        server.zygote._process.wait()
        assert await member.infer("one", 1.0) == 2.0
        assert await member.infer("two", 1.0) == 3.0  # by Triton's own stub
        assert server._start_zygote is not None
        server._start_zygote()
        assert server.zygote.wait()
        assert await member.infer("three", 1.0) == 4.0
        assert member.pools.processes is not None
        assert member.pools.processes.kinds() == {"forked": 2, "plain": 1}


@pytest.mark.parametrize("how", ["loading", "holding"])
async def test_a_killed_member_leaves_nothing_locked(server: TritonServer, redis_url: str, how: str) -> None:
    await empty(server, redis_url)
    settings = runtime_settings(server, redis_url, memory_mb=45)  # room for one
    victim = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("pool_member.py")), settings.triton_url,
         settings.triton_grpc_url, redis_url, settings.repository, "45", "one", how],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2], env={
            **os.environ, "PYTHONPATH": f"{Path(__file__).parents[2]}:{Path(__file__).parent}"})
    try:
        assert victim.stdout is not None
        assert (await asyncio.to_thread(victim.stdout.readline)).strip() == how
        async with Member(settings) as member:
            waiting = asyncio.create_task(member.infer("one" if how == "loading" else "two", 1.0))
            await asyncio.sleep(1)
            assert not waiting.done()
            victim.kill()
            began = time.monotonic()
            assert await asyncio.wait_for(waiting, 20) in (2.0, 3.0)
            assert time.monotonic() - began < table.MEMBER_TTL_S + 5
    finally:
        victim.kill()
        victim.wait()


async def test_a_model_that_never_answers_is_replaced_and_then_shut_off(server: TritonServer, redis_url: str) -> None:
    async with Member(runtime_settings(server, redis_url, memory_mb=1000)) as member:
        pools = member.pools
        for strike in range(1, table.STRIKES + 1):
            with pytest.raises(TimeoutError):
                await member.infer("endless", 1e18, timeout=0.5)
            pools.late("endless", 0.5)
            await until(lambda strike=strike: pools.counters.heals == strike)  # type: ignore[misc]
            if strike < table.STRIKES:
                assert await member.infer("endless", 0.0) == 0.0  # the new copy is a good one
        with pytest.raises(Problem) as shut:
            await member.infer("endless", 0.0)
        assert shut.value.code == "model_quarantined"
        assert await member.infer("one", 1.0) == 2.0


async def test_ready_is_an_inference(server: TritonServer, redis_url: str) -> None:
    await empty(server, redis_url)
    async with Member(runtime_settings(server, redis_url, memory_mb=1000)) as member:
        spec = (table_spec("x"),)
        good = route("one", host="host-none", inputs=spec, outputs=(table_spec("y"),))
        assert await member.pools.prober.model("one") is False  # not loaded
        async with member.pools.use({"one": 30}):
            assert await member.pools.prober.model("one") is True
            processes = Processes(server.settings.repository).by_model()["one"]
            for process in processes:
                os.kill(process, signal.SIGSTOP)
            try:
                assert await member.control.model_ready("one") is True  # Triton's own word
                assert await member.pools.prober.model("one", 0.5) is False
            finally:
                for process in processes:
                    os.kill(process, signal.SIGCONT)
        assert await member.pools.probe(good) is False  # its host does not exist


def table_spec(name: str):  # type: ignore[no-untyped-def]
    from kernel.contracts import TensorSpec

    return TensorSpec(name, "FP32", (-1, 4))


def test_the_constants_fit_each_other() -> None:
    assert residency.BEAT_S * 3 < table.MEMBER_TTL_S
