"""The rules of residency, pure: which model may be loaded, which must go, who owns a change.

One table describes one Triton for every process that calls it. A process (a *member*) posts what it holds and how
often it is asked for; a *round* takes a member's wants and gives a plan, and changes the table accordingly. The table
and the posts are written together or not at all (see `store`), so a model can't be put out while it is being taken.

A call that needs several models gets them in one round or none: what is there is held, and the rest has its room, from
the same write on. Until then a waiting call holds nothing, so that no two can wait for what the other one keeps.

Every change of a model has an owner and a fence, a number that only grows. The end of a change counts only under the
fence that began it; the change of a member that died is taken over by whoever wants the model next.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["absent", "reserved", "loading", "ready", "healing", "evicting"]

MEMBER_TTL_S = 4.0  # a member that posted nothing for so long is dead; what it held may go
RATE_HALF_LIFE_S = 300.0
FAIR_AFTER_S = 2.0  # whoever waits longer than this for room goes before younger ones and before new calls
STRIKES = 3
STRIKE_WINDOW_S = 600.0
QUARANTINE_S = 600.0
_OF_VERSION = re.compile(r"\.v[0-9]+$")  # as residents.of_version names them
DEMAND_PER_MINUTE = 30.0  # from here on a model counts as hot by demand
DEMAND_SHARE = 0.5  # of the budget that demand may keep


def is_version(model: str) -> bool:
    """Whether a Triton model is a provider's, net or steps: code of the house's own is trusted not to end processes."""
    return bool(_OF_VERSION.search(model))


@dataclass(slots=True)
class Entry:
    """What is known of one Triton model. Footprint and load time outlive its residency."""

    state: State = "absent"
    owner: str = ""
    fence: int = 0
    mb: float = 0.0  # measured (PSS of its processes); 0 before the first measurement
    guess_mb: float = 0.0  # declared; counts until it is measured
    load_ms: float = 0.0
    since: float = 0.0  # of the state
    error: str = ""  # of the last failed load
    strikes: list[float] = field(default_factory=list)
    quarantined_until: float = 0.0
    loads: int = 0

    @property
    def weight(self) -> float:
        return self.mb or self.guess_mb

    def become(self, state: State, now: float, owner: str = "") -> None:
        self.state, self.since, self.owner = state, now, owner


@dataclass(slots=True)
class Pin:
    """Why a model stays: by policy (its route is hot) or by a person's wish. `keep` False overrules the policy."""

    by: str
    at: float
    keep: bool = True


@dataclass(slots=True)
class Hold:
    """One member's use of one model."""

    in_flight: int = 0
    rate: float = 0.0  # calls, decayed with RATE_HALF_LIFE_S
    used_at: float = 0.0


@dataclass(slots=True)
class Post:
    """What a member says of itself."""

    label: str
    at: float
    holds: dict[str, Hold] = field(default_factory=dict)

    def alive(self, now: float, ttl_s: float = MEMBER_TTL_S) -> bool:
        return now - self.at < ttl_s


@dataclass(slots=True)
class Waiter:
    """A call that has no room yet: whose, since when, and which models are to leave for it."""

    member: str
    since: float
    asked: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """Every model that was ever loaded, the pins, and who waits for room since when."""

    models: dict[str, Entry] = field(default_factory=dict)
    pins: dict[str, Pin] = field(default_factory=dict)
    queue: dict[str, Waiter] = field(default_factory=dict)  # by ticket
    fence: int = 0
    evictions: int = 0
    heals: int = 0

    def entry(self, model: str) -> Entry:
        return self.models.setdefault(model, Entry())

    def next_fence(self) -> int:
        self.fence += 1
        return self.fence

    def pinned(self, model: str) -> bool:
        pin = self.pins.get(model)
        return pin is not None and pin.keep

    def used_mb(self) -> float:
        """Memory taken now, by what is there, coming or not yet gone."""
        return sum(e.weight for e in self.models.values() if e.state not in ("absent", "reserved"))

    def committed_mb(self) -> float:
        """Memory taken when all changes under way have ended."""
        return sum(e.weight for e in self.models.values() if e.state not in ("absent", "evicting"))


@dataclass(frozen=True, slots=True)
class Want:
    """A member waits for models that it needs all at once (name → declared MB). `coming` since a round found room for
    all of them: it holds what is there of them."""

    ticket: str
    models: Mapping[str, float]
    since: float
    coming: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """What was wrong with the copy of `fence`: gone from Triton, or its process dead."""

    kind: Literal["gone", "dead"]
    fence: int


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a change that this member owned."""

    model: str
    fence: int
    outcome: Literal["ready", "failed", "absent"]
    load_ms: float = 0.0
    error: str = ""


@dataclass(slots=True)
class Plan:
    """What a round decided for the member that asked."""

    served: list[str] = field(default_factory=list)  # tickets: all of their models are there
    coming: list[str] = field(default_factory=list)  # tickets: the rest of their models is on its way
    waiting: list[str] = field(default_factory=list)  # tickets without room: they hold nothing
    refuse: dict[str, tuple[str, str]] = field(default_factory=dict)  # ticket → problem code, reason
    hold: set[str] = field(default_factory=set)  # models of those served and coming, there already or not
    ready: dict[str, int] = field(default_factory=dict)  # model → fence, of those to hold that are there
    load: dict[str, int] = field(default_factory=dict)  # load these now
    heal: dict[str, int] = field(default_factory=dict)  # replace these now
    kill: set[str] = field(default_factory=set)  # of those to be replaced: their processes hang
    evict: dict[str, int] = field(default_factory=dict)  # unload these now
    ask: list[str] = field(default_factory=list)  # whoever holds these should let go of them
    drain: set[str] = field(default_factory=set)  # of those asked for: new calls have to wait, too
    gone: list[str] = field(default_factory=list)  # copies that nobody may use any more
    changed: bool = False
    news: bool = False  # something ended: whoever waits should look again


@dataclass(slots=True)
class Round:
    """One member's turn at the table. `idle_here` are the models that it holds itself without a call in flight: they
    may be put out in this very round."""

    table: Table
    posts: Mapping[str, Post]
    me: str
    now: float
    budget_mb: float
    idle_here: Collection[str] = ()
    working: Collection[str] = ()  # changes of mine that are under way
    ttl_s: float = MEMBER_TTL_S
    plan: Plan = field(default_factory=Plan)

    def end(self, done: Sequence[Done]) -> None:
        """Books what this member finished. A change that was taken over by another counts for nothing."""
        for item in done:
            entry = self.table.models.get(item.model)
            if entry is None or entry.fence != item.fence or entry.owner != self.me:
                continue
            self.plan.changed = self.plan.news = True
            entry.error = item.error
            if item.outcome == "ready":
                if item.load_ms:
                    # A heal and a busy moment are no reason to forget what a load usually takes.
                    entry.load_ms = item.load_ms if not entry.load_ms else (entry.load_ms + item.load_ms) / 2
                    entry.loads += 1
                entry.become("ready", self.now)
            else:
                entry.become("absent", self.now)

    def resume(self, wanted: Collection[str]) -> None:
        """Takes up own changes that nobody works on any more, as after a round that failed half-way."""
        for model, entry in self.table.models.items():
            if entry.owner != self.me or entry.state in ("ready", "absent") or model in self.working:
                continue
            if entry.state == "evicting":
                self._own(model, entry, "evicting")
                self.plan.evict[model] = entry.fence
            elif entry.state in ("loading", "healing") and model not in wanted:
                self._own(model, entry, "loading")
                self.plan.load[model] = entry.fence

    def serve(self, wants: Sequence[Want], faults: Mapping[str, Fault] = {}) -> None:
        """Decides every want, the oldest first."""
        for model, fault in faults.items():
            self._bury(model, fault)
        self._tidy({want.ticket for want in wants})
        for want in sorted(wants, key=lambda w: w.since):
            for model, guess_mb in want.models.items():
                entry = self.table.entry(model)
                entry.guess_mb = guess_mb or entry.guess_mb
            refusal = self._refusal(want)
            if refusal is not None:
                self.plan.refuse[want.ticket] = refusal
                self._leave_queue(want.ticket)
            elif self._granted(want):
                self._grant(want)
            else:
                self.plan.waiting.append(want.ticket)
        for model, entry in self.table.models.items():
            # Room that was kept for a call which has left, or has to wait again.
            if entry.state == "reserved" and entry.owner == self.me and model not in self.plan.hold:
                entry.become("absent", self.now)
                self.plan.changed = self.plan.news = True

    def knows_of_me(self) -> bool:
        """Whether this member waits for room or keeps some: to be taken back when its callers leave."""
        return any(waiter.member == self.me for waiter in self.table.queue.values()) or any(
            entry.state == "reserved" and entry.owner == self.me for entry in self.table.models.values())

    def _bury(self, model: str, fault: Fault) -> None:
        entry = self.table.entry(model)
        if entry.state != "ready" or entry.fence != fault.fence:
            return
        self.plan.changed = True
        self.plan.gone.append(model)
        if fault.kind == "dead":
            if is_version(model):
                self._note_strike(entry)
            self._own(model, entry, "healing")
            self.table.heals += 1
            self.plan.heal[model] = entry.fence
        else:
            entry.become("absent", self.now)

    def _tidy(self, tickets: Collection[str]) -> None:
        """Takes those out of the queue that wait no more."""
        for ticket, waiter in tuple(self.table.queue.items()):
            if ticket not in tickets if waiter.member == self.me else not self.lives(waiter.member):
                self._leave_queue(ticket)

    def _refusal(self, want: Want) -> tuple[str, str] | None:
        """Why the call can't be answered however long it waits: problem code and reason."""
        entries = {model: self.table.models[model] for model in want.models}
        for model, entry in entries.items():
            if entry.quarantined_until > self.now:
                left = math.ceil(entry.quarantined_until - self.now)
                return ("model_quarantined",
                        f"{model} hung or ended its process {STRIKES} times and is shut off for {left} s more")
            if entry.state == "absent" and entry.error and entry.since >= want.since:
                return "model_not_ready", entry.error
        needed = sum(entry.weight for entry in entries.values())
        if needed > self.budget_mb and any(entry.state == "absent" for entry in entries.values()):
            need = "needs" if len(entries) == 1 else "need"
            return ("out_of_memory", f"{' and '.join(entries)} {need} {math.ceil(needed)} MB of model memory, "
                                     f"more than the {math.floor(self.budget_mb)} MB that there are in all")
        return None

    def _granted(self, want: Want) -> bool:
        """Whether all models of the call are there, on their way, or have their room from now on."""
        for model in want.models:
            self._inherit(model, self.table.models[model])
        states = {model: self.table.models[model].state for model in want.models}
        elders = [waiter for ticket, waiter in self.table.queue.items()
                  if ticket != want.ticket and waiter.since < want.since - FAIR_AFTER_S]
        if not want.coming and any(model in waiter.asked for model in states for waiter in elders):
            return self._wait(want)
        if "evicting" in states.values():
            return self._wait(want)
        missing = [model for model, state in states.items() if state == "absent"]
        if not missing:
            return True
        if elders:
            return self._wait(want)
        return self._make_room(want, missing)

    def _inherit(self, model: str, entry: Entry) -> None:
        """Takes over a change that nobody works on any more."""
        if entry.state in ("ready", "absent"):
            return
        if model in self.working or entry.state == "reserved" if entry.owner == self.me else self.lives(entry.owner):
            return
        if entry.state == "reserved":
            entry.become("absent", self.now)
            self.plan.changed = True
        elif entry.state == "evicting":
            self._own(model, entry, "evicting")
            self.plan.evict[model] = entry.fence
        elif model not in self.plan.load and model not in self.plan.heal:
            # The member that loaded it died; Triton may have it, or be at it: the loader waits for that.
            self._own(model, entry, "loading")
            self.plan.load[model] = entry.fence

    def _grant(self, want: Want) -> None:
        plan = self.plan
        self._leave_queue(want.ticket)
        plan.hold |= set(want.models)
        there = True
        for model in want.models:
            entry = self.table.models[model]
            if entry.state == "ready":
                plan.ready[model] = entry.fence
                continue
            there = False
            if entry.state == "reserved" and entry.owner == self.me:
                self._begin(model, entry)
        (plan.served if there else plan.coming).append(want.ticket)
        if there or not want.coming:
            plan.changed = True  # what is held now has to be known before anybody else's next change

    def _own(self, model: str, entry: Entry, state: State) -> None:
        self.plan.changed = True
        entry.fence = self.table.next_fence()
        entry.become(state, self.now, self.me)

    def lives(self, member: str) -> bool:
        post = self.posts.get(member)
        return post is not None and post.alive(self.now, self.ttl_s)

    def _make_room(self, want: Want, missing: Sequence[str]) -> bool:
        """Reserves room for all missing models of a call, by putting idle ones out where it must; or for none."""
        short = self.table.committed_mb() - self.budget_mb + sum(self.table.models[m].weight for m in missing)
        usual, kept = self._by_worth(want.models)
        if self._weight(usual) < short:
            usual += kept  # demand keeps no call from ever being answered
        chosen: list[str] = []
        for name in usual:
            if short > 0 and self._free(name):
                chosen.append(name)
                short -= self.table.models[name].weight
        asked: list[str] = []
        for name in usual:
            if short > 0 and name not in chosen:
                asked.append(name)
                short -= self.table.models[name].weight
        # Otherwise only pinned ones are beside it: then it gets its chance, a little above the budget.
        others = any(e.state in ("loading", "healing", "reserved") and not self.table.pinned(name)
                     for name, e in self.table.models.items() if name not in want.models)
        if asked or (short > 0 and others):
            return self._wait(want, asked)
        for name in chosen:
            self.put_out(name)
        for name in missing:
            self._own(name, self.table.models[name], "reserved")
        return True

    def _weight(self, models: Collection[str]) -> float:
        return sum(self.table.models[model].weight for model in models)

    def _wait(self, want: Want, asked: Sequence[str] = ()) -> bool:
        known = self.table.queue.get(want.ticket)
        if known is None or known.asked != list(asked):
            self.table.queue[want.ticket] = Waiter(self.me, want.since, list(asked))
            self.plan.changed = True
        self.plan.ask += [name for name in asked if name not in self.plan.ask]
        if self.now - want.since > FAIR_AFTER_S:
            self.plan.drain |= set(asked)
        return False

    def _leave_queue(self, ticket: str) -> None:
        if self.table.queue.pop(ticket, None) is not None:
            self.plan.changed = self.plan.news = True

    def _begin(self, model: str, entry: Entry) -> None:
        """Turns a reservation into a load once the memory is really there: what was put out must be gone."""
        leaving = any(e.state == "evicting" for e in self.table.models.values())
        if leaving and self.table.used_mb() + entry.weight > self.budget_mb:
            return
        entry.become("loading", self.now, self.me)
        self.plan.load[model] = entry.fence
        self.plan.changed = True

    def put_out(self, model: str) -> None:
        """Marks a ready model to be unloaded by this member."""
        self._own(model, self.table.models[model], "evicting")
        self.table.evictions += 1
        self.plan.evict[model] = self.table.models[model].fence

    def _free(self, model: str) -> bool:
        """Nobody holds it, or only this member and without a call in flight."""
        return model not in self.plan.hold and all(
            member == self.me and model in self.idle_here for member in self.holders(model))

    def holders(self, model: str) -> list[str]:
        return [member for member, post in self.posts.items() if model in post.holds and self.lives(member)]

    def _by_worth(self, spare: Collection[str]) -> tuple[list[str], list[str]]:
        """What may go, the least worthy first, and apart from it what demand keeps; pinned models stay."""
        candidates = [name for name, entry in self.table.models.items()
                      if entry.state == "ready" and not self.table.pinned(name) and name not in spare]
        candidates.sort(key=lambda name: worth(self.table.models[name], rate_of(name, self.posts, self.now)))
        kept, room = set(), self.budget_mb * DEMAND_SHARE
        for name in reversed(candidates):
            weight = self.table.models[name].weight
            if per_minute(rate_of(name, self.posts, self.now)) >= DEMAND_PER_MINUTE and weight <= room:
                kept.add(name)
                room -= weight
        return [name for name in candidates if name not in kept], [name for name in candidates if name in kept]

    def trim(self) -> None:
        """Puts idle models out until what is there fits the budget, as it was measured meanwhile."""
        over = self.table.committed_mb() - self.budget_mb
        for name in self._by_worth(())[0]:
            if over <= 0:
                return
            if self._free(name):
                over -= self.table.models[name].weight
                self.put_out(name)
            else:
                self.plan.ask.append(name)

    def dismiss(self, model: str) -> bool:
        """Puts a model out on request as soon as nobody holds it, asking the holders to let go; whether it is out."""
        entry = self.table.models.get(model)
        if entry is None or entry.state != "ready":
            return True
        if not self._free(model):
            self.plan.ask.append(model)
            return False
        self.put_out(model)
        return True

    def strike(self, model: str, fence: int) -> bool:
        """Notes that a copy did not answer in twice its time; whether it is to be replaced by this member. The third
        strike in a while shuts the model off, as does the third death of a provider's process."""
        entry = self.table.entry(model)
        if entry.fence != fence or entry.state != "ready":
            return False
        self._note_strike(entry)
        return self.replace(model, fence)

    def _note_strike(self, entry: Entry) -> None:
        entry.strikes = [at for at in entry.strikes if at > self.now - STRIKE_WINDOW_S] + [self.now]
        if len(entry.strikes) >= STRIKES:
            entry.quarantined_until, entry.strikes = self.now + QUARANTINE_S, []

    def hold_still(self, model: str) -> int:
        """Marks a ready model as being changed by this member, under the fence that it has: who holds it goes on
        calling, nobody puts it out. The fence; 0 where it is not ready."""
        entry = self.table.entry(model)
        if entry.state != "ready":
            return 0
        entry.become("healing", self.now, self.me)
        self.plan.changed = True
        return entry.fence

    def replace(self, model: str, fence: int) -> bool:
        """Has a busy copy ended and a new one started by this member; whether it is."""
        entry = self.table.entry(model)
        if entry.fence != fence or entry.state != "ready":
            return False
        self._own(model, entry, "healing")
        self.plan.heal[model] = entry.fence
        self.plan.kill.add(model)
        self.plan.gone.append(model)
        return True


def worth(entry: Entry, rate: float) -> float:
    """Milliseconds of waiting that keeping a megabyte of it saves, by recent demand."""
    return rate * max(entry.load_ms, 1.0) / max(entry.weight, 1.0)


def decayed(rate: float, age_s: float) -> float:
    return rate * math.exp2(-max(age_s, 0.0) / RATE_HALF_LIFE_S)


def rate_of(model: str, posts: Mapping[str, Post], now: float) -> float:
    """Recent calls of a model over all members."""
    return sum(decayed(hold.rate, now - hold.used_at) for post in posts.values()
               if (hold := post.holds.get(model)) is not None)


def per_minute(rate: float) -> float:
    """A steady demand of r calls a minute settles at this decayed count; the inverse gives r."""
    return rate * math.log(2) * 60 / RATE_HALF_LIFE_S


def adopt(turn: Round, loaded: set[str], guess: Callable[[str], int], *, before: float | None = None) -> None:
    """Brings the table in line with what Triton says it holds. `before` spares younger changes: the list may be older
    than they are."""
    for name in loaded | set(turn.table.models):
        entry = turn.table.entry(name)
        if before is not None and entry.since > before:
            continue
        owned = entry.owner and (entry.owner == turn.me or turn.lives(entry.owner))
        if entry.state not in ("ready", "absent") and owned:
            continue
        if name in loaded and entry.state != "ready":
            entry.fence = turn.table.next_fence()
            entry.guess_mb = entry.guess_mb or guess(name)
            entry.become("ready", turn.now)
            turn.plan.changed = turn.plan.news = True
        elif name not in loaded and entry.state != "absent":
            entry.become("absent", turn.now)
            turn.plan.gone.append(name)
            turn.plan.changed = turn.plan.news = True


def pin_hot(turn: Round, hot: Collection[str]) -> None:
    """Has the pins by policy be these models. A person's decision on a model overrules the policy."""
    pins = turn.table.pins
    for name in hot:
        if name not in pins:
            pins[name] = Pin("policy", turn.now)
            turn.plan.changed = True
    for name, pin in tuple(pins.items()):
        if pin.by == "policy" and name not in hot:
            del pins[name]
            turn.plan.changed = True


def book(turn: Round, measured: Mapping[str, float]) -> None:
    """Notes measured footprints of what is resident."""
    for name, mb in measured.items():
        entry = turn.table.models.get(name)
        if entry is not None and entry.state in ("ready", "loading") and abs(entry.mb - mb) > 0.5:
            entry.mb = mb
            turn.plan.changed = True


# ---------------------------------------------------------------- on the wire

def dump_table(table: Table) -> dict[str, Any]:
    return {
        "models": {n: [e.state, e.owner, e.fence, round(e.mb, 2), e.guess_mb, round(e.load_ms, 2), e.since, e.error,
                       e.strikes, e.quarantined_until, e.loads] for n, e in table.models.items()},
        "pins": {n: [p.by, p.at, p.keep] for n, p in table.pins.items()},
        "queue": {t: [w.member, w.since, w.asked] for t, w in table.queue.items()},
        "fence": table.fence, "evictions": table.evictions, "heals": table.heals,
    }


def load_table(data: Mapping[str, Any]) -> Table:
    return Table({n: Entry(*e) for n, e in data["models"].items()}, {n: Pin(*p) for n, p in data["pins"].items()},
                 {t: Waiter(*w) for t, w in data["queue"].items()}, data["fence"], data["evictions"], data["heals"])


def dump_post(post: Post) -> dict[str, Any]:
    holds = {n: [h.in_flight, round(h.rate, 3), h.used_at] for n, h in post.holds.items()}
    return {"label": post.label, "at": post.at, "holds": holds}


def load_post(data: Mapping[str, Any]) -> Post:
    return Post(data["label"], data["at"], {n: Hold(*h) for n, h in data["holds"].items()})
