"""Where a capability's nets run: in this process through onnxruntime, or as Triton models through BLS."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernel.problems import Problem


class LocalNets:
    """`{name}.onnx` from the first search path that holds it (at any depth), on one thread."""

    def __init__(self, search_paths: Iterable[Path]) -> None:
        self._paths = [Path(p) for p in search_paths]
        self._sessions: dict[str, Any] = {}
        self._lock = threading.Lock()

    def find(self, name: str) -> Path:
        """The net's file; Problem `model_not_ready` where there is none."""
        for root in self._paths:
            direct = root / f"{name}.onnx"
            if direct.is_file():
                return direct
            for found in sorted(root.rglob(f"{name}.onnx")):
                return found
        raise Problem("model_not_ready", f"the net {name} is not built: python -m model_registry.nets build")

    def run(self, name: str, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """One inference: all outputs by name."""
        with self._lock:
            session = self._sessions.get(name)
            if session is None:
                session = self._sessions[name] = self._open(self.find(name))
        outputs = session.run(None, dict(inputs))
        return {o.name: np.asarray(v) for o, v in zip(session.get_outputs(), outputs, strict=True)}

    @staticmethod
    def _open(path: Path) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class TritonNets:
    """Business logic scripting: a call from Triton's Python stub to a model of the same server."""

    def __init__(self, pb_utils: Any) -> None:
        self._pb = pb_utils

    def run(self, name: str, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """One inference: all outputs by name."""
        tensors = [self._pb.Tensor(key, np.ascontiguousarray(value)) for key, value in inputs.items()]
        answer = self._pb.InferenceRequest(model_name=name, requested_output_names=[], inputs=tensors).exec()
        if answer.has_error():
            text = answer.error().message()
            code = "model_not_ready" if "is not ready" in text or "not found" in text else "backend_error"
            raise Problem(code, f"the net {name} failed: {text[:300]}")
        return {t.name(): t.as_numpy() for t in answer.output_tensors()}
