"""The host: one Triton model per family that runs the code of its capabilities.

A Triton "Python-based backend" (`backend: "host"`); docs/spec/capability.md has the wire. `entries.json` beside the
model names the capabilities' folders and the module that runs them, so that this package knows nothing of the registry.
A call's exception is answered as that call's problem: it never reaches another call.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb

PROBE = "_probe"  # asks for a capability's own example, to see whether it answers


class TritonPythonModel:
    """One instance of a family: its capabilities' code is loaded at the first call of each."""

    def initialize(self, args: dict[str, str]) -> None:
        parameters = json.loads(args["model_config"]).get("parameters", {})
        os.nice(int(parameters.get("nice", {}).get("string_value", 0)))  # the family's share of the processor
        file = Path(args["model_repository"], args["model_version"], "entries.json")
        listed = json.loads(file.read_text(encoding="utf-8"))
        # The stub's interpreter is an isolated one, which passes PYTHONPATH over.
        sys.path[:0] = [p for p in os.environ.get("PYTHONPATH", "").split(":") if p and p not in sys.path]
        self.runner: Any = importlib.import_module(listed["runner"])
        # A provider's model lies beside its list ("."), the house's in the source tree.
        self.folders = {name: file.parent if folder == "." else self.runner.SOURCE_ROOT / folder
                        for name, folder in listed["entries"].items()}
        self.nets = self.runner.TritonNets(pb)

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        name, problem_type = "", self.runner.Problem
        try:
            name = self._text(request, "capability")
            tensor = pb.get_input_tensor_by_name(request, "media")
            media = [] if tensor is None else [bytes(m) for m in tensor.as_numpy().ravel()]
            if name == PROBE:
                name, response = self._probe(request)
                return _reply(response, [])
            if name not in self.folders:
                raise problem_type("model_not_found", f"this host has no capability {name[:80]}")
            response, files = self.runner.run_capability(
                self.folders[name], self._text(request, "request"), media, nets=self.nets)
            return _reply(response, [file.data for file in files])
        except problem_type as problem:
            if problem.__cause__ is not None and problem.status >= 500:
                _log(name, problem.__cause__)
            return _reply(self.runner.problem_response(problem), [])
        except (Exception, SystemExit) as error:
            _log(name, error)
            problem = problem_type("backend_error", f"{name[:80]} failed ({type(error).__name__})")
            return _reply(self.runner.problem_response(problem), [])

    def _probe(self, request: Any) -> tuple[str, dict[str, Any]]:
        """Runs the example of the capability that is asked about; only answers where none is."""
        name = json.loads(self._text(request, "request")).get("capability", "")
        if name not in self.folders:
            return name, {"output": {}}
        example, media, _ = self.runner.read_example(self.folders[name])
        return name, self.runner.run_capability(self.folders[name], json.dumps(example), media, nets=self.nets)[0]

    def _text(self, request: Any, name: str) -> str:
        tensor = pb.get_input_tensor_by_name(request, name)
        try:
            return bytes(tensor.as_numpy().ravel()[0]).decode("utf-8")
        except UnicodeDecodeError:
            raise self.runner.Problem("malformed_json", f"{name} is not UTF-8") from None


def _reply(response: dict[str, Any], files: list[bytes]) -> Any:
    text = json.dumps(response, separators=(",", ":"), allow_nan=False).encode()
    return pb.InferenceResponse([
        pb.Tensor("response", np.array([text], dtype=np.object_)),
        pb.Tensor("media", np.array(files or [b""], dtype=np.object_)),
    ])


def _log(name: str, error: BaseException) -> None:
    # Where it happened, not the values: an exception's text can hold a caller's data.
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))
    pb.Logger.log_error(f"{name}: {type(error).__name__} at {where}")
