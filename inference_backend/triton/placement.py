"""How much of the machine a model gets: instances, device and priority, from its task class and the profile of the
deployment. Pure.

The classes and their weights are those of the article's scheduling policy: `gpu-intensive` 3, `cpu-bound` 1, and
`best-effort` what is left. On one machine a weight is a share of the processor (nice 5 is a third of nice 0 in Linux'
scheduler); on a GPU it is the number of instances that take turns there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

TaskClass = Literal["gpu-intensive", "cpu-bound", "best-effort"]
Profile = Literal["cpu", "gpu"]
Kind = Literal["KIND_AUTO", "KIND_CPU", "KIND_GPU"]

WEIGHTS: dict[TaskClass, int] = {"gpu-intensive": 3, "cpu-bound": 1, "best-effort": 0}
NICE: dict[TaskClass, int] = {"gpu-intensive": 0, "cpu-bound": 5, "best-effort": 15}
HEAVY_BYTES = 8 << 20  # a net of this size is worth a GPU


@dataclass(frozen=True, slots=True)
class Placement:
    """What goes into a model's configuration."""

    instances: int
    kind: Kind
    nice: int
    tensorrt: bool = False
    preferred_batches: tuple[int, ...] = ()
    queue_delay_us: int = 0


def profile_of_environment() -> Profile:
    """TESSERA_TRITON_PROFILE: cpu (the default) or gpu. ValueError for anything else."""
    value = os.environ.get("TESSERA_TRITON_PROFILE") or "cpu"
    if value not in ("cpu", "gpu"):
        raise ValueError(f"TESSERA_TRITON_PROFILE must be cpu or gpu, not {value!r}")
    return "gpu" if value == "gpu" else "cpu"


def class_of_net(size_bytes: int) -> TaskClass:
    """The class of a net that was not profiled, by its size."""
    return "gpu-intensive" if size_bytes >= HEAVY_BYTES else "cpu-bound"


def place_net(task: TaskClass, profile: Profile) -> Placement:
    """One ONNX net. Without a GPU one instance each: batches, not instances, use the cores, and memory is dear."""
    if profile == "gpu" and task == "gpu-intensive":
        return Placement(WEIGHTS[task], "KIND_GPU", NICE[task], tensorrt=True, preferred_batches=(8, 16, 32),
                         queue_delay_us=1000)
    # Small nets stay on the processor: the way to the GPU costs more than they do.
    return Placement(1, "KIND_CPU" if profile == "gpu" else "KIND_AUTO", NICE[task])


def place_host(task: TaskClass, cores: int) -> Placement:
    """The code of a family: always on the processor; two instances, so that one long call doesn't stop the family."""
    return Placement(min(2, max(cores, 1)) if task == "cpu-bound" else 1, "KIND_CPU", NICE[task])
