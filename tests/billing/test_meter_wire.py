"""The lean Redis connection: replies in order, errors to whom they belong, an end for what waits when it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import hiredis
import pytest

from billing.meter_wire import RedisWire, WireError, bulk, command

pytestmark = pytest.mark.stack


def with_wire(url: str, use: Callable[[RedisWire], Awaitable[Any]], **options: Any) -> Any:
    async def run() -> Any:
        wire = RedisWire(url, **options)
        try:
            return await use(wire)
        finally:
            await wire.close()

    return asyncio.run(run())


def test_a_command_is_written_as_redis_reads_it() -> None:
    assert command("SET", b"a\r\n", 12) == b"*3\r\n$3\r\nSET\r\n$3\r\na\r\n\r\n$2\r\n12\r\n"
    assert command("ECHO", "é") == b"*2\r\n" + bulk("ECHO") + b"$2\r\n\xc3\xa9\r\n"


def test_calls_of_one_turn_get_their_own_replies(redis_url: str) -> None:
    async def use(wire: RedisWire) -> list[Any]:
        return await asyncio.gather(*(wire.call(command("ECHO", n)) for n in range(500)))

    assert with_wire(redis_url, use) == [str(n).encode() for n in range(500)]


def test_an_error_goes_to_its_call_only(redis_url: str) -> None:
    async def use(wire: RedisWire) -> list[Any]:
        return await asyncio.gather(wire.call(command("ECHO", "a")), wire.call(command("NO SUCH THING")),
                                    wire.call(command("ECHO", "b")), return_exceptions=True)

    first, second, third = with_wire(redis_url, use)
    assert (first, third) == (b"a", b"b")
    assert isinstance(second, hiredis.ReplyError)


def test_a_caller_that_leaves_does_not_shift_the_replies(redis_url: str) -> None:
    async def use(wire: RedisWire) -> list[Any]:
        await wire.call(command("PING"))
        calls = [asyncio.create_task(wire.call(command("ECHO", n))) for n in range(5)]
        await asyncio.sleep(0)
        calls[2].cancel()
        return await asyncio.gather(*calls, return_exceptions=True)

    answers = with_wire(redis_url, use)
    assert isinstance(answers[2], asyncio.CancelledError)
    assert [answers[n] for n in (0, 1, 3, 4)] == [b"0", b"1", b"3", b"4"]


def test_what_waits_fails_when_the_connection_breaks(redis_url: str) -> None:
    async def use(wire: RedisWire) -> tuple[Any, Any]:
        mine = await wire.call(command("CLIENT", "ID"))
        other = RedisWire(redis_url)
        waiting = asyncio.create_task(wire.call(command("BLPOP", "meter:nothing-comes-here", 5)))
        await asyncio.sleep(0.05)
        await other.call(command("CLIENT", "KILL", "ID", mine))
        await other.close()
        (broken,) = await asyncio.gather(waiting, return_exceptions=True)
        return broken, await wire.call(command("PING"))

    broken, again = with_wire(redis_url, use)
    assert isinstance(broken, WireError)
    assert again == b"PONG"


def test_a_redis_that_does_not_answer_is_given_up(redis_url: str) -> None:
    async def use(wire: RedisWire) -> float:
        await wire.call(command("PING"))
        began = asyncio.get_running_loop().time()
        with pytest.raises(WireError, match="does not answer"):
            await wire.call(command("BLPOP", "meter:nothing-comes-here", 5))
        return asyncio.get_running_loop().time() - began

    assert with_wire(redis_url, use, timeout_ms=200) < 2


def test_scripts_are_there_after_every_connect(redis_url: str) -> None:
    from billing.meter_wire import sha

    script = "return ARGV[1] .. '!'"

    async def use(wire: RedisWire) -> Any:
        await wire.call(command("SCRIPT", "FLUSH"))
        wire._link.hang_up("for the test")  # type: ignore[union-attr]
        return await wire.call(command("EVALSHA", sha(script), 0, "well"))

    assert with_wire(redis_url, use, scripts=(script,)) == b"well!"


def test_a_wrong_password_is_unreachable(redis_url: str) -> None:
    async def use(wire: RedisWire) -> None:
        with pytest.raises(WireError):
            await wire.call(command("PING"))
        with pytest.raises(WireError, match="a moment ago"):
            await wire.call(command("PING"))

    with_wire(redis_url.replace("redis://:", "redis://:not-"), use)
