"""A net's process may take so much memory and no more; what onnxruntime says then is known for what it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.isolation.nets import hostile

BACKEND = Path(__file__).resolve().parents[2] / "inference_backend" / "backends" / "onnxruntime" / "model.py"
PROGRAM = """
import importlib.util, sys, types
import numpy as np
sys.modules["triton_python_backend_utils"] = types.ModuleType("triton_python_backend_utils")
spec = importlib.util.spec_from_file_location("backend", sys.argv[1])
backend = importlib.util.module_from_spec(spec)
spec.loader.exec_module(backend)
session = backend.onnxruntime.InferenceSession(sys.argv[2], backend._options((1, 1), 0))
assert not backend.limit_memory(0)
assert backend.limit_memory(256)
for given, refused in ((1, False), (40, True), (2, False)):
    try:
        session.run(None, {"n": np.array([given])})
        assert not refused
    except Exception as error:
        assert refused, error
        assert backend._out_of_memory(error), error
print("held")
"""


def test_what_takes_more_than_it_may_is_told_so(tmp_path: Path) -> None:
    eater = next(one for one in hostile() if one.name == "eater")
    (tmp_path / "net.onnx").write_bytes(eater.net)
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(BACKEND), str(tmp_path / "net.onnx")], text=True,
                          capture_output=True, timeout=60, check=False, env={
                              "PATH": os.environ["PATH"], "ORT_DISABLE_TELEMETRY": "1", "MALLOC_ARENA_MAX": "2"})
    assert done.stdout == "held\n", done.stderr


@pytest.mark.parametrize("one", hostile(), ids=lambda one: one.name)
def test_the_graphs_that_turn_pass_for_honest_ones(one: object, tmp_path: Path) -> None:
    """Every check but the limits at run time would let them in: that is why there are limits at run time."""
    import onnx

    from model_registry.uploads import graph

    (tmp_path / "net.onnx").write_bytes(one.net)  # type: ignore[attr-defined]
    model = graph.read_model(tmp_path / "net.onnx")
    assert graph.examine(model, tmp_path, ("net.onnx",)).nodes >= 2
    onnx.checker.check_model(model, full_check=True)
