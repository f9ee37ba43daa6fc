"""The steps before and after the net, as the platform runs them: declared, so that no code of yours has to travel.

Each is a small dict in the manifest's words. The same steps run here (`make`, `finish`), so that `check()` and
`serve()` answer what the platform will answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tessera.errors import ConfigurationError, TesseraError
from tessera.oip import DTYPES, _numpy

Step = dict[str, Any]
OUTPUT_OF = {"tensors": "tensors", "labels": "label_scores", "row_labels": "row_scores", "row_values": "row_scores",
             "embeddings": "embedding"}


class BadInput(TesseraError):
    """An input that a step can't take."""


def _step(kind: str, **given: Any) -> Step:
    return {"step": kind, **{name: value for name, value in given.items() if value is not None}}


def array(field: str) -> Step:
    """Nested lists as they are, in the tensor's datatype."""
    return _step("array", field=field)


def columns(field: str, names: Sequence[str], *, categories: Mapping[str, Sequence[str]] | None = None,
            missing: float | None = None) -> Step:
    """A table, one row a line: ``[n, len(names)]``; a category's word becomes its index."""
    return _step("columns", field=field, columns=list(names), missing=missing,
                 categories={name: list(words) for name, words in (categories or {}).items()} or None)


def image(field: str, size: tuple[int, int], *, layout: str | None = None, color: str | None = None,
          scale: float | None = None, mean: Sequence[float] | None = None, std: Sequence[float] | None = None,
          fit: str | None = None) -> Step:
    """A picture as ``[1, c, h, w]`` (layout nchw) or ``[1, h, w, c]`` (nhwc): (pixel · scale − mean) / std."""
    return _step("image", field=field, size=list(size), layout=layout, color=color, scale=scale, fit=fit,
                 mean=list(mean) if mean is not None else None, std=list(std) if std is not None else None)


def audio(field: str, seconds: float) -> Step:
    """Samples as ``[1, n]``, cut or padded to so many seconds; the field's kind needs a `rate`."""
    return _step("audio", field=field, seconds=seconds)


def series(field: str, length: int, *, normalize: str | None = None) -> Step:
    """Numbers as ``[1, n]``, cut or padded to the length; normalize: none, zscore or minmax."""
    return _step("series", field=field, length=length, normalize=normalize)


def texts(field: str) -> Step:
    """One text or several as strings ``[n]`` or ``[n, 1]``."""
    return _step("texts", field=field)


def value(field: str | None = None, *, parameter: str | None = None) -> Step:
    """One number, boolean or choice, from a field or a parameter."""
    return _step("value", field=field, parameter=parameter)


def tensors() -> Step:
    """Every output as nested lists."""
    return _step("tensors")


def labels(tensor: str, names: Sequence[str], *, softmax: bool | None = None) -> Step:
    """``[1, k]`` or ``[k]`` as labels with scores, best first; the parameter `top` cuts them."""
    return _step("labels", tensor=tensor, labels=list(names), softmax=softmax)


def row_labels(tensor: str, names: Sequence[str], *, softmax: bool | None = None) -> Step:
    """``[n, k]`` as the best label of each row."""
    return _step("row_labels", tensor=tensor, labels=list(names), softmax=softmax)


def row_values(tensor: str) -> Step:
    """``[n]`` or ``[n, 1]`` as the score of each row."""
    return _step("row_values", tensor=tensor)


def embeddings(tensor: str, *, normalize: bool | None = None) -> Step:
    """``[n, d]`` as vectors."""
    return _step("embeddings", tensor=tensor, normalize=normalize)


def make(step: Step, datatype: str, shape: Sequence[int], given: Mapping[str, Any],
         parameters: Mapping[str, Any]) -> Any:
    """The tensor that a step makes of the input: (-1 in `shape` is free). None where an optional field is left out.
    Raises BadInput."""
    np = _numpy()
    field = str(step.get("field") or "")
    wanted = given.get(field) if field else parameters.get(str(step.get("parameter") or ""))
    if wanted is None:
        return None
    maker = _MAKERS.get(step["step"])
    if maker is None:
        raise ConfigurationError(f"the step {step['step']!r} is not known here")
    dtype: Any = object if datatype == "BYTES" else DTYPES[datatype]
    try:
        made = np.ascontiguousarray(maker(step, wanted, shape, dtype))
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInput(f"{field}: {error}") from None
    if made.ndim != len(shape) or any(a not in (-1, b) for a, b in zip(shape, made.shape, strict=True)):
        raise BadInput(f"{field}: makes the shape {list(made.shape)}; the net takes {list(shape)}")
    return made


def _array(step: Step, given: Any, shape: Sequence[int], dtype: Any) -> Any:
    return _numpy().array(given, dtype=dtype)


def _columns(step: Step, rows: Any, shape: Sequence[int], dtype: Any) -> Any:
    known: Mapping[str, list[str]] = step.get("categories") or {}

    def cell(row: Mapping[str, Any], name: str) -> float:
        found = row.get(name)
        if found is None:
            if step.get("missing") is None:
                raise ValueError(f"column {name} is missing")
            return float(step["missing"])
        if name in known:
            return float(known[name].index(str(found)))
        if not isinstance(found, bool | int | float):
            raise ValueError(f"{name} must be a number, not {found!r}")
        return float(found)

    return _numpy().array([[cell(row, name) for name in step["columns"]] for row in rows]).astype(dtype)


def _image(step: Step, given: Any, shape: Sequence[int], dtype: Any) -> Any:
    import io

    np = _numpy()
    try:
        from PIL import Image
    except ImportError:
        raise ConfigurationError("pictures need pillow: pip install tessera-sdk[service]") from None
    picture = Image.open(io.BytesIO(given)) if isinstance(given, bytes) else Image.fromarray(np.asarray(given))
    picture = picture.convert("RGB")
    height, width = step["size"]
    if step.get("fit") == "letterbox":
        ratio = min(height / picture.height, width / picture.width)
        inner = picture.resize((max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio))),
                               Image.Resampling.BILINEAR)
        picture = Image.new("RGB", (width, height), (114, 114, 114))
        picture.paste(inner, ((width - inner.width) // 2, (height - inner.height) // 2))
    else:
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    color = step.get("color", "rgb")
    pixels = np.asarray(picture.convert("L") if color == "grey" else picture, np.float64)
    pixels = pixels[..., None] if color == "grey" else pixels[..., ::-1] if color == "bgr" else pixels
    pixels = pixels * float(step.get("scale", 1)) - np.asarray(step.get("mean") or 0.0, np.float64)
    pixels = pixels / np.asarray(step.get("std") or 1.0, np.float64)
    return (pixels.transpose(2, 0, 1) if step.get("layout", "nchw") == "nchw" else pixels)[None].astype(dtype)


def _line(numbers: Any, length: int, shape: Sequence[int]) -> Any:
    np = _numpy()
    fitted = np.pad(numbers[:length], (0, max(0, length - len(numbers))))
    return fitted, (1,) * max(len(shape) - 1, 0) + (-1,)


def _series(step: Step, given: Any, shape: Sequence[int], dtype: Any) -> Any:
    np = _numpy()
    numbers = np.asarray(given["values"] if isinstance(given, Mapping) else given, dtype=np.float64)
    fitted, ranked = _line(numbers, int(step["length"]), shape)
    if step.get("normalize") == "zscore":
        fitted = (fitted - fitted.mean()) / (fitted.std() or 1.0)
    elif step.get("normalize") == "minmax":
        fitted = (fitted - fitted.min()) / ((fitted.max() - fitted.min()) or 1.0)
    return fitted.reshape(ranked).astype(dtype)


def _audio(step: Step, given: Any, shape: Sequence[int], dtype: Any) -> Any:
    samples, rate = given
    fitted, ranked = _line(_numpy().asarray(samples), round(float(step["seconds"]) * rate), shape)
    return fitted.reshape(ranked).astype(dtype)


def _texts(step: Step, given: Any, shape: Sequence[int], dtype: Any) -> Any:
    words = _numpy().array([given] if isinstance(given, str) else list(given), dtype=object)
    return words[:, None] if len(shape) == 2 else words


def _value(step: Step, given: Any, shape: Sequence[int], dtype: Any) -> Any:
    return _numpy().full((1,) * len(shape), given, dtype=dtype)


_MAKERS = {"array": _array, "columns": _columns, "image": _image, "series": _series, "audio": _audio,
           "texts": _texts, "value": _value}


def finish(step: Step, found: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The output that a step makes of the net's tensors."""
    np = _numpy()
    kind = step["step"]
    if kind == "tensors":
        return {"tensors": {name: _lists(np.asarray(array)) for name, array in found.items()}}
    scores = np.asarray(found[step.get("tensor") or next(iter(found))], dtype=np.float64)
    if step.get("softmax"):
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores = scores / scores.sum(axis=-1, keepdims=True)
    if kind == "labels":
        line = scores.reshape(-1)
        order = np.argsort(-np.nan_to_num(line, nan=-np.inf), kind="stable")[:int(parameters.get("top") or 5)]
        return {"labels": [{"label": step["labels"][n], "score": _number(line[n]) or 0.0} for n in order]}
    if kind == "row_labels":
        best = np.nan_to_num(scores, nan=-np.inf).argmax(axis=1)
        return {"rows": [{"index": n, "label": step["labels"][k], "score": _number(scores[n, k])}
                         for n, k in enumerate(best)]}
    if kind == "row_values":
        column = scores.reshape(len(scores), -1)[:, 0]
        return {"rows": [{"index": n, "score": _number(score)} for n, score in enumerate(column)]}
    if kind == "embeddings":
        vectors = scores.reshape(len(scores), -1)
        if step.get("normalize") is True:
            vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return {"dimensions": int(vectors.shape[1]), "embeddings": vectors.tolist()}
    raise ConfigurationError(f"the step {kind!r} is not known here")


def _number(found: Any) -> float | None:
    """A number that JSON has."""
    return float(found) if _numpy().isfinite(found) else None


def _lists(array: Any) -> Any:
    np = _numpy()
    if array.dtype == object:
        return np.vectorize(lambda item: item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item),
                            otypes=[object])(array).tolist()
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return np.where(np.isfinite(array), array.astype(np.float64), None).tolist()
    return array.tolist()
