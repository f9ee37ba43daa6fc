"""How many instances a model gets: the rule, pure.

Each Triton model of a deployment is scaled by its own figures. With `cpu_utilization` (percent of one core an
instance) and `rps` (calls a second an instance) the wanted number is what would bring the mean to the target, as
Kubernetes' horizontal autoscaler has it. A queue says nothing of the kind: with `queue_ms` (mean wait before an
instance) the number grows with the excess and falls one at a time once the queue is well below the target.

It grows at once, at most to the double and two, and then waits for that to show. It falls to the highest number that
was wanted in all of the cool-down: a lull shorter than that takes nothing away.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Metric = Literal["cpu_utilization", "queue_ms", "rps"]
METRICS: tuple[Metric, ...] = ("cpu_utilization", "queue_ms", "rps")

TOLERANCE = 0.1  # of the target: within it nothing changes
SETTLE_S = 3.0  # after a change, until its effect can be read
QUEUE_IDLE = 0.5  # of the target: below it a queue is short enough for one instance less
MAX_INSTANCES = 64


@dataclass(frozen=True, slots=True)
class Wish:
    """What a deployment wants of one Triton model: between `minimum` and `maximum` instances by `metric`, or, without
    one, exactly `minimum`."""

    minimum: int
    maximum: int
    metric: Metric | None = None
    target: float = 0.0
    cooldown_s: float = 30.0

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Wish:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was counted of a model at one moment, since it was loaded."""

    at: float
    instances: int
    calls: int
    queue_ns: int
    cpu_s: float | None  # of its processes; None where they can't be seen


@dataclass(slots=True)
class Course:
    """What the rule remembers of one model."""

    reading: Reading | None = None
    since: float | None = None  # of the first look
    changed_at: float = -math.inf
    wanted: list[tuple[float, int]] = field(default_factory=list)  # lately: when, how many


@dataclass(frozen=True, slots=True)
class Decision:
    """So many instances, and why: a word for machines and the figure that it was decided by."""

    instances: int
    reason: Literal["fixed", "steady", "load", "idle", "cooling", "settling", "memory", "unmeasured"]
    value: float | None = None


def measure(metric: Metric, before: Reading, now: Reading) -> float | None:
    """The metric between two readings; None where they don't belong together or it can't be known."""
    seconds, calls = now.at - before.at, now.calls - before.calls
    if seconds <= 0 or calls < 0 or now.queue_ns < before.queue_ns:
        return None  # it was loaded anew meanwhile
    instances = max(now.instances, 1)
    if metric == "rps":
        return calls / seconds / instances
    if metric == "queue_ms":
        return (now.queue_ns - before.queue_ns) / calls / 1e6 if calls else 0.0
    if now.cpu_s is None or before.cpu_s is None or now.cpu_s < before.cpu_s:
        return None  # a process ended, and its time with it
    return (now.cpu_s - before.cpu_s) / seconds / instances * 100


def decide(wish: Wish, running: int, value: float | None, course: Course, now: float, *, room: int) -> Decision:
    """How many instances there shall be from now on. `room` is how many more the memory has place for. Notes in
    `course` what was wanted; the caller notes in `changed_at` when it carried a change out."""
    if wish.metric is None:
        return _within_room(wish.minimum, running, room, "fixed", None)
    lowest, highest = wish.minimum, max(wish.maximum, wish.minimum)
    inside = min(max(running, lowest), highest)
    course.since = now if course.since is None else course.since
    if value is None:
        return _within_room(inside, running, room, "unmeasured", None)
    wanted = min(max(_wanted(wish, running, value), lowest), highest)
    course.wanted = [(at, number) for at, number in course.wanted if at > now - wish.cooldown_s] + [(now, wanted)]
    if inside != running:
        return _within_room(inside, running, room, "load" if inside > running else "idle", value)
    if wanted > running:
        if now - course.changed_at < SETTLE_S:
            return Decision(running, "settling", value)
        return _within_room(min(wanted, 2 * running + 2), running, room, "load", value)
    if wanted < running:
        if now - max(course.changed_at, course.since) < wish.cooldown_s:
            return Decision(running, "cooling", value)
        kept = max(number for _, number in course.wanted)
        return Decision(min(kept, running), "idle" if kept < running else "cooling", value)
    return Decision(running, "steady", value)


def _wanted(wish: Wish, running: int, value: float) -> int:
    ratio = value / wish.target
    if abs(ratio - 1) <= TOLERANCE:
        return running
    if wish.metric == "queue_ms":
        if ratio > 1:
            return math.ceil(running * min(ratio, 2.0))
        return running - 1 if ratio < QUEUE_IDLE else running
    return math.ceil(min(running * ratio, MAX_INSTANCES))


def _within_room(instances: int, running: int, room: int,
                 reason: Literal["fixed", "load", "idle", "unmeasured"], value: float | None) -> Decision:
    if instances > running and instances > running + room:
        return Decision(running + max(room, 0), "memory", value)
    return Decision(instances, reason if instances != running or reason == "fixed" else
                    "unmeasured" if value is None else "steady", value)
