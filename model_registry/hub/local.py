"""A fetched model's nets in this process, through onnxruntime: for its trial and for tests. Triton serves them else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.hub.kit import Net


class FolderNets:
    """`{role}.onnx` of a folder, by the names that the nets are served by; only their declared outputs are computed."""

    def __init__(self, folder: Path, nets: Mapping[str, Net]) -> None:
        self._folder, self._nets = folder, {net.served: (role, net) for role, net in nets.items()}
        self._sessions: dict[str, Any] = {}

    def run(self, name: str, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """One inference: the declared outputs by name."""
        role, net = self._nets[name]
        if role not in self._sessions:
            self._sessions[role] = _open(self._folder / f"{role}.onnx")
        names = [port.name for port in net.outputs]
        found = self._sessions[role].run(names, dict(inputs))
        return {key: np.asarray(value) for key, value in zip(names, found, strict=True)}


def _open(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
