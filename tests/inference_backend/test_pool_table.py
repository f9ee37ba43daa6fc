"""Several members at one table: one load at a time, one budget, nothing put out under a call, heirs of the dead."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import AsyncIterator

import pytest
from doubles import FakeControl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inference_backend.pools import Pools
from inference_backend.pools import table as table_rules
from inference_backend.pools.residents import Pardon
from inference_backend.pools.store import Event, MemoryStore, View
from inference_backend.pools.table import (
    MEMBER_TTL_S,
    QUARANTINE_S,
    STRIKES,
    Done,
    Entry,
    Fault,
    Hold,
    Pin,
    Post,
    Round,
    Table,
    Waiter,
    Want,
    dump_post,
    dump_table,
    load_post,
    load_table,
    per_minute,
    rate_of,
)
from inference_backend.triton.control import ControlError
from kernel.problems import Problem

NOW = 1000.0


def turn(table: Table, posts: dict[str, Post] | None = None, *, me: str = "me", now: float = NOW,
         budget: float = 100.0, **more: object) -> Round:
    everybody = {me: Post(me, now), **(posts or {})}
    return Round(table, everybody, me, now, budget, **more)  # type: ignore[arg-type]


def want(*models: str, mb: float = 30.0, since: float = NOW, coming: bool = False) -> Want:
    return Want("+".join(models), dict.fromkeys(models, mb), since, coming)


class Shared(FakeControl):
    """Members of one Triton: what it holds and who changes what is common; two changes of one model at once are a
    fault."""

    held_by_all: set[str]
    busy: dict[str, int]

    def __init__(self, held: set[str], busy: dict[str, int]) -> None:
        super().__init__()
        self.held, self.busy = held, busy

    async def _alone(self, model: str, seconds: float) -> None:
        assert not self.busy[model], f"{model} is changed twice at once"
        self.busy[model] += 1
        await asyncio.sleep(seconds)
        self.busy[model] -= 1

    async def load(self, model: str) -> None:
        await self._alone(model, 0.002)
        self.held.add(model)

    async def unload(self, model: str) -> None:
        await self._alone(model, 0.004)
        self.held.discard(model)


class Contended(MemoryStore):
    """A store that lets others in between any two steps, as Redis does."""

    async def read(self) -> View:
        await asyncio.sleep(0)
        view = await super().read()
        await asyncio.sleep(0)
        return view

    async def write(self, version: int, table: Table, me: str, post: Post, event: Event) -> bool:
        await asyncio.sleep(0)
        return await super().write(version, table, me, post, event)


@contextlib.asynccontextmanager
async def sharing(count: int, *, memory_mb: int, held: set[str]) -> AsyncIterator[list[Pools]]:
    """Members at one table, each with its own way to the same Triton; all of them listen already."""
    store, busy = Contended(), defaultdict[str, int](int)
    members = [Pools(Shared(held, busy), memory_mb=memory_mb, store=store) for _ in range(count)]
    for member in members:
        member.start()
    await asyncio.sleep(0)
    try:
        yield members
    finally:
        for member in members:
            await member.close()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32))
@example(3)  # its callers once held what others waited for, until each gave up in turn
@example(5)  # the same, and it went above the budget
def test_members_share_the_budget_and_never_pull_a_model_from_under_a_call(seed: int) -> None:
    async def scenario() -> None:
        dice, held = random.Random(seed), set[str]()
        weights = {f"m{n}": dice.choice([20, 50, 80]) for n in range(8)}

        async def caller(member: Pools) -> int:
            for _ in range(5):
                names = dice.sample(list(weights), dice.choice([1, 1, 2]))
                async with member.use({name: weights[name] for name in names}, 30):
                    for _ in range(3):
                        assert held >= set(names)
                        assert sum(weights[name] for name in held) <= 200
                        await asyncio.sleep(dice.random() / 1000)
            return 5

        async with sharing(3, memory_mb=200, held=held) as members:
            served = await asyncio.wait_for(asyncio.gather(*(caller(m) for m in members for _ in range(3))), 60)
            view = await members[0].store.read()
        assert sum(served) == 45
        assert view.table.queue == {}
        assert not [n for m in members for n in m.state() if n.in_flight or n.claims]

    asyncio.run(scenario())


def test_a_call_that_waits_for_room_holds_nothing_and_two_of_them_can_not_block_each_other() -> None:
    table = Table({"a": Entry("ready", fence=1, mb=40.0), "c": Entry("ready", fence=2, mb=40.0)}, fence=2)
    busy = {"other": Post("other", NOW, {"a": Hold(1), "c": Hold(1)})}
    first, second = turn(table, busy, me="one"), turn(table, busy, me="two")
    first.serve([want("a", "b", mb=40)])
    second.serve([want("c", "d", mb=40)])
    for made, asked in ((first, ["c"]), (second, ["a"])):
        assert (made.plan.hold, made.plan.ready, made.plan.load, made.plan.ask) == (set(), {}, {}, asked)
    assert {entry.state for entry in table.models.values()} == {"ready", "absent"}
    free = turn(table, me="two")
    free.serve([want("c", "d", mb=40)])
    assert (set(free.plan.evict), free.plan.hold, free.plan.ready) == ({"a"}, {"c", "d"}, {"c": 2})
    again = turn(table, {"two": Post("two", NOW, {"c": Hold(1), "d": Hold(1)})}, me="one")
    again.serve([want("a", "b", mb=40)])
    assert again.plan.hold == set()


def test_all_of_a_calls_room_is_taken_at_once_or_none_of_it() -> None:
    table = Table({"x": Entry("ready", fence=1, mb=50.0)}, fence=1)
    busy = {"other": Post("other", NOW, {"x": Hold(1)})}
    made = turn(table, busy)
    made.serve([want("a", "b", mb=40)])  # one of them would fit
    assert made.plan.waiting == ["a+b"]
    assert (table.models["a"].state, table.models["b"].state) == ("absent", "absent")
    made = turn(table)
    made.serve([want("a", "b", mb=40)])
    assert (made.plan.coming, set(made.plan.evict)) == (["a+b"], {"x"})
    # The room of both is taken; that of b is not empty before x is really gone.
    assert (table.models["a"].state, table.models["b"].state) == ("loading", "reserved")
    assert table.committed_mb() == 80


def test_a_call_that_lost_what_it_held_gives_its_room_back_and_waits_anew() -> None:
    table = Table({"a": Entry("absent", mb=40.0), "b": Entry("reserved", "me", 2, mb=40.0),
                   "x": Entry("ready", fence=3, mb=50.0)}, fence=3)
    made = turn(table, {"other": Post("other", NOW, {"x": Hold(1)})})
    made.serve([want("a", "b", mb=40, coming=True)])
    assert made.plan.waiting == ["a+b"]
    assert table.models["b"].state == "absent"
    assert made.plan.news


def test_a_waiting_calls_own_models_are_no_reason_to_go_above_the_budget() -> None:
    table = Table({"a": Entry("ready", fence=1, mb=40.0), "c": Entry("ready", fence=2, mb=40.0)}, fence=2)
    made = turn(table, idle_here=["a", "c"])
    made.serve([want("a", "b", mb=40), want("c", "d", mb=40, since=NOW + 1)])
    assert (made.plan.coming, set(made.plan.evict)) == (["a+b"], {"c"})
    assert made.plan.waiting == ["c+d"]
    assert table.committed_mb() <= 100


def test_demand_keeps_a_model_but_never_a_call_from_being_answered() -> None:
    table = Table({"busy": Entry("ready", fence=1, mb=40.0, load_ms=100)}, fence=1)
    hot = {"other": Post("other", NOW, {"busy": Hold(1, 400.0, NOW)})}
    made = turn(table, hot)
    made.serve([want("large", mb=80)])
    assert (made.plan.ask, made.plan.load) == (["busy"], {})
    made = turn(table, hot)
    made.serve([want("small", mb=50)])
    assert set(made.plan.load) == {"small"}


async def test_a_pair_is_not_starved_by_calls_that_never_let_their_models_rest(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_rules, "FAIR_AFTER_S", 0.05)
    held, served = set[str](), asyncio.Event()

    async def single(member: Pools, name: str, offset: float) -> int:
        calls = 0
        await asyncio.sleep(offset)
        while not served.is_set():
            async with member.use({name: 40}, 30):
                await asyncio.sleep(0.01)
            calls += 1
        return calls

    async with sharing(3, memory_mb=100, held=held) as members:
        # Two callers a model, half a call apart: without an end of it there is always one in flight.
        singles = [asyncio.create_task(single(member, name, offset))
                   for member, name in zip(members, ("x", "y"), strict=False) for offset in (0.0, 0.005)]
        await asyncio.sleep(0.05)
        assert held == {"x", "y"}
        async with members[2].use({"a": 40, "b": 40}, 20):
            assert held == {"a", "b"}
            served.set()
        calls = await asyncio.wait_for(asyncio.gather(*singles), 20)
    assert min(calls) > 0  # and they went on afterwards


@pytest.mark.parametrize("needs", [{"a": 101}, {"a": 60, "b": 60}])
async def test_a_need_above_the_whole_budget_is_refused_at_once(needs: dict[str, int]) -> None:
    held = set[str]()
    async with sharing(2, memory_mb=100, held=held) as members, members[0].use({"x": 50}):
        with pytest.raises(Problem) as caught:  # it does not even wait for the other call to end
            await asyncio.wait_for(members[1].bring(needs), 5)
        assert held == {"x"}
        await members[1].bring({"y": 20})
        assert held == {"x", "y"}
    assert caught.value.code == "out_of_memory"
    assert f"need{'s' * (len(needs) == 1)} {sum(needs.values())} MB" in caught.value.detail
    assert "97 MB" in caught.value.detail


async def test_a_caller_that_leaves_in_the_moment_of_being_served_gives_everything_back() -> None:
    held = set[str]()
    async with sharing(1, memory_mb=100, held=held) as (member,):
        for patience in range(60):
            caller = asyncio.create_task(member.bring({f"a{patience}": 40, "b": 10}))
            while not caller.done() and not any(r.in_flight for r in member.state()):
                await asyncio.sleep(0)
            caller.cancel()
            await asyncio.gather(caller, return_exceptions=True)
            assert not [r for r in member.state() if r.in_flight or r.claims]


async def test_calls_that_need_two_models_get_both_when_each_has_room_only_for_one_pair() -> None:
    store, held, busy = MemoryStore(), set[str](), defaultdict[str, int](int)
    members = [Pools(Shared(held, busy), memory_mb=100, store=store) for _ in range(2)]

    async def caller(member: Pools, pair: tuple[str, str]) -> None:
        async with member.use(dict.fromkeys(pair, 40), 30):
            assert held >= set(pair)
            await asyncio.sleep(0.01)

    await asyncio.gather(caller(members[0], ("a", "b")), caller(members[1], ("c", "d")))
    for member in members:
        await member.close()


async def test_callers_of_many_members_share_one_load() -> None:
    store, held, busy = MemoryStore(), set[str](), defaultdict[str, int](int)
    controls = [Shared(held, busy) for _ in range(4)]
    loads: list[str] = []
    members = []
    for control in controls:
        load = control.load

        async def counted(model: str, load=load) -> None:  # type: ignore[no-untyped-def]
            loads.append(model)
            await load(model)

        control.load = counted  # type: ignore[method-assign]
        members.append(Pools(control, memory_mb=100, store=store))

    async def use(member: Pools) -> float:
        async with member.use({"a": 10}) as load_ms:
            return load_ms

    waits = await asyncio.gather(*(use(m) for m in members for _ in range(10)))
    assert loads == ["a"]
    assert all(ms > 0 for ms in waits)
    assert [await use(m) for m in members] == [0.0] * 4
    for member in members:
        await member.close()


async def test_a_member_gives_way_to_another_when_it_is_idle() -> None:
    store, held, busy = MemoryStore(), set[str](), defaultdict[str, int](int)
    first, second = (Pools(Shared(held, busy), memory_mb=100, store=store) for _ in range(2))
    second.start()
    first.start()
    await asyncio.sleep(0)
    async with first.use({"a": 80}):
        waiting = asyncio.create_task(second.use({"b": 80}).__aenter__())
        await asyncio.sleep(0.1)
        assert held == {"a"}
        assert not waiting.done()
    assert await asyncio.wait_for(waiting, 5) > 0
    assert held == {"b"}
    assert first.take({"a": 80}) is None
    await first.close()
    await second.close()


async def test_a_load_that_fails_is_everybodys_problem_once() -> None:
    store, control = MemoryStore(), FakeControl()
    control.refuse["a"] = ControlError("no such file")
    members = [Pools(control, memory_mb=100, store=store) for _ in range(2)]
    found = await asyncio.gather(*(m.bring({"a": 10}) for m in members for _ in range(3)), return_exceptions=True)
    assert all(isinstance(f, Problem) and f.code == "model_not_ready" and "no such file" in f.detail for f in found)
    assert len({id(f) for f in found}) == len(found)  # each caller adds headers to its own
    for member in members:
        await member.close()


def test_a_dead_members_load_is_taken_over_and_its_late_end_counts_for_nothing() -> None:
    table = Table()
    first = turn(table, me="old")
    first.serve([want("a")])
    assert first.plan.load == {"a": 1}
    waiting = turn(table, {"old": Post("old", NOW)})
    waiting.serve([want("a")])
    assert not waiting.plan.load
    assert not waiting.plan.ready
    later = turn(table, {"old": Post("old", NOW)}, now=NOW + MEMBER_TTL_S + 1)
    later.serve([want("a")])
    assert later.plan.load == {"a": 2}
    late = turn(table, me="old", now=NOW + 9)
    late.end([Done("a", 1, "ready", 5.0)])
    assert table.models["a"].state == "loading"
    done = turn(table, now=NOW + 9)
    done.end([Done("a", 2, "ready", 5.0)])
    assert table.models["a"].state == "ready"


def test_what_a_dead_member_held_may_go() -> None:
    table = Table({"a": Entry("ready", fence=1, mb=80.0)}, fence=1)
    posts = {"gone": Post("gone", NOW, {"a": Hold(1)})}
    alive = turn(table, posts)
    alive.serve([want("b", mb=80)])
    assert (alive.plan.ask, alive.plan.evict) == (["a"], {})
    dead = turn(table, posts, now=NOW + MEMBER_TTL_S)
    dead.serve([want("b", mb=80, since=NOW)])
    assert set(dead.plan.evict) == {"a"}
    assert table.models["b"].state == "reserved"  # until a is really gone
    dead.end([Done("a", dead.plan.evict["a"], "absent")])
    dead.serve([want("b", mb=80, since=NOW)])
    assert set(dead.plan.load) == {"b"}


def test_who_stood_still_itself_takes_nobody_s_silence_for_death() -> None:
    """A machine that was suspended for a minute: all posts are old; whoever wakes first puts nothing out."""
    pardon = Pardon()

    def seen(now: float, mine: float, theirs: float) -> tuple[list[str], set[str]]:
        table = Table({"a": Entry("ready", fence=1, mb=80.0)}, fence=1)
        posts = {"me": Post("me", mine), "other": Post("other", theirs, {"a": Hold(1)})}
        mine_now = turn(table, posts | {"me": Post("me", now)}, now=now,
                        ttl_s=pardon.ttl_s(View(1, now, table, posts), "me"))
        mine_now.serve([want("b", mb=80, since=NOW)])
        return mine_now.plan.ask, set(mine_now.plan.evict)

    assert seen(NOW, NOW - 1, NOW - 1) == (["a"], set())
    assert seen(NOW + 60, NOW, NOW - 1) == (["a"], set())
    assert seen(NOW + 62, NOW + 60, NOW - 1) == (["a"], set())  # the other has had no time to speak yet
    assert seen(NOW + 65, NOW + 64, NOW - 1) == ([], {"a"})  # it has had its time


def test_the_least_worthy_goes_and_pins_and_demand_stay() -> None:
    table = Table({
        "pinned": Entry("ready", fence=1, mb=20, load_ms=1), "busy": Entry("ready", fence=2, mb=20, load_ms=100),
        "slow": Entry("ready", fence=3, mb=20, load_ms=900), "quick": Entry("ready", fence=4, mb=20, load_ms=10),
    }, {"pinned": Pin("policy", NOW)}, fence=4)
    posts = {"other": Post("other", NOW, {"busy": Hold(0, 400.0, NOW)})}
    me = Post("me", NOW, {"slow": Hold(0, 5.0, NOW), "quick": Hold(0, 5.0, NOW)})
    made = turn(table, {**posts, "me": me}, budget=80, idle_here=["slow", "quick", "pinned"])
    made.serve([want("new", mb=15)])
    assert set(made.plan.evict) == {"quick"}
    assert per_minute(rate_of("busy", posts, NOW)) > 30
    table.pins["pinned"] = Pin("staff:1", NOW, keep=False)
    again = turn(table, {**posts, "me": me}, budget=80, idle_here=["slow", "quick", "pinned"])
    again.serve([want("more", mb=15)])
    assert set(again.plan.evict) == {"pinned"}


def test_whoever_waits_longest_for_room_comes_first() -> None:
    table = Table({"a": Entry("ready", fence=1, mb=90.0)}, fence=1)
    holder = {"other": Post("other", NOW + 5, {"a": Hold(1)})}
    first = turn(table, holder)
    first.serve([want("large", mb=90, since=NOW)])
    assert table.queue == {"large": Waiter("me", NOW, ["a"])}
    second = turn(table, {**holder, "me": Post("me", NOW + 5)}, me="you", now=NOW + 5)
    second.serve([want("small", mb=5, since=NOW + 5)])  # it would fit
    assert not second.plan.load
    holder["other"].holds.clear()
    third = turn(table, holder, now=NOW + 5)
    third.serve([want("large", mb=90, since=NOW)])
    assert "large" not in table.queue
    assert table.models["large"].state == "reserved"


def test_three_strikes_shut_a_model_off_for_a_while() -> None:
    table = Table({"a": Entry("ready", fence=1)}, fence=1)
    for number in range(STRIKES):
        made = turn(table, now=NOW + number)
        assert made.strike("a", table.models["a"].fence)
        assert not made.strike("a", 1)  # another caller of the same dead copy
        assert made.plan.kill == {"a"}
        made.end([Done("a", table.models["a"].fence, "ready")])
    made = turn(table, now=NOW + 5)
    made.serve([want("a", since=NOW + 5)])
    assert made.plan.refuse["a"][0] == "model_quarantined"
    free = turn(table, now=NOW + QUARANTINE_S + 5)
    free.serve([want("a", since=NOW + QUARANTINE_S)])
    assert "a" in free.plan.ready


def test_a_providers_process_that_dies_three_times_is_shut_off_and_the_houses_is_not() -> None:
    for model, refused in (("acme.net.v2", True), ("host-acme.net.v2", True), ("digits", False)):
        table = Table({model: Entry("ready", fence=1)}, fence=1)
        for number in range(STRIKES):
            made = turn(table, now=NOW + number)
            fence = table.models[model].fence
            made.serve([], {model: Fault("dead", fence)})
            made.serve([], {model: Fault("dead", fence)})  # another caller of the same dead copy
            assert model in made.plan.heal
            made.end([Done(model, table.models[model].fence, "ready")])
            assert (table.models[model].quarantined_until > 0) == (refused and number == STRIKES - 1)
        made = turn(table, now=NOW + 5)
        made.serve([want(model, since=NOW + 5)])
        assert made.plan.refuse.get(model, ("",))[0] == ("model_quarantined" if refused else "")


def test_a_dead_copy_is_replaced_once() -> None:
    table = Table({"a": Entry("ready", fence=7)}, fence=7)
    first = turn(table)
    first.serve([want("a")], {"a": Fault("dead", 7)})
    assert first.plan.heal == {"a": 8}
    assert first.plan.gone == ["a"]
    first.end([Done("a", 8, "ready")])
    second = turn(table, me="you")
    second.serve([want("a")], {"a": Fault("dead", 7)})
    assert (second.plan.heal, second.plan.ready) == ({}, {"a": 8})


def test_a_measured_excess_is_trimmed() -> None:
    table = Table({"a": Entry("ready", fence=1, mb=70), "b": Entry("ready", fence=2, mb=50)}, fence=2)
    made = turn(table, {"me": Post("me", NOW, {"a": Hold(0, 9.0, NOW)})})
    made.trim()
    assert set(made.plan.evict) == {"b"}


@given(st.dictionaries(st.text(max_size=8), st.builds(
    Entry, st.sampled_from(["absent", "ready", "loading"]), st.text(max_size=4), st.integers(0, 99),
    st.floats(0, 999).map(lambda x: round(x, 2)), st.just(3.5), st.just(1.25), st.just(9.5), st.text(max_size=9),
    st.lists(st.floats(0, 9), max_size=2), st.just(0.0), st.integers(0, 5)), max_size=4))
def test_the_table_survives_its_way_through_the_store(models: dict[str, Entry]) -> None:
    table = Table(models, {"a": Pin("x", 1.5, False)}, {"q": Waiter("m", 2.5, ["a"])}, 5, 6, 7)
    assert load_table(dump_table(table)) == table
    post = Post("p:1", 3.5, {"m": Hold(2, 1.125, 9.5)})
    assert load_post(dump_post(post)) == post


async def test_a_member_closes_even_in_the_moment_in_which_it_wakes() -> None:
    pools = Pools(FakeControl(), memory_mb=50)
    async with pools.use({"a": 40}):
        with pytest.raises(Problem):
            await pools.bring({"b": 40}, 0.01)
    await asyncio.wait_for(pools.close(), 5)  # the end of the call has just set its agent going
    assert pools.state() == []


async def test_a_small_budget_with_only_calls_in_flight_refuses_after_the_deadline() -> None:
    pools = Pools(FakeControl(), memory_mb=50)
    async with pools.use({"a": 40}):
        with pytest.raises(Problem) as caught:
            await pools.bring({"b": 40}, 0.2)
    assert caught.value.code == "overloaded"
    await pools.close()


async def test_callers_that_leave_leave_nothing_behind_in_the_table() -> None:
    held = set[str]()
    async with sharing(2, memory_mb=100, held=held) as members:
        async with members[0].use({"x": 50}):
            waiting = asyncio.create_task(members[1].bring({"a": 40, "b": 40}))
            while "a" not in (await members[0].store.read()).table.models:
                await asyncio.sleep(0.001)
            assert (await members[0].store.read()).table.queue
            waiting.cancel()
            while (await members[0].store.read()).table.queue:
                await asyncio.sleep(0.001)
        # Room that was found, for what was still being put out: the caller leaves in that moment.
        waiting = asyncio.create_task(members[1].bring({"a": 50, "b": 40}))
        states: list[str] = []
        while "reserved" not in states:
            states = [entry.state for entry in (await members[0].store.read()).table.models.values()]
        waiting.cancel()
        while "reserved" in states or "evicting" in states or "loading" in states:
            await asyncio.sleep(0.001)
            states = [entry.state for entry in (await members[0].store.read()).table.models.values()]
        assert not [r for m in members for r in m.state() if r.claims or r.in_flight]
