"""A net's process may take so much memory and no more; what onnxruntime says then is known for what it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.isolation.nets import hostile

BACKEND = Path(__file__).resolve().parents[2] / "inference_backend" / "backends" / "onnxruntime" / "model.py"
ENVIRONMENT = {"PATH": os.environ["PATH"], "ORT_DISABLE_TELEMETRY": "1", "MALLOC_ARENA_MAX": "2"}
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
                          capture_output=True, timeout=60, check=False, env=ENVIRONMENT)
    assert done.stdout == "held\n", done.stderr


def test_a_division_without_a_result_ends_the_process(tmp_path: Path) -> None:
    crash = next(one for one in hostile() if one.name == "crash")
    (tmp_path / "net.onnx").write_bytes(crash.net)
    code = ("import sys, numpy, onnxruntime; s = onnxruntime.InferenceSession(sys.argv[1]); "
            "print(s.run(None, {'n': numpy.array([int(sys.argv[2])])})[0].tolist())")
    ends = [subprocess.run([sys.executable, "-c", code, str(tmp_path / "net.onnx"), str(value)], check=False,
                           timeout=60, capture_output=True, env=ENVIRONMENT)
            for value in (crash.good, crash.bad)]
    assert [end.returncode for end in ends] == [0, -signal.SIGFPE]


@pytest.mark.parametrize("one", hostile(), ids=lambda one: one.name)
def test_the_graphs_that_turn_pass_for_honest_ones(one: object, tmp_path: Path) -> None:
    """Every check but the limits at run time would let them in: that is why there are limits at run time."""
    import onnx

    from model_registry.uploads import graph

    (tmp_path / "net.onnx").write_bytes(one.net)  # type: ignore[attr-defined]
    model = graph.read_model(tmp_path / "net.onnx")
    assert graph.examine(model, tmp_path, ("net.onnx",)).nodes >= 2
    onnx.checker.check_model(model, full_check=True)
