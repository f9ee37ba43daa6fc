"""`python -m benchmarks.billing.lean_gateway PORT MODE`: metering in one page, right and wrong, for the controls.

MODE sound commits under the id of the caller's key, then answers, as the product does. The others are how it is often
done: ack_first answers and commits a moment later, fresh_id bills each attempt under an id of its own. All use the
product's ledger writer on DATABASE_URL. A caller's number is its API key.
"""

from __future__ import annotations

import asyncio
import os
import sys
from decimal import Decimal

from benchmarks.billing.callers import event_id
from billing.ledger import LedgerWriter
from kernel import clock
from kernel.contracts import UsageEvent
from kernel.ids import uuid7
from kernel.problems import Problem

MODEL = "storm-control"
FLUSH_S = 0.1  # of ack_first
RENDER_S = 0.003  # between the commit and the answer


class LeanGateway:
    def __init__(self, writer: LedgerWriter, mode: str) -> None:
        self._writer, self._mode = writer, mode
        self._tasks: set[asyncio.Task[bool]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One kept connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head)}
                await reader.readexactly(int(fields.get("content-length", "0")))
                status, document = await self._answer(head[0].split()[1], fields)
                writer.write(f"HTTP/1.1 {status} -\r\nX-Cost: 0.0001 USD\r\nContent-Length: {len(document)}\r\n\r\n"
                             f"{document}".encode())
        except (EOFError, OSError):
            writer.close()

    async def _answer(self, path: str, fields: dict[str, str]) -> tuple[int, str]:
        org_id = int(fields["authorization"].split()[1])
        key = fields.get("idempotency-key")
        billed_as = uuid7() if key is None or self._mode == "fresh_id" else event_id(org_id, path, key)
        one = UsageEvent(billed_as, org_id, org_id, MODEL, 1, "call", 1, 1, Decimal("0.01"), "USD", "live",
                         clock.now(), b"\0" * 32, 1)
        if self._mode == "ack_first":
            task = asyncio.create_task(self._later(one))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return 200, "{}"
        try:
            fresh = await self._writer.commit(one)
        except Problem as problem:
            return problem.status, f'{{"code": "{problem.code}"}}'
        await asyncio.sleep(RENDER_S)
        return (200, "{}") if fresh else (409, '{"code": "conflict"}')

    async def _later(self, one: UsageEvent) -> bool:
        await asyncio.sleep(FLUSH_S)
        return await self._writer.commit(one)


async def main(port: int, mode: str) -> None:
    writer = LedgerWriter(os.environ["DATABASE_URL"])
    await writer.start()
    server = await asyncio.start_server(LeanGateway(writer, mode).serve, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
