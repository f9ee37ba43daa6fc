"""Guarded rollouts: a version takes over step by step while it is watched, and is taken back by itself."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from redis.exceptions import RedisError

from inference_backend.variants import Counts, read_counts
from kernel import clock
from kernel.problems import Problem
from model_registry import deployment, events, rollout_rules, selectors
from model_registry.access import Caller
from model_registry.declared.compare import difference
from model_registry.models import Model, ModelVersion, Rollout

log = logging.getLogger(__name__)

EXAMPLES = 8  # that are asked at each look
LOOK_EVERY_S = 10.0  # at most; a short step is looked at more often
LEASE = timedelta(seconds=120)  # nobody else looks meanwhile; that of a process that died ends by itself


def start(*, caller: Caller, name: str, version: int, **words: Any) -> Rollout:
    """Begins with the first step. Raises validation_error, invalid_state (another one runs, or calls go to several
    versions already), version_not_found or model_not_ready; then nothing has changed."""
    guard = rollout_rules.guard(**words)
    model = selectors.own_model(name, org_id=caller.org_id)
    canary = selectors.version(model, str(version))
    if canary.state != ModelVersion.State.READY:
        raise Problem("invalid_state", f"version {version} is {canary.state}")
    live = [t["version"] for t in model.traffic if t["weight"]]
    if len(live) != 1 or live[0] == version:
        raise Problem("invalid_state", "a rollout begins where all calls go to one other version")
    try:
        with transaction.atomic():
            made = Rollout.objects.create(
                model=model, stable=live[0], canary=version, guard=guard, started_by=caller.by,
                baseline=_counted(model, live[0], version), looked_at=clock.now() + LEASE)
    except IntegrityError:
        raise Problem("invalid_state", "a rollout of this model is under way") from None
    try:
        _spread(made, caller, guard["steps"][0], "guarded rollout begins")
    except Problem:
        made.delete()
        raise
    made.step_at, made.looked_at = clock.now(), None
    made.save(update_fields=["step_at", "looked_at"])
    events.announce(model, "canary.started", caller=caller, canary=version, stable=live[0], steps=guard["steps"],
                    bake_s=guard["bake_s"])
    return made


def cancel(*, caller: Caller, name: str) -> Rollout:
    """Ends the running one; all calls go back to the stable version."""
    model = selectors.own_model(name, org_id=caller.org_id)
    with transaction.atomic():
        found = Rollout.objects.select_for_update().filter(model=model, state=Rollout.State.RUNNING).first()
        if found is None:
            raise Problem("invalid_state", "no rollout of this model is under way")
        _end(found, Rollout.State.CANCELED)
    _spread(found, caller, 0, "guarded rollout canceled")
    return found


def rollouts(model: Model) -> Any:
    """Every rollout of a model, newest first."""
    return Rollout.objects.filter(model=model).select_related("model").order_by("-id")


def ended(org_id: int, limit: int) -> list[Rollout]:
    """Those that ended lately, of all models of an organization."""
    return list(Rollout.objects.filter(model__owner_id=org_id, ended_at__isnull=False).select_related("model")
                .order_by("-ended_at")[:limit])


# ---------------------------------------------------------------- the watch

def look_at_all() -> int:
    """One look at every rollout that is due; how many were."""
    due = 0
    for rollout_id in Rollout.objects.filter(state=Rollout.State.RUNNING).values_list("pk", flat=True):
        try:
            due += look(rollout_id)
        except (Problem, RedisError) as error:
            log.warning("rollout %d was not looked at: %s", rollout_id, error)
    return due


def look(rollout_id: int) -> bool:
    """Looks at one, if nobody does or did just now: goes on, ends, or takes it back. Whether it looked."""
    now = clock.now()
    with transaction.atomic():
        found = (Rollout.objects.select_for_update(skip_locked=True)
                 .filter(pk=rollout_id, state=Rollout.State.RUNNING).first())
        if found is None:
            return False
        pause = timedelta(seconds=min(LOOK_EVERY_S, max(found.guard["bake_s"] / 10, 0.5)))
        if found.looked_at is not None and now < found.looked_at + pause:
            return False
        found.looked_at = now + LEASE
        found.save(update_fields=["looked_at"])
    try:
        _watch(found)
    finally:
        Rollout.objects.filter(pk=rollout_id).update(looked_at=clock.now())
    return True


def _watch(found: Rollout) -> None:
    model = found.model
    if not _as_we_left_it(found):
        _end(found, Rollout.State.CANCELED, {"kind": "changed", "detail": "somebody else spread the calls anew"})
        return
    before = {int(v): Counts.load(c) for v, c in found.baseline["since"].items()}
    counted = {v: Counts.load(c) for v, c in _counted(model, found.stable, found.canary)["since"].items()}
    stable, canary = (counted[v] - before[v] for v in (found.stable, found.canary))
    asked = _ask_examples(found)
    alarm = rollout_rules.judge(found.guard["alarms"], stable=stable, canary=canary, **asked)
    in_step = counted[found.canary].calls - int(found.baseline["step"])
    found.seen = {"stable": _shown(stable), "canary": _shown(canary), "calls_in_step": in_step,
                  "examples": asked["examples"], "wrong": asked["wrong"]}
    found.save(update_fields=["seen"])
    if not Rollout.objects.filter(pk=found.pk, state=Rollout.State.RUNNING).exists():
        return  # canceled meanwhile
    if alarm is not None:
        _take_back(found, alarm)
        return
    what = rollout_rules.verdict(found.guard, step=found.step, baked_s=(clock.now() - found.step_at).total_seconds(),
                                 calls=in_step)
    if what != "hold":
        _go_on(found, what == "promote", counted[found.canary].calls)


def _take_back(found: Rollout, alarm: dict[str, Any]) -> None:
    """All calls to the stable version, without asking anybody first."""
    _spread(found, None, 0, f"taken back by itself: {alarm['kind']}")
    _end(found, Rollout.State.ROLLED_BACK, alarm)
    log.warning("%s version %d was taken back: %s", found.model.name, found.canary, alarm)
    events.announce(found.model, "canary.rolled_back", canary=found.canary, stable=found.stable, alarm=alarm)


def _go_on(found: Rollout, promote: bool, calls: int) -> None:
    try:
        weight = 100 if promote else found.guard["steps"][found.step + 1]
        _spread(found, None, weight, "guarded rollout goes on")
    except Problem as problem:  # it answered its examples a moment ago
        _take_back(found, {"kind": "no_answer", "detail": problem.detail})
        return
    if promote:
        _end(found, Rollout.State.PROMOTED)
        events.announce(found.model, "canary.promoted", canary=found.canary, stable=found.stable)
        return
    found.step, found.step_at = found.step + 1, clock.now()
    found.baseline = {**found.baseline, "step": calls}
    found.save(update_fields=["step", "step_at", "baseline"])
    events.announce(found.model, "canary.advanced", canary=found.canary, stable=found.stable, weight=weight)


def _end(found: Rollout, state: Rollout.State, alarm: dict[str, Any] | None = None) -> None:
    found.state, found.ended_at, found.alarm = state, clock.now(), alarm
    found.save(update_fields=["state", "ended_at", "alarm"])


def _as_we_left_it(found: Rollout) -> bool:
    weights = {t["version"]: t["weight"] for t in found.model.traffic if t["weight"]}
    return weights == {found.stable: 100 - found.guard["steps"][found.step], found.canary:
                       found.guard["steps"][found.step]}


def _spread(found: Rollout, caller: Caller | None, weight: int, reason: str) -> None:
    """Gives the canary so many percent. The way back asks no version first."""
    model = found.model
    who = caller or Caller(model.owner_id or 0, "", None, "guard")
    targets = [{"version": found.stable, "weight": 100 - weight, "label": "stable"},
               {"version": found.canary, "weight": weight, "label": "stable" if weight == 100 else "canary"}]
    deployment.set_traffic(caller=who, name=model.name, targets=[t for t in targets if t["weight"]],
                           sticky_by=model.sticky_by, shadow=model.shadow, reason=reason, ask=weight > 0)


def _counted(model: Model, stable: int, canary: int) -> dict[str, Any]:
    found = read_counts(settings.ENV.redis_url, model.name, (stable, canary))
    return {"since": {version: counts.dump() for version, counts in found.items()}, "step": found[canary].calls}


def _shown(counts: Counts) -> dict[str, Any]:
    return {"calls": counts.calls, "failed": counts.failed, "refused": counts.refused,
            "p95_ms": round(counts.quantile_ms(0.95), 1)}


def _ask_examples(found: Rollout) -> dict[str, Any]:
    """The canary's answers to the golden examples: how many there are, how many are wrong, where the first one is."""
    examples = _examples(found)
    if not examples:
        return {"examples": 0, "wrong": 0}
    canary = selectors.version(found.model, str(found.canary))
    canary.model = found.model
    try:
        answers = deployment.ask_examples(canary, examples)
    except Problem as problem:
        if problem.code == "overloaded":  # says nothing of the version
            raise
        return {"examples": len(examples), "wrong": 0, "dead": problem.detail}
    wrong = []
    for number, (example, answer) in enumerate(zip(examples, answers, strict=True)):
        where = answer["problem"]["detail"] if "problem" in answer else difference(
            example["output"], answer["output"], max(float(example.get("tolerance", 0.001)), 0.001))
        if where:
            wrong.append(f"example {number}: {where}"[:300])
    return {"examples": len(examples), "wrong": len(wrong), "wrong_at": wrong[0] if wrong else ""}


def _examples(found: Rollout) -> Sequence[Mapping[str, Any]]:
    given = found.guard["examples"]
    if given is None:
        given = selectors.version(found.model, str(found.stable)).service.get("examples", [])
    return [e for e in given if e.get("output") is not None][:EXAMPLES]
