"""What a provider may say of how a model is run: its fields, their bounds, and what they become in Triton. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inference_backend.pools import Wish
from inference_backend.pools.scaling import MAX_INSTANCES, METRICS
from inference_backend.triton.tuning import KINDS, Batching, Group, Queue, Tuning
from kernel.problems import FieldError, Problem

POOLS = ("hot", "warm", "cold")
MIN_BATCH = 32  # the gateway joins calls up to so many rows
MAX_REPLICAS = 32
DEFAULT: dict[str, Any] = {
    "replicas": 1, "autoscale": None, "pool": "warm", "device": "auto", "instance_groups": [],
    "dynamic_batching": None, "queue_policy": None, "response_cache": None, "warm_up": 0}
_TARGETS = {"cpu_utilization": (1, 100), "queue_ms": (1, 60_000), "rps": (0.1, 100_000)}
_COOLDOWN_S = 60


class _Reader:
    """Takes fields out of a body one by one and gathers what is wrong with them."""

    def __init__(self, said: Any, pointer: str, faults: list[FieldError]) -> None:
        self._pointer, self.faults = pointer, faults
        self._said = dict(said) if isinstance(said, Mapping) else {}
        if not isinstance(said, Mapping):
            faults.append(FieldError(pointer or "/", "must be an object", "invalid"))

    def fault(self, name: str, detail: str, code: str = "invalid") -> None:
        self.faults.append(FieldError(f"{self._pointer}/{name}", detail, code))

    def take(self, name: str, default: Any = None) -> Any:
        found = self._said.pop(name, None)
        return default if found is None else found

    def whole(self, name: str, default: int, lowest: int, highest: int) -> int:
        found = self.take(name, default)
        if type(found) is not int:
            self.fault(name, "must be a whole number")
        elif not lowest <= found <= highest:
            self.fault(name, f"must be {lowest} to {highest}", "out_of_range")
        else:
            return found
        return default

    def word(self, name: str, default: str, known: tuple[str, ...]) -> str:
        found = self.take(name, default)
        if found not in known:
            self.fault(name, f"one of {', '.join(known)}", "invalid_choice")
            return default
        return str(found)

    def part(self, name: str) -> _Reader | None:
        """A nested object. True stands for one without words, False and null for none."""
        found = self.take(name)
        if found in (None, False):
            return None
        return _Reader({} if found is True else found, f"{self._pointer}/{name}", self.faults)

    def end(self) -> None:
        for name in self._said:
            self.fault(name, "there is no such field", "unknown_field")


def read(said: Any, *, gpu: bool, batched: bool) -> dict[str, Any]:
    """The whole plan that a body asks for; what it leaves out is as in DEFAULT. `gpu`: whether there is one; `batched`:
    whether the model answers each row for itself. Raises validation_error with every fault."""
    faults: list[FieldError] = []
    body = _Reader(said, "", faults)
    # `min` and `max` may stand beside `autoscale` or in it.
    outer = {name: found for name in ("min", "max") if (found := body.take(name)) is not None}
    autoscale = _autoscale(body.part("autoscale"), outer)
    if autoscale is None and outer:
        body.fault(next(iter(outer)), "belongs to an autoscale with a metric and a target", "required")
    replicas = body.whole("replicas", autoscale["min"] if autoscale else 1, 1, MAX_REPLICAS)
    if autoscale and not autoscale["min"] <= replicas <= autoscale["max"]:
        body.fault("replicas", "must lie between autoscale's min and max", "out_of_range")
    plan = {"replicas": replicas, "autoscale": autoscale, "pool": body.word("pool", "warm", POOLS),
            "device": body.word("device", "auto", tuple(KINDS)), "instance_groups": _groups(body),
            "dynamic_batching": _batching(body.part("dynamic_batching")), "queue_policy": _queue(
                body.part("queue_policy")), "response_cache": _cache(body.part("response_cache")),
            "warm_up": _warm_up(body)}
    if not gpu and "gpu" in {plan["device"], *(group["device"] for group in plan["instance_groups"])}:
        body.fault("device", "this platform has no GPU", "device_unavailable")
    if plan["dynamic_batching"] and not batched:
        body.fault("dynamic_batching", "the model's rows are not answered each for itself", "batching_unsupported")
    if plan["instance_groups"] and (autoscale or replicas != 1):
        body.fault("instance_groups", "say replicas or instance groups, not both", "conflict")
    body.end()
    if faults:
        raise Problem("validation_error", "the model can't be deployed like this", errors=faults)
    return plan


def _autoscale(part: _Reader | None, outer: Mapping[str, Any]) -> dict[str, Any] | None:
    if part is None:
        return None
    metric = part.word("metric", "cpu_utilization", METRICS)
    low, high = _TARGETS[metric]
    target = part.take("target", 70 if metric == "cpu_utilization" else None)
    if isinstance(target, bool) or not isinstance(target, int | float):
        part.fault("target", "must be a number", "required" if target is None else "invalid")
    elif not low <= target <= high:
        part.fault("target", f"must be {low} to {high}", "out_of_range")
    for name, found in outer.items():
        part._said.setdefault(name, found)
    least = part.whole("min", 1, 1, MAX_REPLICAS)
    most = part.whole("max", max(least, 4), 1, MAX_REPLICAS)
    if most < least:
        part.fault("max", "must not be below min", "out_of_range")
        most = least
    cooldown = part.whole("cooldown_s", _COOLDOWN_S, 5, 3600)
    part.end()
    return {"metric": metric, "target": target, "min": least, "max": most, "cooldown_s": cooldown}


def _groups(body: _Reader) -> list[dict[str, Any]]:
    found = body.take("instance_groups", [])
    if not isinstance(found, list) or len(found) > 8:
        body.fault("instance_groups", "must be a list of at most 8")
        return []
    groups = []
    for i, one in enumerate(found):
        part = _Reader(one, f"/instance_groups/{i}", body.faults)
        gpus = part.take("gpus", [])
        if not isinstance(gpus, list) or any(type(n) is not int or not 0 <= n < 64 for n in gpus):
            part.fault("gpus", "must be numbers of GPUs")
            gpus = []
        groups.append({"count": part.whole("count", 1, 1, MAX_REPLICAS),
                       "device": part.word("device", "auto", tuple(KINDS)), "gpus": gpus})
        part.end()
    if sum(group["count"] for group in groups) > MAX_INSTANCES:
        body.fault("instance_groups", f"at most {MAX_INSTANCES} instances in all", "out_of_range")
    return groups


def _batching(part: _Reader | None) -> dict[str, Any] | None:
    if part is None:
        return None
    size = part.whole("max_batch_size", 64, MIN_BATCH, 4096)
    delay = part.whole("max_queue_delay_us", 500, 0, 1_000_000)
    preferred = part.take("preferred_batch_sizes", [])
    if not isinstance(preferred, list) or any(type(n) is not int or not 1 <= n <= size for n in preferred):
        part.fault("preferred_batch_sizes", f"must be whole numbers of 1 to {size}")
        preferred = []
    part.end()
    return {"max_batch_size": size, "max_queue_delay_us": delay, "preferred_batch_sizes": preferred}


def _queue(part: _Reader | None) -> dict[str, Any] | None:
    if part is None:
        return None
    override = part.take("allow_timeout_override", False)
    if not isinstance(override, bool):
        part.fault("allow_timeout_override", "must be true or false")
    found = {"max_queue_size": part.whole("max_queue_size", 256, 0, 100_000),
             "timeout_us": part.whole("timeout_us", 0, 0, 600_000_000),
             "timeout_action": part.word("timeout_action", "reject", ("reject", "delay")),
             "allow_timeout_override": override is True}
    part.end()
    return found


def _cache(part: _Reader | None) -> dict[str, Any] | None:
    if part is None:
        return None
    found = {"ttl_s": part.whole("ttl_s", 60, 1, 86_400)}
    part.end()
    return found


def _warm_up(body: _Reader) -> int:
    found = body.take("warm_up", 0)
    if isinstance(found, bool):
        return int(found)
    if type(found) is not int or not 0 <= found <= 100:
        body.fault("warm_up", "must be true, false or 0 to 100 inferences", "out_of_range")
        return 0
    return found


# ---------------------------------------------------------------- what it becomes

def tuning(plan: Mapping[str, Any], *, busy: bool = True) -> Tuning:
    """The net's part of Triton's configuration, to begin with: the autoscaler changes the number of instances. A
    version that no call is meant for has one."""
    replicas = plan["replicas"] if busy else 1
    groups = tuple(Group(g["count"], g["device"], tuple(g["gpus"])) for g in plan["instance_groups"] if busy)
    if not groups and (replicas != 1 or plan["device"] != "auto"):
        groups = (Group(replicas, plan["device"]),)
    batching, queue = plan["dynamic_batching"], plan["queue_policy"]
    return Tuning(
        groups=groups, warm_up=plan["warm_up"],
        batching=Batching(batching["max_queue_delay_us"], tuple(batching["preferred_batch_sizes"]))
        if batching else None,
        queue=Queue(queue["max_queue_size"], queue["timeout_us"], queue["timeout_action"],
                    queue["allow_timeout_override"]) if queue else None)


def batch_size(plan: Mapping[str, Any], service: Mapping[str, Any]) -> int:
    """The rows that Triton joins for a version; 0 where it takes each call as it is."""
    free = service.get("batched") and all(
        len(t["shape"]) > 1 and t["shape"][0] == -1 for t in (*service["inputs"], *service["outputs"]))
    return int(plan["dynamic_batching"]["max_batch_size"]) if plan["dynamic_batching"] and free else 0


def wish(plan: Mapping[str, Any], *, busy: bool) -> Wish:
    """How many instances a version's Triton models shall have; one where no call is meant for it."""
    if not busy:
        return Wish(1, 1)
    scale = plan["autoscale"]
    if scale is None:
        groups = sum(group["count"] for group in plan["instance_groups"])
        return Wish(groups or plan["replicas"], groups or plan["replicas"])
    return Wish(scale["min"], scale["max"], scale["metric"], float(scale["target"]), float(scale["cooldown_s"]))
