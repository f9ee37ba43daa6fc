"""silero VAD as its wheel ships it, with the sampling rate a constant: Triton has no scalar inputs."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper

from model_registry.nets.build import content_of

RATE = 16000


def convert(name: str, content: bytes) -> dict[str, bytes]:
    model = onnx.load_model_from_string(content)
    graph = model.graph
    rate = next((item for item in graph.input if item.name == "sr"), None)
    if rate is not None:
        graph.input.remove(rate)
        graph.initializer.append(numpy_helper.from_array(np.array(RATE, np.int64), "sr"))
    if name == "silero-vad":
        # The published file leaves the shape of the next state open; Triton wants it as it is.
        for tensor in (*graph.input, *graph.output):
            if tensor.name in ("state", "stateN"):
                for axis, size in zip(tensor.type.tensor_type.shape.dim, (2, None, 128), strict=True):
                    if size is None:
                        axis.dim_param = "batch"
                    else:
                        axis.dim_value = size
    onnx.checker.check_model(model)
    return {f"{name}.onnx": content_of(model)}
