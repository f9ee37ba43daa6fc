"""Which versions answer: putting one on Triton, asking it for real, spreading calls, going back.

Weight goes only to a version that has just answered. Nothing here takes a version away before the route no longer
names it, and a failure on the way leaves repository and route as they were.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from django.conf import settings
from django.db import transaction
from redis.exceptions import RedisError

from inference_backend import oip
from inference_backend.pools import OWN_HOST_MB, PoolDesk, of_version
from inference_backend.runtime import Runtime
from inference_backend.triton import repository
from inference_backend.triton.client import TritonError, TritonUnreachable
from inference_backend.triton.control import ControlError
from kernel import clock
from kernel.contracts import TensorSpec
from kernel.problems import FieldError, Problem
from model_registry import artifacts, deployment_plan, events, registration, selectors
from model_registry.access import Caller
from model_registry.declared.compare import difference
from model_registry.models import Alias, Model, ModelVersion, TrafficChange
from model_registry.schemas import differences, of_service

log = logging.getLogger(__name__)
T = TypeVar("T")
RUNNER = "model_registry.declared.runner"
PROBE_S = 30.0
MIN_LIMIT_MB = 768
STICKY = ("key", "organization", "none")
ALIAS = re.compile(r"^[a-z][a-z0-9-]{0,31}$")
LABEL = re.compile(r"^[a-z0-9][a-z0-9._-]{0,31}$")


class DataPlane(Protocol):
    """This process's one runtime of the data plane."""

    async def run(self, work: Callable[[Runtime], Coroutine[Any, Any, T]]) -> T: ...


_data_plane: list[DataPlane] = []


def use_data_plane(plane: DataPlane) -> None:
    """config/wiring.py hands it over."""
    _data_plane[:] = [plane]


def on_plane(work: Callable[[Runtime], Coroutine[Any, Any, T]]) -> T:
    if not _data_plane:
        raise RuntimeError("no data plane is registered: config/wiring.py calls use_data_plane")
    return asyncio.run(_data_plane[0].run(work))


def root() -> Path:
    return Path(settings.ENV.triton_repository)


# ---------------------------------------------------------------- on Triton

def write_version(version: ModelVersion) -> None:
    """Puts net and steps of one version into the repository, from the artifact store; writing it again changes
    nothing."""
    service, name = version.service, of_version(version.model.name, version.number)
    net, plan = version.artifacts.get(), {**deployment_plan.DEFAULT, **version.model.deployment}
    batch = deployment_plan.batch_size(plan, service)
    tuned = deployment_plan.tuning(plan, busy=version.number in taking_calls(version.model))
    repository.write_onnx(root(), name, artifacts.path_of(net.sha256), _specs(service["inputs"]),
                          _specs(service["outputs"]), max_batch_size=batch, tuned=tuned,
                          memory_limit_mb=memory_limit(version))
    repository.write_service(root(), name, {**service, "max_batch": batch} if batch else service, runner=RUNNER,
                             capability=version.model.name, instances=sum(g.count for g in tuned.groups) or 1)


def memory_limit(version: ModelVersion) -> int:
    """How many MB a version's process may take for its calls: far more than it declares, far less than the machine."""
    declared = int((version.manifest.get("serving") or {}).get("memory_mb", 64))
    return max(MIN_LIMIT_MB, 4 * declared)


def taking_calls(model: Model) -> set[int]:
    """The versions that calls or copies of calls go to without being named."""
    return {t["version"] for t in model.traffic if t["weight"] > 0} | ({model.shadow} if model.shadow else set())


def install(version: ModelVersion) -> float:
    """Has Triton serve a version beside the others; the milliseconds that its first answer took.

    Raises Problem; then the repository is as it was.
    """
    name = version.model.name
    write_version(version)
    try:
        return probe(version)
    except Problem:
        remove_version(name, version.number)
        raise


def probe(version: ModelVersion) -> float:
    """Asks exactly this version for its first example (or made-up values): the milliseconds of its answer. Raises
    model_not_ready."""
    name, number = version.model.name, version.number
    examples = [e for e in version.service.get("examples", []) if e.get("output") is not None]
    memory = int((version.manifest.get("serving") or {}).get("memory_mb", 64))

    async def ask(runtime: Runtime) -> float:
        net = of_version(name, number)
        async with runtime.pools.use({net: memory, f"host-{net}": OWN_HOST_MB}):
            began = time.perf_counter()
            if examples:
                await _ask_example(runtime, f"host-{net}", name, number, examples[0])
            elif not await runtime.pools.prober.model(net, PROBE_S):
                raise Problem("model_not_ready", f"version {number} does not answer")
            return (time.perf_counter() - began) * 1000

    return _answered(version, ask)


async def _ask_example(runtime: Runtime, host: str, name: str, number: int, example: Mapping[str, Any]) -> None:
    answer = await _answer(runtime, host, name, example)
    if "problem" in answer:
        raise Problem("model_not_ready", f"version {number} fails on its example: {answer['problem']['detail']}"[:300])
    where = difference(example["output"], answer["output"], max(float(example.get("tolerance", 0.001)), 0.001))
    if where:
        raise Problem("model_not_ready", f"version {number} answers its example differently here: {where}"[:300])


async def _answer(runtime: Runtime, host: str, name: str, example: Mapping[str, Any]) -> dict[str, Any]:
    request = json.dumps({"input": example["input"], "parameters": example.get("parameters") or {}})
    parts, length = oip.encode_request((oip.bytes_tensor("capability", [name.encode()]),
                                        oip.bytes_tensor("request", [request.encode()])), ("response", "media"))
    body, header = await runtime.client.infer(host, None, parts, length, timeout=PROBE_S)
    return dict(json.loads({t.name: t for t in oip.decode_reply(body, header)}["response"].strings()[0]))


def ask_examples(version: ModelVersion, examples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What exactly this version says to each of these: {"output": …} or {"problem": …}. Raises model_not_ready where
    it does not answer at all."""
    name, net = version.model.name, of_version(version.model.name, version.number)
    memory = int((version.manifest.get("serving") or {}).get("memory_mb", 64))

    async def ask(runtime: Runtime) -> list[dict[str, Any]]:
        async with runtime.pools.use({net: memory, f"host-{net}": OWN_HOST_MB}):
            return [await _answer(runtime, f"host-{net}", name, example) for example in examples]

    return _answered(version, ask)


def _answered(version: ModelVersion, ask: Callable[[Runtime], Coroutine[Any, Any, T]]) -> T:
    try:
        return on_plane(ask)
    except (ControlError, TritonError, TritonUnreachable, TimeoutError, OSError) as error:
        log.warning("%s version %d does not answer: %s", version.model.name, version.number, error)
        raise Problem("model_not_ready", f"version {version.number} of {version.model.name} does not answer a call"
                      ) from error


def remove_version(name: str, number: int) -> None:
    """Takes a version out of the repository, and out of memory as soon as no call needs it."""
    env, net = settings.ENV, of_version(name, number)
    desk = PoolDesk(env.redis_url, env.triton_grpc_url, budget_mb=env.pool_memory_mb)
    for model in (net, f"host-{net}"):
        repository.remove_model(root(), model)
        try:
            desk.evict(model, by="registry")
        except RedisError as error:  # it goes when room is needed
            log.warning("%s stays in memory for now: %s", model, error)


def _specs(said: Sequence[Mapping[str, Any]]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(s["name"], s["datatype"], tuple(s["shape"]), s["optional"]) for s in said)


def restore_repository() -> int:
    """Writes every ready version of providers' models that the repository lacks; how many. For a new machine."""
    missing = 0
    ready = ModelVersion.objects.filter(state=ModelVersion.State.READY, model__owner__isnull=False)
    for version in ready.select_related("model"):
        net = of_version(version.model.name, version.number)
        there = all(repository.versions(root(), model) for model in (net, f"host-{net}"))
        if not there:
            write_version(version)
            missing += 1
    return missing


# ---------------------------------------------------------------- traffic

def set_traffic(*, caller: Caller, name: str, targets: Sequence[Mapping[str, Any]], sticky_by: str = "key",
                shadow: int | None = None, reason: str = "", ask: bool = True) -> TrafficChange:
    """Spreads the calls of a model. Every version that gets some, and the shadow, is asked first (`ask` False: the
    way back from a version that fails must not wait for one that is slow to answer).

    Raises validation_error (not 100, no such ready version) or model_not_ready; then nothing has changed.
    """
    model = selectors.own_model(name, org_id=caller.org_id)
    ready = {v.number: v for v in selectors.versions(model).filter(state=ModelVersion.State.READY)}
    _refuse(targets, sticky_by, shadow, ready)
    asked = {t["version"] for t in targets if t["weight"] > 0} | ({shadow} if shadow is not None else set())
    for number in sorted(asked) if ask else ():
        ready[number].model = model
        probe(ready[number])
    with transaction.atomic():
        model = selectors.own_model(name, org_id=caller.org_id, lock=True)
        still = set(model.versions.filter(state=ModelVersion.State.READY).values_list("number", flat=True))
        if asked - still:
            raise Problem("invalid_state", "a version was retired meanwhile")
        model.traffic = [{"version": t["version"], "weight": t["weight"],
                          "label": t.get("label") or ("stable" if t["weight"] >= 50 else "canary")} for t in targets]
        model.sticky_by, model.shadow, model.updated_at = sticky_by, shadow, clock.now()
        whole = next((t["version"] for t in model.traffic if t["weight"] == 100), None)
        if whole is not None:
            registration.write_manifest(model, ready[whole])
        model.save()
        change = note_change(model, reason=reason, by=caller.by)
        events.announce(model, "traffic.changed", caller=caller, targets=model.traffic, shadow=shadow, reason=reason)
        registration.published(model)
    return change


def _refuse(targets: Sequence[Mapping[str, Any]], sticky_by: str, shadow: int | None, ready: Mapping[int, Any]) -> None:
    faults = [FieldError(f"/targets/{i}/version", "no such ready version", "version_not_found")
              for i, t in enumerate(targets) if t["version"] not in ready]
    faults += [FieldError(f"/targets/{i}/weight", "0 to 100") for i, t in enumerate(targets)
               if type(t["weight"]) is not int or not 0 <= t["weight"] <= 100]
    faults += [FieldError(f"/targets/{i}/label", "small letters, digits, dots and dashes") for i, t in
               enumerate(targets) if t.get("label") and not LABEL.match(t["label"])]
    if len({t["version"] for t in targets}) != len(targets):
        faults.append(FieldError("/targets", "each version once"))
    if not faults and sum(t["weight"] for t in targets) != 100:
        faults.append(FieldError("/targets", "weights must sum to 100"))
    if sticky_by not in STICKY:
        faults.append(FieldError("/sticky_by", f"one of {', '.join(STICKY)}", "invalid_choice"))
    if shadow is not None and shadow not in ready:
        faults.append(FieldError("/shadow", "no such ready version", "version_not_found"))
    if faults:
        raise Problem("validation_error", "traffic can't be spread like this", errors=faults)


def note_change(model: Model, *, reason: str, by: str) -> TrafficChange:
    """Writes down how traffic stands now; in the transaction that changed it, under the model's lock."""
    last = selectors.traffic_changes(model).values_list("number", flat=True).first() or 0
    return TrafficChange.objects.create(model=model, number=last + 1, targets=model.traffic, sticky_by=model.sticky_by,
                                        shadow=model.shadow, reason=reason[:200], by=by)


def traffic(model: Model) -> TrafficChange:
    """How traffic stands; Problem version_not_found before the first version."""
    found = selectors.traffic_changes(model).first()
    if found is None:
        raise Problem("version_not_found", f"{model.name} has no version that takes calls yet")
    return found


def activate(*, caller: Caller, name: str, number: int) -> TrafficChange:
    """All calls to one version; the others stay for pinned calls."""
    return set_traffic(caller=caller, name=name, targets=[{"version": number, "weight": 100, "label": "stable"}],
                       sticky_by=selectors.own_model(name, org_id=caller.org_id).sticky_by,
                       reason=f"version {number} activated")


def roll_back(*, caller: Caller, name: str, to: int | None = None) -> TrafficChange:
    """Back to how traffic stood before its last change, or after the change `to`. Raises invalid_state where there is
    no such state, or a version of it is retired."""
    model = selectors.own_model(name, org_id=caller.org_id)
    changes = selectors.traffic_changes(model)
    goal = changes.filter(number=to).first() if to is not None else changes[1:2].first()
    if goal is None:
        raise Problem("invalid_state", "there is no earlier state to go back to")
    ready = set(model.versions.filter(state=ModelVersion.State.READY).values_list("number", flat=True))
    gone = sorted({t["version"] for t in goal.targets} - ready)
    if gone:
        raise Problem("invalid_state", f"version {', '.join(map(str, gone))} of that state is retired")
    return set_traffic(caller=caller, name=name, targets=goal.targets, sticky_by=goal.sticky_by,
                       shadow=goal.shadow if goal.shadow in ready else None, reason=f"rolled back to {goal.number}")


# ---------------------------------------------------------------- aliases and the end of a version

def point_alias(*, caller: Caller, name: str, alias: str, number: int) -> Alias:
    """Points a word at a ready version."""
    if not ALIAS.match(alias):
        raise registration.invalid("/alias", "a small letter, then letters, digits and dashes; at most 32")
    with transaction.atomic():
        model = selectors.own_model(name, org_id=caller.org_id, lock=True)
        _ready(model, number)
        made, _ = Alias.objects.update_or_create(model=model, name=alias, defaults={"version": number})
        events.announce(model, "alias.moved", caller=caller, alias=alias, version=number)
        registration.published(model)
    return made


def drop_alias(*, caller: Caller, name: str, alias: str) -> None:
    with transaction.atomic():
        model = selectors.own_model(name, org_id=caller.org_id, lock=True)
        gone, _ = Alias.objects.filter(model=model, name=alias).delete()
        if not gone:
            raise Problem("not_found", f"{name} has no alias {alias[:32]}")
        events.announce(model, "alias.removed", caller=caller, alias=alias)
        registration.published(model)


def deprecate(*, caller: Caller, name: str, number: int, sunset: datetime, successor: int | None = None,
              note: str = "") -> ModelVersion:
    """Says until when a version answers and what follows it; its answers carry that from now on."""
    if sunset <= clock.now():
        raise registration.invalid("/sunset", "must lie in the future")
    with transaction.atomic():
        model = selectors.own_model(name, org_id=caller.org_id, lock=True)
        version = _ready(model, number)
        if successor is not None:
            if successor == number:
                raise registration.invalid("/successor", "must be another version")
            _ready(model, successor)
        version.sunset_at, version.successor = sunset, successor
        version.stages = [*version.stages, {**registration.stage("deprecated", caller.by), "note": note[:500]}]
        version.save(update_fields=["sunset_at", "successor", "stages"])
        events.announce(model, "version.deprecated", caller=caller, version=number, sunset=sunset.isoformat())
        registration.published(model)
    return version


def retire(*, caller: Caller, name: str, number: int) -> ModelVersion:
    """Ends a version. Raises invalid_state while calls, an alias or the shadow lead to it."""
    with transaction.atomic():
        model = selectors.own_model(name, org_id=caller.org_id, lock=True)
        version = _ready(model, number)
        if any(t["version"] == number and t["weight"] > 0 for t in model.traffic) or model.shadow == number:
            raise Problem("invalid_state", f"version {number} takes calls: move its traffic first")
        if Alias.objects.filter(model=model, version=number).exists():
            raise Problem("invalid_state", f"an alias leads to version {number}: move it first")
        model.traffic = [t for t in model.traffic if t["version"] != number]
        model.save(update_fields=["traffic"])
        version.state = ModelVersion.State.RETIRED
        version.stages = [*version.stages, registration.stage("retired", caller.by)]
        version.save(update_fields=["state", "stages"])
        events.announce(model, "version.retired", caller=caller, version=number)
        registration.published(model)
        transaction.on_commit(lambda: remove_version(name, number))
    return version


def _ready(model: Model, number: int) -> ModelVersion:
    found = selectors.version(model, str(number))
    if found.state != ModelVersion.State.READY:
        raise Problem("invalid_state", f"version {number} is {found.state}")
    return found


def compare_versions(model: Model, one: ModelVersion, other: ModelVersion) -> dict[str, Any]:
    """What callers see differently in `one` than in `other`."""
    def shown(version: ModelVersion) -> dict[str, Any]:
        service = version.service
        if not service:
            raise Problem("invalid_state", f"version {version.number} was never read")
        return {"schemas": of_service(service), "inputs": {t["name"]: t for t in service["inputs"]},
                "outputs": {t["name"]: t for t in service["outputs"]}}

    changes = differences(shown(other), shown(one))
    broken = [c for c in changes if c["change"] != "added" and c["pointer"].rpartition("/")[2] not in (
        "title", "description", "default")]
    return {"version": one.number, "against": other.number, "compatible": not broken, "changes": changes}
