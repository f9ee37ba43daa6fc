"""What follows when a copy of a model does not answer: it is asked once more, and replaced where it hangs."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inference_backend.pools.residency import Pools

log = logging.getLogger(__name__)

ABANDONED_S = 1.0  # how long a copy may go on with a cancelled job, and how long it then has to answer a probe


async def check_late(pools: Pools, name: str, fence: int, deadline_s: float) -> None:
    """At twice the deadline of a call that got no answer."""
    await asyncio.sleep(deadline_s)
    if pools.fence(name) != fence or await pools.prober.model(name, min(max(deadline_s, 0.5), 5.0)):
        return
    replaced: list[bool] = []
    plan = await pools.transact(lambda turn: replaced.append(turn.strike(name, fence)))
    if plan.heal:
        log.warning("%s did not answer in twice its deadline: it is replaced", name)


async def check_abandoned(pools: Pools, name: str, version: int | None, fence: int) -> None:
    """A while after a job was cancelled in its inference."""
    await asyncio.sleep(ABANDONED_S)
    if pools.fence(name) != fence or pools.busy(name):
        return
    answers = await pools.prober.model(name, ABANDONED_S, version=version)
    if not answers and not pools.busy(name):
        replaced: list[bool] = []
        await pools.transact(lambda turn: replaced.append(turn.replace(name, fence)))
        log.info("%s was busy with a call that nobody waits for: it is replaced", name)
