"""A second, different input of an entry: `second.json` beside it, else the first that its quality.py asks about.

What it must answer stands in second.json; else it is what the entry answers in this process, with the nets on this
machine, to a question whose truth quality.py knows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_registry.catalog_kit.quality import Answer, Ask, quality_module
from model_registry.catalog_kit.runner import read_example, run_capability


@dataclass(frozen=True, slots=True)
class Case:
    """A request in the host's form, its files, and the output that it must have."""

    request: dict[str, Any]
    media: list[bytes]
    output: dict[str, Any]
    tolerance: float


class _FoundError(Exception):
    """Stops quality.py at its first suitable question."""

    def __init__(self, case: Case) -> None:
        self.case = case


class _First(Ask):
    """An Ask that stops at the first question that is not the example's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.known, self.known_media, example = read_example(folder)
        self.tolerance = float(example.get("tolerance", 1e-6))

    def __call__(self, *, parameters: Mapping[str, Any] | None = None, **fields: Any) -> Answer:
        request, media = self.request(parameters, fields)
        # As it will be on the wire: NumPy's numbers are none there.
        request = json.loads(json.dumps(request, default=lambda value: value.tolist()))
        response, files = run_capability(self.folder, request, media, nets=self.nets)
        if (request["input"], media) != (self.known["input"], self.known_media):
            raise _FoundError(Case(request, media, response["output"], self.tolerance))
        return Answer(response["output"], files, response["warnings"])


def second_case(folder: Path) -> Case | None:
    """The second input of an entry with the answer that it has here; None where there is none."""
    if (folder / "second.json").is_file():
        request, media, second = read_example(folder, "second.json")
        return Case(request, media, second["output"], float(second.get("tolerance", 1e-6)))
    module = quality_module(folder)
    if module is None:
        return None
    try:
        module.measure(_First(folder))
    except _FoundError as found:
        return found.case
    return None
