"""The `onnxruntime` backend for a Triton that has only the Python backend.

A Triton "Python-based backend": a repository whose config says `backend: "onnxruntime"` beside `model.onnx` is served
by this file here and by NVIDIA's native backend of the same name in its image, with the same configuration:
`max_batch_size` and dynamic batching (the requests of one execute run as one tensor), instance kind, optional inputs,
string tensors, parameters `intra_op_thread_count`, `inter_op_thread_count`, and `optimization.graph.level`.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import resource
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb
from numpy.typing import NDArray

Array = NDArray[Any]
Feed = dict[str, Array]

# The native backend's numbers (its README): 0 is all, -1 basic, 1 extended, 2 none.
GRAPH_LEVELS = {
    0: onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
    -1: onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    1: onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    2: onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
}


LARGE_BYTES = 2 << 20
# What onnxruntime says when the memory that its process may have is used up.
NO_MEMORY = ("bad_alloc", "Failed to allocate memory", "bad allocation")


class TritonPythonModel:
    """One instance: one session."""

    def initialize(self, args: dict[str, str]) -> None:
        config = json.loads(args["model_config"])
        self.batching = int(config.get("max_batch_size", 0)) > 0
        parameters = {k: v["string_value"] for k, v in config.get("parameters", {}).items()}
        os.nice(int(parameters.get("nice", 0)))  # the model's share of the processor
        threads = (int(parameters.get("intra_op_thread_count", 1)), int(parameters.get("inter_op_thread_count", 1)))
        level = int(config.get("optimization", {}).get("graph", {}).get("level", 0))
        filename = config.get("default_model_filename") or "model.onnx"
        file = Path(args["model_repository"], args["model_version"], filename)
        level = level if level in GRAPH_LEVELS else 0
        providers = _providers(args)
        self.kept = _kept(file, level, providers)
        self.source = (file, threads, level)
        self.session = _session(file, threads, level, providers, self.kept)
        self.strings = {i.name for i in self.session.get_inputs() if i.type == "tensor(string)"}
        known = {i.name for i in self.session.get_inputs()} | {
            i.name for i in self.session.get_overridable_initializers()}
        outputs = {o.name for o in self.session.get_outputs()}
        for listed, real in ((config["input"], known), (config["output"], outputs)):
            missing = {t["name"] for t in listed} - real
            if missing:
                raise pb.TritonModelException(f"the net has no tensor {', '.join(sorted(missing))}")
        self.inputs = [t["name"] for t in config["input"]]
        self.limited = limit_memory(int(parameters.get("memory_limit_mb", 0)))

    def finalize(self) -> None:
        """The model leaves the memory. The optimised form is written now, when nobody waits for it: at the first load
        it would double the time of the call that needs the model."""
        self.session = None
        if self.kept is not None and not self.kept.exists():
            try:
                _keep(self.kept, *self.source)
            except Exception as error:  # the next load optimises again
                pb.Logger.log_warn(f"the optimised form could not be kept: {error}")

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answers every request. Requests that fit together run as one batch; a failing batch is run one by one, so
        that one caller's bad values cost nobody else an answer."""
        feeds: list[Feed] = []
        answers: list[Any] = [None] * len(requests)
        groups: dict[Any, list[int]] = {}
        for i, request in enumerate(requests):
            try:
                feeds.append(self._feed(request))
            except Exception as error:
                feeds.append({})
                answers[i] = _failure(error)
                continue
            groups.setdefault(_shape_key(feeds[i]) if self.batching else i, []).append(i)
        for members in groups.values():
            if len(members) > 1 and self._run_together(requests, feeds, members, answers):
                continue
            for i in members:
                try:
                    wanted = requests[i].requested_output_names()
                    answers[i] = _response(wanted, self.session.run(wanted, feeds[i]))
                except Exception as error:
                    if self.limited and _out_of_memory(error):
                        # What it took stays taken while the process lives: its end gives it back, and is counted.
                        pb.Logger.log_warn("the net took more memory than it may: its process ends")
                        os._exit(3)
                    answers[i] = _failure(error)
        return answers

    def _feed(self, request: Any) -> Feed:
        feed: Feed = {}
        for name in self.inputs:
            tensor = pb.get_input_tensor_by_name(request, name)
            if tensor is None:
                continue  # optional: the net has its own value
            array = tensor.as_numpy()
            feed[name] = _to_text(array) if name in self.strings else array
        return feed

    def _run_together(self, requests: Sequence[Any], feeds: list[Feed], members: list[int], answers: list[Any]) -> bool:
        """One run for several requests; False where the net can't be split by rows again."""
        rows = [len(next(iter(feeds[i].values()))) for i in members]
        wanted = list(dict.fromkeys(n for i in members for n in requests[i].requested_output_names()))
        try:
            joined = {n: np.concatenate([feeds[i][n] for i in members]) for n in feeds[members[0]]}
            results = dict(zip(wanted, self.session.run(wanted, joined), strict=True))
        except Exception:
            return False
        if any(r.ndim == 0 or len(r) != sum(rows) for r in results.values()):
            return False
        start = 0
        for i, count in zip(members, rows, strict=True):
            names = requests[i].requested_output_names()
            answers[i] = _response(names, [results[n][start:start + count] for n in names])
            start += count
        return True


def limit_memory(mb: int) -> bool:
    """Lets this process take `mb` more memory than it has now; whether there is a limit."""
    if not mb:
        return False
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = taken + (mb << 20)
    resource.setrlimit(resource.RLIMIT_AS, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))
    return True


def _out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(word in str(error) for word in NO_MEMORY)


def _kept(file: Path, level: int, providers: list[Any]) -> Path | None:
    """Where the optimised form of a large net is kept; None for a small one."""
    cache = os.environ.get("TESSERA_NET_CACHE")
    if not cache or file.stat().st_size < LARGE_BYTES or providers != ["CPUExecutionProvider"]:
        return None
    return Path(cache, _fingerprint(file, level))


def _session(file: Path, threads: tuple[int, int], level: int, providers: list[Any], kept: Path | None) -> Any:
    """The net's session. Where the optimised form is there a load neither optimises again nor copies the weights, it
    maps them, and all its instances share those pages."""
    if kept is not None and (kept / "net.onnx").is_file():
        try:
            return _open(kept / "net.onnx", _options(threads, 2), providers)  # nothing is left to optimise
        except Exception as error:  # a file that was cut off, or another onnxruntime's
            pb.Logger.log_warn(f"the optimised form of {file.parent.parent.name} is of no use: {error}")
            shutil.rmtree(kept, ignore_errors=True)
    return _open(file, _options(threads, level), providers)


def _keep(kept: Path, file: Path, threads: tuple[int, int], level: int) -> None:
    """Writes the optimised form: the graph, and its weights as a file of their own."""
    stage = Path(tempfile.mkdtemp(prefix=".", dir=kept.parent))
    try:
        options = _options(threads, level)
        options.optimized_model_filepath = str(stage / "net.onnx")
        options.add_session_config_entry("session.optimized_model_external_initializers_file_name", "net.weights")
        options.add_session_config_entry("session.optimized_model_external_initializers_min_size_in_bytes", "1024")
        _open(file, options, ["CPUExecutionProvider"])
        if not kept.exists():
            stage.rename(kept)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _fingerprint(file: Path, level: int) -> str:
    """Names what the optimised form depends on: the file, the optimiser and the processor it writes for."""
    found = file.stat()
    parts = (file, found.st_ino, found.st_size, found.st_mtime_ns, onnxruntime.__version__, level, platform.machine())
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _options(threads: tuple[int, int], level: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads
    options.log_severity_level = 3
    options.graph_optimization_level = GRAPH_LEVELS[level]
    return options


def _open(file: Path, options: Any, providers: list[Any]) -> Any:
    return onnxruntime.InferenceSession(str(file), options, providers=providers)


def _providers(args: dict[str, str]) -> list[Any]:
    if args.get("model_instance_kind", "CPU").removeprefix("KIND_") == "GPU":
        if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
            return [("CUDAExecutionProvider", {"device_id": int(args.get("model_instance_device_id") or 0)}),
                    "CPUExecutionProvider"]
        pb.Logger.log_warn(f"{args['model_name']}: this onnxruntime has no CUDA provider; running on the CPU")
    return ["CPUExecutionProvider"]


def _shape_key(feed: Feed) -> tuple[Any, ...]:
    return tuple((name, a.dtype.str, a.shape[1:]) for name, a in feed.items())


def _to_text(array: Array) -> Array:
    flat = [v.decode("utf-8") if isinstance(v, bytes) else str(v) for v in array.ravel()]
    return np.array(flat, dtype=np.object_).reshape(array.shape)


def _response(names: Sequence[str], values: Sequence[Array]) -> Any:
    tensors = []
    for name, value in zip(names, values, strict=True):
        array = np.asarray(value)
        if array.dtype.kind in "OUS":
            flat = [v.encode("utf-8") if isinstance(v, str) else bytes(v) for v in array.ravel()]
            array = np.array(flat, dtype=np.object_).reshape(array.shape)
        tensors.append(pb.Tensor(name, np.ascontiguousarray(array)))
    return pb.InferenceResponse(tensors)


def _failure(error: Exception) -> Any:
    # onnxruntime's words name the input, shape or operator at fault, and the file where it can't be opened.
    text = str(error).replace(os.getcwd(), "")[:500]
    return pb.InferenceResponse(error=pb.TritonError(text, pb.TritonError.INVALID_ARG))
