"""A member of the pool in a process of its own, to be killed. Holds or loads one model, says so, and waits."""

from __future__ import annotations

import asyncio
import sys

from pool_kit import Member

from inference_backend.runtime import RuntimeSettings


async def main(http: str, grpc: str, redis_url: str, repository: str, memory_mb: str, model: str, how: str) -> None:
    settings = RuntimeSettings(
        key_pepper="pepper", triton_url=http, triton_grpc_url=grpc, triton_admin_secret="adm",
        triton_infer_secret="inf", pool_memory_mb=int(memory_mb), redis_url=redis_url, repository=repository,
        label="victim")
    async with Member(settings) as member:
        if how == "loading":  # never gets to the end of a load that the table says it has begun
            async def forever(name: str) -> None:
                print("loading", flush=True)
                await asyncio.sleep(600)

            member.control.load = forever  # type: ignore[method-assign]
            await member.infer(model, 1.0)
        async with member.pools.use({model: 30}):
            print("holding", flush=True)
            await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
