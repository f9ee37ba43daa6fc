"""A net on this machine: ONNX, run by onnxruntime (`pip install tessera-sdk[service]`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tessera.errors import ConfigurationError
from tessera.oip import _numpy

_TYPES = {"float": "FP32", "double": "FP64", "float16": "FP16", "string": "BYTES", "bool": "BOOL",
          **{f"{sign}int{bits}": f"{sign}INT{bits}".upper() for sign in ("", "u") for bits in (8, 16, 32, 64)}}


@dataclass(frozen=True)
class Tensor:
    """A tensor of a net: ``shape`` has -1 where a dimension is free."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    def document(self) -> dict[str, Any]:
        return {"name": self.name, "datatype": self.datatype, "shape": list(self.shape)}


class Net:
    """An ONNX net: `run({"X": array})` gives its outputs by name."""

    def __init__(self, path: str | Path) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise ConfigurationError("a net needs onnxruntime: pip install tessera-sdk[service]") from None
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.path = Path(path)
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.inputs = [_tensor(each) for each in self._session.get_inputs()]
        self.outputs = [_tensor(each) for each in self._session.get_outputs()]

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Arrays in, arrays out, by name."""
        np = _numpy()
        fed = {name: np.array([x.decode() if isinstance(x, bytes) else x for x in array.reshape(-1)],
                              dtype=object).reshape(array.shape) if array.dtype.kind == "O" else array
               for name, array in inputs.items()}
        return dict(zip((tensor.name for tensor in self.outputs), self._session.run(None, fed), strict=True))

    __call__ = run


def _tensor(found: Any) -> Tensor:
    kind = re.fullmatch(r"tensor\((\w+)\)", found.type)
    if kind is None or kind[1] not in _TYPES:
        raise ConfigurationError(f"{found.name}: {found.type} can't be served")
    return Tensor(found.name, _TYPES[kind[1]], tuple(n if isinstance(n, int) and n > 0 else -1 for n in found.shape))


def load_model(path: str | Path) -> Net:
    """Opens a net by its file. Raises ConfigurationError on a format that the platform does not run."""
    path = Path(path)
    if path.suffix == ".onnx":
        return Net(path)
    if path.is_dir() or path.suffix in (".pb", ".h5", ".keras", ".tflite"):
        raise ConfigurationError(f"{path.name} is TensorFlow's: convert it once, "
                                 f"python -m tf2onnx.convert --saved-model {path} --output model.onnx")
    raise ConfigurationError(f"{path.name}: the platform runs .onnx (code and pickles never travel)")
