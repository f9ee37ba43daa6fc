"""What an entry is given and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kernel.problems import FieldError, Problem


class InvalidInput(Problem):
    """A fault of the caller: `InvalidInput("no text in the page", field="image")`.

    `field` is the name of an input field, or a whole pointer such as "/parameters/threshold". What an entry raises is a
    `model_error`; what breaks the manifest's bounds is a `validation_error`.
    """

    def __init__(self, detail: str, *, field: str = "", code: str = "model_error") -> None:
        pointer = field if not field or field.startswith("/") else f"/input/{field}"
        super().__init__(code, detail, errors=[FieldError(pointer, detail)] if pointer else [])
        self.pointer = pointer


@dataclass(frozen=True, slots=True)
class Audio:
    """Mono sound: float32 samples in -1…1 and samples a second."""

    samples: NDArray[np.float32]
    rate: int

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate


@dataclass(frozen=True, slots=True)
class Series:
    """Equally spaced values (float64; NaN only where the manifest says `allow_missing`), and where known their first
    moment (ISO 8601) and pandas frequency."""

    values: NDArray[np.float64]
    start: str | None = None
    freq: str | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """A file in an answer."""

    content_type: str
    data: bytes


class Nets(Protocol):
    """The neural nets that a capability declares."""

    def run(self, name: str, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """One inference of the net: all its outputs by name. Arrays carry the batch dimension."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """One call, decoded and checked."""

    input: dict[str, Any]
    parameters: dict[str, Any]
    nets: Nets


@dataclass(slots=True)
class Result:
    """One answer: JSON of the declared output, the files it refers to as {"$media": i}, and warnings for people."""

    output: dict[str, Any]
    media: list[Media] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add_media(self, content_type: str, data: bytes) -> dict[str, int]:
        """Stores a file and returns the reference to put into the output."""
        self.media.append(Media(content_type, data))
        return {"$media": len(self.media) - 1}
