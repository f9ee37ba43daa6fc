"""Whose turn it is to run: a bounded number at once, bounded waiting, and nobody waits for another's crowd.

Each model has a limit of its own, found by what it does: while its answers take about as long as its quickest, more may
run at once; when they only wait behind each other, fewer. So the waiting happens here, where it is fair, and not inside
Triton, where it is first come, first served. Callers of one model wait in a line for each organization, and the lines
are served in turn. Where all places to wait are taken, whoever has the longest line gives up its last.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from kernel.problems import Problem

LEAST = 3  # calls of a model at once, however slow it gets
FIRST = 12
FEW, MANY = 2.0, 5.0  # calls of a model that may stand behind each other inside Triton
LOOK_EVERY, LOOKS = 500, 10  # answers between two looks for the quickest, and during one
WAIT_S = 2.0  # a call that would wait longer for its turn is refused at once …
PATIENCE = 8  # … where that is longer than so many of its model's answers take: a slow model's callers know it
SMOOTH = 0.1
MODELS_KEPT = 2_000


@dataclass(slots=True)
class _Model:
    limit: float = FIRST
    running: int = 0
    lines: OrderedDict[int, deque[asyncio.Future[None]]] = field(default_factory=OrderedDict)
    waiting: int = 0
    best_s: float = 0.0  # the quickest answer since the last look
    mean_s: float = 0.0
    seen: int = 0
    looking: int = 0  # answers until the look for the quickest ends; meanwhile only LEAST run
    kept: float = 0.0  # the limit that comes back then


class Turns:
    """One for each event loop. `enter` and `leave` come in pairs."""

    def __init__(self, most: int, most_waiting: int) -> None:
        """`most` run at once and `most_waiting` wait, of all models together."""
        self._most, self._most_waiting = most, most_waiting
        self._models: dict[str, _Model] = {}
        self._hungry: OrderedDict[str, None] = OrderedDict()  # models with somebody waiting
        self.running = self.waiting = 0

    def refuses(self, model: str, org_id: int) -> bool:
        """Whether a further call of this organization would be refused now: cheap to ask before anything is spent."""
        found = self._models.get(model)
        line = found.lines.get(org_id) if found is not None else None
        # Its own line moves at the pace of the model, shared with the other lines.
        if found is not None and line:
            wait_s = len(line) * len(found.lines) * found.mean_s / found.limit
            if wait_s > max(WAIT_S, PATIENCE * found.mean_s):
                return True
        return self.waiting >= self._most_waiting and self._longest(model, org_id) is None

    async def enter(self, model: str, org_id: int) -> None:
        """Returns when it is this call's turn. Raises Problem overloaded where it can't wait, or waited in the longest
        line when somebody with a shorter one came."""
        found = self._models.get(model)
        if found is None:
            found = self._known(model)
        if self.running < self._most and found.running < found.limit and not found.waiting:
            found.running += 1
            self.running += 1
            return
        if self.refuses(model, org_id):
            raise overloaded()
        if self.waiting >= self._most_waiting:
            self._shorten(self._longest(model, org_id))
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line = found.lines.get(org_id)
        if line is None:
            line = found.lines[org_id] = deque()
        line.append(turn)
        found.waiting += 1
        self.waiting += 1
        self._hungry.setdefault(model)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # its turn had come already
                self.leave(model, None)
            else:
                self._forget(model, org_id, turn)
            raise

    def leave(self, model: str, took_s: float | None, *, adapts: bool = True) -> None:
        """Gives the place on. `took_s`: how long Triton needed for the answer; None where there was none. `adapts`
        False: calls of this model are joined on their way, so that more at once is no waiting."""
        found = self._models[model]
        found.running -= 1
        self.running -= 1
        if not adapts:
            found.limit = self._most
        elif took_s is not None:
            self._learn(found, took_s)
        while self.running < self._most and self._next():
            pass

    def _learn(self, found: _Model, took_s: float) -> None:
        found.seen += 1
        if found.looking:
            self._look(found, took_s)
            return
        found.mean_s += (took_s - found.mean_s) * (SMOOTH if found.seen > 1 else 1.0)
        found.best_s = min(found.best_s or took_s, took_s)
        if found.running + 2 < found.limit:
            return  # the limit was not what held anybody back
        if found.seen >= LOOK_EVERY:
            # Under load nothing shows any more how quick the model is alone: it is given little for a moment.
            found.seen, found.kept, found.limit = 0, found.limit, float(LEAST)
            found.looking, found.best_s = found.running + LOOKS, 0.0
            return
        behind = found.limit * (1.0 - found.best_s / max(found.mean_s, 1e-9))
        if behind < FEW:
            found.limit = min(found.limit + 1.0 / found.limit, float(self._most))
        elif behind > MANY:
            found.limit = max(found.limit - 2.0 / found.limit, float(LEAST))

    def _look(self, found: _Model, took_s: float) -> None:
        found.looking -= 1
        if found.looking < LOOKS:  # those before had begun when more ran
            found.best_s = min(found.best_s or took_s, took_s)
        if not found.looking:
            found.limit = found.kept

    def _next(self) -> bool:
        """Calls whoever is next, of the model that has waited longest for its turn; False where nobody may."""
        for model in self._hungry:
            found = self._models[model]
            if found.running < found.limit:
                break
        else:
            return False
        org_id, line = next(iter(found.lines.items()))
        turn = line.popleft()
        self._waits_less(model, found, org_id, line)
        if line:
            found.lines.move_to_end(org_id)
        if model in self._hungry:
            self._hungry.move_to_end(model)
        if not turn.done():
            found.running += 1
            self.running += 1
            turn.set_result(None)
        return True

    def _waits_less(self, model: str, found: _Model, org_id: int, line: deque[asyncio.Future[None]]) -> None:
        found.waiting -= 1
        self.waiting -= 1
        if not line:
            del found.lines[org_id]
        if not found.waiting:
            self._hungry.pop(model, None)

    def _longest(self, model: str, org_id: int) -> tuple[str, int] | None:
        """The line that is to give up its last place: the longest, if it is longer than this caller's would be."""
        found = self._models.get(model)
        length, longest = (len(found.lines.get(org_id, ())) if found else 0) + 1, None
        for name in self._hungry:
            for org, line in self._models[name].lines.items():
                if len(line) > length:
                    length, longest = len(line), (name, org)
        return longest

    def _shorten(self, longest: tuple[str, int] | None) -> None:
        if longest is None:
            return
        model, org_id = longest
        found = self._models[model]
        line = found.lines[org_id]
        turn = line.pop()
        self._waits_less(model, found, org_id, line)
        if not turn.done():
            turn.set_exception(overloaded())

    def _forget(self, model: str, org_id: int, turn: asyncio.Future[None]) -> None:
        found = self._models[model]
        line = found.lines.get(org_id)
        if line is not None and turn in line:
            line.remove(turn)
            self._waits_less(model, found, org_id, line)

    def _known(self, model: str) -> _Model:
        if len(self._models) >= MODELS_KEPT:
            for name in [name for name, kept in self._models.items() if not kept.running and not kept.waiting]:
                del self._models[name]
        return self._models.setdefault(model, _Model())


def overloaded() -> Problem:
    return Problem("overloaded", "too many calls are waiting", headers={"Retry-After": "1"})
