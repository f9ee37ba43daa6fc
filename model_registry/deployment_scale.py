"""How a provider's model is run: what was asked for, what really runs and why, and the change from one to the other.

A change is written beside the running models and read by Triton while their calls go on; every version that takes calls
must answer afterwards. On any failure the old configuration is put back and serves on.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from redis.exceptions import RedisError

from inference_backend.pools import PoolDesk, ScaleDesk, of_version
from inference_backend.runtime import Runtime
from inference_backend.triton import repository
from inference_backend.triton.control import ControlError
from inference_backend.triton.placement import profile_of_environment
from kernel import clock
from kernel.facts import VersionPublished
from kernel.problems import Problem
from model_registry import deployment, deployment_plan, events, registration, selectors
from model_registry.access import Caller
from model_registry.models import Model, ModelVersion

log = logging.getLogger(__name__)

BY = "deployment"  # who pins


@dataclass(frozen=True, slots=True)
class Running:
    """The part of one version in what runs now. `instances` by Triton model: its steps and its net."""

    version: int
    weight: int
    steps: dict[str, Any]
    net: dict[str, Any]


def desk() -> ScaleDesk:
    return ScaleDesk(settings.ENV.redis_url, settings.ENV.triton_grpc_url)


def _pool_desk() -> PoolDesk:
    env = settings.ENV
    return PoolDesk(env.redis_url, env.triton_grpc_url, budget_mb=env.pool_memory_mb)


def models_of(name: str, number: int) -> tuple[str, str]:
    """The Triton models of a version: its steps, then its net."""
    net = of_version(name, number)
    return f"host-{net}", net


def plan_of(model: Model) -> dict[str, Any]:
    """What was asked for; of a model that nothing was asked for, what every model gets."""
    return {**deployment_plan.DEFAULT, **model.deployment}


def deploy(*, caller: Caller, name: str, said: Mapping[str, Any]) -> Model:
    """Has a model run as the body says; what it leaves out is as for every model.

    Raises validation_error with every fault, invalid_state before the first ready version, or model_not_ready; then
    everything runs as before.
    """
    model = selectors.own_model(name, org_id=caller.org_id)
    ready = list(selectors.versions(model).filter(state=ModelVersion.State.READY))
    if not ready:
        raise Problem("invalid_state", f"{name} has no ready version to deploy")
    plan = deployment_plan.read(said, gpu=profile_of_environment() == "gpu",
                                batched=all(version.service.get("batched") for version in ready))
    before = dict(model.deployment)
    model.deployment = plan
    _carry_out(model, ready, before)
    with transaction.atomic():
        kept = selectors.own_model(name, org_id=caller.org_id, lock=True)
        kept.deployment, kept.updated_at = plan, clock.now()
        kept.save(update_fields=["deployment", "updated_at"])
        events.announce(kept, "deployment.changed", caller=caller, deployment=plan)
        registration.published(kept)  # `settle` hears of it
    return kept


def _carry_out(model: Model, ready: Sequence[ModelVersion], before: Mapping[str, Any]) -> None:
    try:
        _reload(_written(model, ready))
        for version in ready:
            if version.number in deployment.taking_calls(model):
                deployment.probe(version)
    except (Problem, ControlError, ValueError) as error:
        log.warning("%s is not run anew: %s", model.name, error)
        model.deployment = dict(before)
        _reload(_written(model, ready))
        raise Problem("model_not_ready", f"{model.name} does not answer when it is run like this; it is run as before"
                      ) from error


def _written(model: Model, ready: Sequence[ModelVersion]) -> list[str]:
    """Writes every version as the model's deployment has it; the Triton models that this changed."""
    names = [name for version in ready for name in models_of(model.name, version.number)]
    stamps = {name: repository.stamp(deployment.root(), name) for name in names}
    for version in ready:
        version.model = model
        deployment.write_version(version)
    return [name for name in names if repository.stamp(deployment.root(), name) != stamps[name]]


def _reload(names: Sequence[str]) -> None:
    """Has Triton read the configuration of those that are loaded. Raises ControlError."""
    async def work(runtime: Runtime) -> None:
        held = await runtime.pools.control.loaded()
        for name in names:
            if name in held:
                async with runtime.pools.changing(name) as mine:
                    if mine:
                        await runtime.pools.control.load(name)
    deployment.on_plane(work)


def settle(model: Model) -> None:
    """Tells the autoscaler and the pool what is wanted now; after every change of deployment or traffic. A Redis that
    is away is told by the next `tend`."""
    if not model.deployment:
        return
    plan, busy = plan_of(model), deployment.taking_calls(model)
    states = dict(selectors.versions(model).values_list("number", "state"))
    wishes, gone = {}, []
    for number, state in states.items():
        for name in models_of(model.name, number):
            if state == ModelVersion.State.READY:
                wishes[name] = deployment_plan.wish(plan, busy=number in busy)
            else:
                gone.append(name)
    try:
        desk().wish(wishes, drop=gone)
        pins = _pool_desk()
        pinned = pins.pinned_by(BY)
        for name in wishes:
            hot = plan["pool"] == "hot" and int(name.rpartition(".v")[2]) in busy
            if hot and name not in pinned:
                pins.pin(name, by=BY)
            elif not hot and name in pinned:
                pins.forget_pin(name, by=BY)
    except RedisError as error:
        log.warning("the autoscaler does not know of %s yet: %s", model.name, error)


def on_version_published(fact: VersionPublished) -> None:
    """Listener: traffic, versions or the deployment of a model changed."""
    for model in Model.objects.filter(name=fact.model, owner__isnull=False).exclude(deployment={}):
        settle(model)


def tend() -> int:
    """Repeats every wish, as after a Redis that came up empty, and tells of what the autoscaler changed; how many
    changes there were."""
    for model in Model.objects.exclude(deployment={}).exclude(state=Model.State.RETIRED):
        settle(model)
    found = desk().changes()
    owners = {model.name: model for model in Model.objects.filter(
        name__in={owner_name(change["model"]) for change in found})}
    for change in found:
        owner = owners.get(owner_name(change["model"]))
        if owner is not None:
            with transaction.atomic():
                events.announce(owner, "deployment.scaled", triton_model=change["model"], before=change["was"],
                                instances=change["instances"], reason=change["reason"], metric=change["metric"],
                                value=change["value"])
    return len(found)


def owner_name(triton_model: str) -> str:
    """host-acme.iris.v2 → acme.iris."""
    return triton_model.removeprefix("host-").rpartition(".v")[0]


def running(model: Model) -> list[Running]:
    """What really runs of each ready version: whether it is in memory, how many instances, and why so many."""
    ready = sorted(selectors.versions(model).filter(state=ModelVersion.State.READY).values_list("number", flat=True))
    weights = {t["version"]: t["weight"] for t in model.traffic}
    try:
        rows = {row.model: row for row in _pool_desk().overview().rows}
        states = desk().states(name for number in ready for name in models_of(model.name, number))
    except RedisError as error:
        raise Problem("overloaded", "what runs can't be read at the moment", headers={"Retry-After": "1"}) from error

    def shown(name: str) -> dict[str, Any]:
        row, state = rows.get(name), states.get(name, {})
        here = row is not None and row.state in ("ready", "healing")
        return {"state": row.state if row is not None else "absent", "memory_mb": round(row.mb, 1) if row else 0.0,
                "instances": state.get("instances") or repository.instances(deployment.root(), name) if here else 0,
                "reason": state.get("reason", "") if here else "not_loaded", "value": state.get("value"),
                "looked_at": state.get("at")}

    return [Running(number, weights.get(number, 0), *map(shown, models_of(model.name, number))) for number in ready]
