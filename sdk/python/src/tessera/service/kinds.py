"""The kinds of input and output, as annotations of `predict`: `def predict(self, input_text: Text) -> LabelScores`."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from tessera._generated import results as r
from tessera.errors import ConfigurationError
from tessera.record import Record


@dataclass(frozen=True)
class Kind:
    """One field of the input: its kind and its bounds, in the manifest's words (`max_chars`, `columns` …)."""

    name: str
    bounds: Mapping[str, Any] = field(default_factory=dict)

    def manifest(self) -> dict[str, Any]:
        return {"kind": self.name, **self.bounds}


def kind(name: str, **bounds: Any) -> Kind:
    """A kind with bounds of your own: ``Annotated[str, kind("text", max_chars=500)]``."""
    return Kind(name, bounds)


Text = Annotated[str, Kind("text")]
Texts = Annotated[list[str], Kind("texts")]
Image = Annotated[Any, Kind("image")]  # uint8 RGB (h, w, 3)
Audio = Annotated[Any, Kind("audio")]  # float32 mono samples
Table = Annotated[list[dict[str, Any]], Kind("table")]
Series = Annotated[list[float], Kind("series")]
Array = Annotated[Any, Kind("problem")]  # nested lists
Number = Annotated[float, Kind("number")]
Integer = Annotated[int, Kind("integer")]
Boolean = Annotated[bool, Kind("boolean")]
LabelScores, RowScores, Embedding = r.LabelScores, r.RowScores, r.Embedding
_PLAIN: dict[Any, str] = {str: "text", float: "number", int: "integer", bool: "boolean", list[str]: "texts",
                          list[dict[str, Any]]: "table", list[float]: "series"}
_NAMES = {cls: name for name, cls in r.BY_OUTPUT.items()}


@dataclass(frozen=True)
class Signature:
    """What `predict` takes and gives. Arguments without a default are input fields, the others parameters."""

    fields: Mapping[str, Kind]
    parameters: Mapping[str, tuple[Kind, Any]]
    output: str


OF_STEP = {"texts": "text", "columns": "table", "image": "image", "series": "series", "audio": "audio",
           "array": "problem", "value": "number"}


def signature_of(predict: Any, steps: Mapping[str, Mapping[str, Any]] | None = None) -> Signature:
    """The signature by the annotations, or where there is none by the step that reads the argument. Raises
    ConfigurationError on an argument of no known kind."""
    read = {str(step.get("field") or step.get("parameter")): OF_STEP.get(step["step"], "")
            for step in (steps or {}).values()}
    hints = typing.get_type_hints(predict, include_extras=True)
    fields: dict[str, Kind] = {}
    parameters: dict[str, tuple[Kind, Any]] = {}
    for name, argument in inspect.signature(predict).parameters.items():
        if name == "self" or argument.kind in (argument.VAR_KEYWORD, argument.VAR_POSITIONAL):
            continue
        found = _kind_of(hints.get(name))
        if found is None and name not in hints and read.get(name):
            found = Kind(read[name])
        if found is None:
            raise ConfigurationError(f"{name}: {hints.get(name)!r} is no kind; annotate it with tessera.service.Text …")
        if argument.default is argument.empty:
            fields[name] = found
        else:
            parameters[name] = (found, argument.default)
    answer = hints.get("return")
    known = isinstance(answer, type) and issubclass(answer, Record)
    return Signature(fields, parameters, _NAMES.get(typing.cast("type[Record]", answer), "") if known else "")


def _kind_of(hint: Any) -> Kind | None:
    for note in getattr(hint, "__metadata__", ()):
        if isinstance(note, Kind):
            return note
    return Kind(_PLAIN[hint]) if hint in _PLAIN else None
