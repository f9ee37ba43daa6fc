"""What a builder is given and what it gives: the files of a fetched model, its nets, and the words of its manifest."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kernel.problems import Problem
from model_registry.catalog_kit.types import InvalidInput, Nets, Request, Result

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Array = NDArray[Any]
Answer = Callable[[Request], Result]

NUMPY = {"FP32": np.float32, "FP16": np.float16, "FP64": np.float64, "INT64": np.int64, "INT32": np.int32,
         "UINT8": np.uint8, "INT8": np.int8, "BOOL": np.bool_}


@dataclass(frozen=True, slots=True)
class Port:
    """One tensor of a net: name, datatype (as the Open Inference Protocol says it) and shape, -1 where it is free."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Net:
    """One fetched net: the name that it is served by, and its tensors."""

    served: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    def run(self, nets: Nets, feed: Mapping[str, Array] | Array) -> list[Array]:
        """All outputs, in their order. An array alone is the first input; types are cast to what the net declares."""
        values = {self.inputs[0].name: feed} if isinstance(feed, np.ndarray) else feed
        kinds = {port.name: NUMPY[port.datatype] for port in self.inputs}
        found = nets.run(self.served, {name: np.ascontiguousarray(v, kinds[name])
                                       for name, v in values.items() if name in kinds})
        return [found[port.name] for port in self.outputs]

    def has(self, name: str) -> bool:
        return any(port.name == name for port in self.inputs)

    def output(self, name: str) -> int:
        """The place of an output by name; `model_not_ready` where the net has none such."""
        for i, port in enumerate(self.outputs):
            if port.name == name:
                return i
        raise Problem("model_not_ready", f"the net has no output {name}")


@dataclass(frozen=True)
class Kit:
    """A fetched model as its builder sees it."""

    name: str
    options: Mapping[str, Any]
    folder: Path  # of the files, by the names that the entry gives them
    nets: Mapping[str, Net]

    @property
    def net(self) -> Net:
        """The only net."""
        return self.nets["model"]

    def read(self, file: str) -> dict[str, Any]:
        """A JSON file; {} where the entry has none such."""
        path = self.folder / file
        if not path.is_file():
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {"": found}

    @cached_property
    def labels(self) -> list[str]:
        """Names of the classes: from the options, or from `id2label` of the configuration."""
        if "labels" in self.options:
            return [str(label) for label in self.options["labels"]]
        found = self.read("labels.json").get("id2label") or self.read("config.json").get("id2label") or {}
        return [str(found[key]) for key in sorted(found, key=int)]

    def label(self, index: int) -> str:
        return self.labels[index] if 0 <= index < len(self.labels) else f"class {index}"

    def tokenizer(self, max_tokens: int = 0, *, file: str = "tokenizer.json") -> Tokenizer:
        """The model's own tokenizer, cutting at `max_tokens` where given, padding a batch to its longest text."""
        from tokenizers import Tokenizer

        made = Tokenizer.from_file(str(self.folder / file))
        made.no_padding()
        made.no_truncation()
        if max_tokens:
            made.enable_truncation(max_tokens)
        pad = self.options.get("pad_token") or next(
            (t for t in ("[PAD]", "<pad>", "<|endoftext|>", "</s>") if made.token_to_id(t) is not None), None)
        if pad is not None:
            made.enable_padding(pad_id=made.token_to_id(pad) or 0, pad_token=pad)
        return made


@dataclass(frozen=True, slots=True)
class Builder:
    """One kind of model: how to make its answer function, and what all its manifests say."""

    make: Callable[[Kit], Answer]
    input: dict[str, Any]
    output: str
    task: str
    family: str
    unit: str
    amount: str  # minor units of the currency for a unit
    example: dict[str, Any]
    parameters: dict[str, Any] = field(default_factory=dict)
    libraries: tuple[str, ...] = ()
    timeout_ms: int = 60_000
    roles: tuple[str, ...] = ("model",)  # its nets


def softmax(scores: Array, axis: int = -1) -> Array:
    """Shares that sum to 1, in float64."""
    raised = np.exp(scores.astype(np.float64) - scores.max(axis=axis, keepdims=True))
    return np.asarray(raised / raised.sum(axis=axis, keepdims=True))


def sigmoid(scores: Array) -> Array:
    """0…1 for each score by itself, in float64; large numbers do not overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(scores.astype(np.float64) / 2)))


def activate(scores: Array, how: str) -> Array:
    """Scores as they are answered: `softmax`, `sigmoid` or `none` where the net does it itself."""
    if how == "softmax":
        return softmax(scores)
    return sigmoid(scores) if how == "sigmoid" else scores.astype(np.float64)


def top(kit: Kit, scores: Array, count: int) -> list[dict[str, Any]]:
    """The best classes with their names, best first."""
    order = np.argsort(-scores, kind="stable")[:count]
    return [{"label": kit.label(int(i)), "score": round(float(scores[i]), 6)} for i in order]


def refuse(detail: str, field_name: str) -> InvalidInput:
    """What a model can't work with, for the caller to mend."""
    return InvalidInput(detail, field=field_name)
