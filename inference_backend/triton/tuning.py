"""How one model is to be run, in Triton's own words: instance groups, batching, queue and warm-up. Pure.

What a deployment says becomes fields of the model's configuration and nothing else: the same text serves on NVIDIA's
image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tritonclient.grpc import model_config_pb2

Device = Literal["auto", "cpu", "gpu"]
KINDS: dict[str, str] = {"auto": "KIND_AUTO", "cpu": "KIND_CPU", "gpu": "KIND_GPU"}


@dataclass(frozen=True, slots=True)
class Group:
    """So many instances on one kind of device; `gpus` names which."""

    count: int
    device: Device = "auto"
    gpus: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Batching:
    """Calls that meet run as one, after waiting for company no longer than the delay."""

    max_delay_us: int = 0
    preferred: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    """What becomes of calls that no instance is free for. `max_size` 0 is no limit, `timeout_us` 0 no end."""

    max_size: int = 0
    timeout_us: int = 0
    action: Literal["reject", "delay"] = "reject"
    own_timeout: bool = False  # whether a call may name a shorter one


@dataclass(frozen=True, slots=True)
class Tuning:
    """Everything of one model; what is None stays as the placement has it."""

    groups: tuple[Group, ...] = ()
    batching: Batching | None = None
    queue: Queue | None = None
    warm_up: int = 0  # inferences on made-up values before an instance takes calls


PLAIN = Tuning()


def apply(config: Any, tuned: Tuning) -> None:
    """Writes the tuning into a ModelConfig."""
    pb = model_config_pb2
    if tuned.groups:
        del config.instance_group[:]
        for group in tuned.groups:
            config.instance_group.add(count=group.count, gpus=group.gpus,
                                      kind=pb.ModelInstanceGroup.Kind.Value(KINDS[group.device]))
    if tuned.batching is not None and config.max_batch_size:
        config.dynamic_batching.max_queue_delay_microseconds = tuned.batching.max_delay_us
        del config.dynamic_batching.preferred_batch_size[:]
        config.dynamic_batching.preferred_batch_size.extend(tuned.batching.preferred)
    if tuned.queue is not None:
        # Without batching Triton's scheduler takes one call at a time, and its queue obeys the policy all the same.
        policy = config.dynamic_batching.default_queue_policy
        policy.max_queue_size = tuned.queue.max_size
        policy.default_timeout_microseconds = tuned.queue.timeout_us
        policy.timeout_action = pb.ModelQueuePolicy.TimeoutAction.Value(tuned.queue.action.upper())
        policy.allow_timeout_override = tuned.queue.own_timeout
    if tuned.warm_up:
        sample = config.model_warmup.add(name="made-up values", batch_size=1 if config.max_batch_size else 0,
                                         count=tuned.warm_up)
        for tensor in config.input:
            if not tensor.optional:
                made_up = sample.inputs[tensor.name]
                made_up.data_type = tensor.data_type
                made_up.dims.extend(max(size, 1) for size in tensor.dims)
                made_up.zero_data = True
