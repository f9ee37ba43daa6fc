"""The steps around a net, by name. Each is a pure function of decoded input and declared words.

`feed` makes the arrays of the input tensors, `answer` the output of the tensors that came back. `check_steps` says at
upload what can't work, so that a call never finds out first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernel.contracts import TensorSpec
from model_registry.catalog_kit.types import Audio, InvalidInput, Series

Array = NDArray[Any]
Words = Mapping[str, Any]

DTYPES: dict[str, Any] = {
    "BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
    "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "FP16": np.float16, "FP32": np.float32,
    "FP64": np.float64, "BYTES": np.object_,
}
# Step → the kinds of field that it takes, and the words that it needs.
BEFORE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "array": (("problem",), ("field",)), "columns": (("table",), ("field", "columns")),
    "image": (("image",), ("field", "size")), "series": (("series",), ("field", "length")),
    "audio": (("audio",), ("field", "seconds")), "texts": (("text", "texts"), ("field",)),
    "value": (("number", "integer", "boolean", "choice"), ()),
}
# Step → the output that it makes, and the words that it needs.
AFTER: dict[str, tuple[str, tuple[str, ...]]] = {
    "tensors": ("tensors", ()), "labels": ("label_scores", ("labels",)), "row_labels": ("row_scores", ("labels",)),
    "row_values": ("row_scores", ()), "embeddings": ("embedding", ()),
}


# ---------------------------------------------------------------- before the net

def _array(value: Any, words: Words, spec: TensorSpec, field: str) -> Array:
    dtype = DTYPES[spec.datatype]
    try:
        made = np.array(value, dtype=dtype)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"is no array of {spec.datatype} of the shape {list(spec.shape)}", field=field,
                           code="validation_error") from None
    if spec.datatype == "BYTES" and any(not isinstance(item, str) for item in made.ravel()):
        raise InvalidInput("must hold texts", field=field, code="validation_error")
    return made


def _columns(rows: Any, words: Words, spec: TensorSpec, field: str) -> Array:
    categories = {name: {word: i for i, word in enumerate(known)} for name, known in
                  (words.get("categories") or {}).items()}
    missing = words.get("missing")
    made = np.empty((len(rows), len(words["columns"])), np.float64)
    for i, row in enumerate(rows):
        for j, name in enumerate(words["columns"]):
            cell = row.get(name)
            if cell is None:
                if missing is None:
                    raise InvalidInput(f"column {name} is missing", field=f"/input/{field}/{i}/{name}",
                                       code="validation_error")
                made[i, j] = missing
            elif name in categories:
                if str(cell) not in categories[name]:
                    raise InvalidInput(f"{str(cell)[:40]!r} is none of {', '.join(list(categories[name])[:8])}",
                                       field=f"/input/{field}/{i}/{name}", code="validation_error")
                made[i, j] = categories[name][str(cell)]
            elif isinstance(cell, bool | int | float):
                made[i, j] = cell
            else:
                raise InvalidInput("must be a number", field=f"/input/{field}/{i}/{name}", code="validation_error")
    return made.astype(DTYPES[spec.datatype])


def _image(pixels: Any, words: Words, spec: TensorSpec, field: str) -> Array:
    from PIL import Image

    height, width = words["size"]
    picture = Image.fromarray(pixels)
    if words.get("fit") == "letterbox":
        ratio = min(height / picture.height, width / picture.width)
        inner = picture.resize((max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio))),
                               Image.Resampling.BILINEAR)
        framed = Image.new("RGB", (width, height), (114, 114, 114))
        framed.paste(inner, ((width - inner.width) // 2, (height - inner.height) // 2))
        picture = framed
    else:
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    color = words.get("color", "rgb")
    array = np.asarray(picture.convert("L") if color == "grey" else picture, np.float64)
    array = array[..., None] if color == "grey" else array[..., ::-1] if color == "bgr" else array
    array = array * float(words.get("scale", 1))
    if words.get("mean"):
        array = array - np.asarray(words["mean"], np.float64)
    if words.get("std"):
        array = array / np.asarray(words["std"], np.float64)
    if words.get("layout", "nchw") == "nchw":
        array = array.transpose(2, 0, 1)
    return np.ascontiguousarray(array[None]).astype(DTYPES[spec.datatype])


def _fitted(values: Array, length: int) -> Array:
    return np.pad(values[:length], (0, max(0, length - len(values))))


def _ranked(values: Array, spec: TensorSpec) -> Array:
    """A line of numbers as the tensor wants it: leading ones for the dimensions that it has more."""
    return values.reshape((1,) * max(len(spec.shape) - 1, 0) + (-1,)).astype(DTYPES[spec.datatype])


def _series(value: Any, words: Words, spec: TensorSpec, field: str) -> Array:
    assert isinstance(value, Series)
    values = _fitted(value.values, int(words["length"]))
    way = words.get("normalize", "none")
    if way == "zscore":
        values = (values - values.mean()) / (values.std() or 1.0)
    elif way == "minmax":
        values = (values - values.min()) / ((values.max() - values.min()) or 1.0)
    return _ranked(values, spec)


def _audio(value: Any, words: Words, spec: TensorSpec, field: str) -> Array:
    assert isinstance(value, Audio)
    return _ranked(_fitted(value.samples, round(float(words["seconds"]) * value.rate)), spec)


def _texts(value: Any, words: Words, spec: TensorSpec, field: str) -> Array:
    texts = np.array([value] if isinstance(value, str) else list(value), dtype=np.object_)
    return texts[:, None] if len(spec.shape) == 2 else texts


def _value(value: Any, words: Words, spec: TensorSpec, field: str) -> Array:
    return np.full((1,) * len(spec.shape), value, dtype=DTYPES[spec.datatype])


_BEFORE: dict[str, Callable[[Any, Words, TensorSpec, str], Array]] = {
    "array": _array, "columns": _columns, "image": _image, "series": _series, "audio": _audio, "texts": _texts,
    "value": _value,
}


def feed(specs: Sequence[TensorSpec], steps: Mapping[str, Words], given: Mapping[str, Any],
         parameters: Mapping[str, Any]) -> dict[str, Array]:
    """The net's inputs from decoded fields. Raises InvalidInput where a shape does not fit the signature."""
    made = {}
    for spec in specs:
        words = steps.get(spec.name)
        if words is None:
            continue  # an optional tensor that the service leaves out
        field = str(words.get("field") or "")
        value = given.get(field) if field else parameters.get(str(words.get("parameter") or ""))
        if value is None:
            continue
        array = _BEFORE[str(words["step"])](value, words, spec, field)
        if array.ndim != len(spec.shape) or any(s not in (-1, size) for s, size in
                                                zip(spec.shape, array.shape, strict=True)):
            raise InvalidInput(f"makes the shape {list(array.shape)}; the net takes {list(spec.shape)}", field=field,
                               code="validation_error")
        made[spec.name] = array
    return made


# ---------------------------------------------------------------- after the net

def softmax(scores: Array) -> Array:
    """Along the last axis, without overflow."""
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def _scores(tensors: Mapping[str, Array], words: Words) -> Array:
    name = words.get("tensor") or next(iter(tensors))
    scores = np.asarray(tensors[name], np.float64)
    return softmax(scores) if words.get("softmax") else scores


def _number(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def _as_tensors(tensors: Mapping[str, Array], words: Words, parameters: Mapping[str, Any]) -> dict[str, Any]:
    def plain(array: Array) -> Any:
        if array.dtype == np.object_:
            return np.vectorize(lambda item: item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item),
                                otypes=[object])(array).tolist()
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return np.where(np.isfinite(array), array.astype(np.object_), np.array(None, np.object_)).tolist()
        return array.tolist()

    return {"tensors": {name: plain(np.asarray(array)) for name, array in tensors.items()}}


def _labels(tensors: Mapping[str, Array], words: Words, parameters: Mapping[str, Any]) -> dict[str, Any]:
    scores = _scores(tensors, words).reshape(-1)
    top = min(int(parameters.get("top") or 5), len(scores))
    order = np.argsort(-np.nan_to_num(scores, nan=-math.inf), kind="stable")[:top]
    return {"labels": [{"label": words["labels"][i], "score": _number(scores[i]) or 0.0} for i in order]}


def _row_labels(tensors: Mapping[str, Array], words: Words, parameters: Mapping[str, Any]) -> dict[str, Any]:
    scores = _scores(tensors, words)
    best = np.nan_to_num(scores, nan=-math.inf).argmax(axis=1)
    return {"rows": [{"index": i, "label": words["labels"][k], "score": _number(scores[i, k])}
                     for i, k in enumerate(best)]}


def _row_values(tensors: Mapping[str, Array], words: Words, parameters: Mapping[str, Any]) -> dict[str, Any]:
    values = _scores(tensors, words)
    return {"rows": [{"index": i, "score": _number(v)} for i, v in enumerate(values.reshape(len(values), -1)[:, 0])]}


def _embeddings(tensors: Mapping[str, Array], words: Words, parameters: Mapping[str, Any]) -> dict[str, Any]:
    vectors = _scores(tensors, words)
    vectors = vectors.reshape(len(vectors), -1)
    if words.get("normalize") is True:
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return {"dimensions": int(vectors.shape[1]), "embeddings": vectors.tolist()}


_AFTER: dict[str, Callable[[Mapping[str, Array], Words, Mapping[str, Any]], dict[str, Any]]] = {
    "tensors": _as_tensors, "labels": _labels, "row_labels": _row_labels, "row_values": _row_values,
    "embeddings": _embeddings,
}


def answer(tensors: Mapping[str, Array], step: Words, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The output of a call from the net's tensors."""
    return _AFTER[str(step["step"])](tensors, step, parameters)


# ---------------------------------------------------------------- at upload

def check_steps(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What in a service's document can't work, as (pointer, fault). `document` is `service.json`."""
    faults: list[tuple[str, str]] = []
    specs = {spec["name"]: spec for spec in document["inputs"]}
    outputs = {spec["name"]: spec for spec in document["outputs"]}
    for tensor, words in document["preprocess"].items():
        faults += [(f"/preprocess/{tensor}", fault) for fault in _before_faults(tensor, words, specs, document)]
    for name, spec in specs.items():
        if name not in document["preprocess"] and not spec["optional"]:
            faults.append(("/preprocess", f"nothing makes the input tensor {name}"))
    words = document["postprocess"] or {}
    step = str(words.get("step", ""))
    if step not in AFTER:
        return [*faults, ("/postprocess/step", f"unknown step {step}; known: {', '.join(AFTER)}")]
    made, needed = AFTER[step]
    if document["output"] != made:
        faults.append(("/output", f"the step {step} makes {made}, not {document['output']}"))
    faults += [("/postprocess", f"{step} needs {word}") for word in needed if not words.get(word)]
    tensor = words.get("tensor") or next(iter(outputs))
    if tensor not in outputs:
        faults.append(("/postprocess/tensor", f"the graph has no output {tensor}; it has {', '.join(outputs)}"))
    elif step != "tensors":
        shape, datatype = outputs[tensor]["shape"], outputs[tensor]["datatype"]
        if datatype == "BYTES":
            faults.append(("/postprocess/tensor", f"{tensor} holds texts; {step} needs numbers"))
        if words.get("labels") and shape[-1] not in (-1, len(words["labels"])):
            faults.append(("/postprocess/labels", f"{len(words['labels'])} labels; {tensor} has {shape[-1]} scores"))
        if step == "row_labels" and len(shape) != 2:
            faults.append(("/postprocess/tensor", f"{tensor} must have the shape [rows, labels]"))
    return faults


def _before_faults(tensor: str, words: Words, specs: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    if tensor not in specs:
        return [f"the graph has no input {tensor}; it has {', '.join(specs)}"]
    step = str(words.get("step", ""))
    if step not in BEFORE:
        return [f"unknown step {step}; known: {', '.join(BEFORE)}"]
    kinds, needed = BEFORE[step]
    faults = [f"{step} needs {word}" for word in needed if words.get(word) is None]
    source = document["input"].get(words.get("field")) or document["parameters"].get(words.get("parameter"))
    if source is None:
        faults.append(f"{step} needs a field" + (" or a parameter" if step == "value" else ""))
    elif source["kind"] not in kinds:
        faults.append(f"{step} takes a field of the kind {' or '.join(kinds)}, not {source['kind']}")
    elif step == "audio" and not source.get("rate"):
        faults.append("the audio field needs a rate, so that its samples fit the net")
    shape = specs[tensor]["shape"]
    if step == "columns" and words.get("columns") and (
            len(shape) != 2 or shape[1] not in (-1, len(words["columns"]))):
        faults.append(f"makes [rows, {len(words['columns'])}]; the net takes {shape}")
    if step == "image" and words.get("size"):
        depth = 1 if words.get("color") == "grey" else 3
        sides = [depth, *words["size"]] if words.get("layout", "nchw") == "nchw" else [*words["size"], depth]
        if len(shape) != 4 or any(s not in (-1, size) for s, size in zip(shape, [1, *sides], strict=True)):
            faults.append(f"makes {[1, *sides]}; the net takes {shape}")
    if step in ("texts",) and (specs[tensor]["datatype"] != "BYTES" or len(shape) > 2):
        faults.append("makes texts [n] or [n, 1]; the net takes something else")
    if step in ("columns", "image", "series", "audio") and specs[tensor]["datatype"] == "BYTES":
        faults.append("makes numbers; the net takes texts")
    return faults


__all__ = ["AFTER", "BEFORE", "DTYPES", "answer", "check_steps", "feed", "softmax"]
