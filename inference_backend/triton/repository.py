"""Writes the model repository: what Triton serves, in its own format.

The same folders serve on NVIDIA's image. Every write is built beside the repository and renamed into it, so that Triton
never sees half a model; writing the same again changes nothing. Configurations are protobuf text, never templates;
every one says its instance group, and none says `runtime:`, which would name a file for Triton to run.
"""

from __future__ import annotations

import filecmp
import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from inference_backend.triton import tuning
from inference_backend.triton.placement import (
    Kind,
    Profile,
    TaskClass,
    class_of_net,
    place_host,
    place_net,
    profile_of_environment,
)
from kernel.contracts import TensorSpec

NAME = re.compile(r"^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$")
HOST_INPUTS = (TensorSpec("capability", "BYTES", (1,)), TensorSpec("request", "BYTES", (1,)),
               TensorSpec("media", "BYTES", (-1,), optional=True))
HOST_OUTPUTS = (TensorSpec("response", "BYTES", (1,)), TensorSpec("media", "BYTES", (-1,)))
TENSORRT_CACHE = "/tmp/tensorrt"  # noqa: S108 — inside Triton's own container
SOURCE_ROOT = Path(__file__).resolve().parents[2]


def write_host(root: Path, family: str, entries: Mapping[str, Path], *, runner: str,
               instances: int | None = None, task: TaskClass = "cpu-bound") -> Path:
    """Writes the model `host-{family}` for capabilities by name → folder.

    `runner` is the module that has run_capability, problem_response and TritonNets. Folders inside the source tree are
    stored relative to it, so that the repository also fits another machine.
    """
    name = f"host-{family}"
    folders = {key: str(_portable(folder.resolve())) for key, folder in sorted(entries.items())}
    text = json.dumps({"runner": runner, "entries": folders}, indent=1)
    placement = place_host(task, os.cpu_count() or 1)
    with _staging(root) as stage:
        (stage / "entries.json").write_text(text, encoding="utf-8")
        config = _config(name, "host", HOST_INPUTS, HOST_OUTPUTS, max_batch_size=0,
                         instances=instances or placement.instances, kind=placement.kind)
        config.parameters["nice"].string_value = str(placement.nice)
        return _install(root, name, 1, stage, config)


def write_service(root: Path, name: str, service: Mapping[str, Any], *, runner: str, capability: str,
                  instances: int = 1) -> Path:
    """Writes the model `host-{name}`: the steps around a provider's net, in processes of their own.

    `service` is what `runner` reads beside the list of entries; a call names `capability`.
    """
    placement = place_host("cpu-bound", 1)
    with _staging(root) as stage:
        entries = {"runner": runner, "entries": {capability: "."}}
        (stage / "entries.json").write_text(json.dumps(entries), encoding="utf-8")
        (stage / "service.json").write_text(json.dumps(service, ensure_ascii=False), encoding="utf-8")
        config = _config(f"host-{name}", "host", HOST_INPUTS, HOST_OUTPUTS, max_batch_size=0,
                         instances=instances, kind=placement.kind)
        config.parameters["nice"].string_value = str(placement.nice)
        return _install(root, f"host-{name}", 1, stage, config)


def _portable(folder: Path) -> Path:
    return folder.relative_to(SOURCE_ROOT) if folder.is_relative_to(SOURCE_ROOT) else folder


def write_onnx(root: Path, name: str, onnx_path: Path, inputs: Sequence[TensorSpec] | None = None,
               outputs: Sequence[TensorSpec] | None = None, *, version: int = 1, max_batch_size: int | None = None,
               instances: int | None = None, kind: Kind | None = None, intra_threads: int = 1, inter_threads: int = 1,
               graph_level: int = 0, queue_delay_us: int | None = None, max_queue: int = 256,
               task: TaskClass | None = None, profile: Profile | None = None, memory_limit_mb: int = 0,
              tuned: tuning.Tuning = tuning.PLAIN) -> Path:
    """Writes one version of an ONNX model and its configuration; other versions stay.

    Tensors are read from the file where they are not given. `max_batch_size` None means what `_largest_batch`
    finds. Requests are batched together where `queue_delay_us` is given;
    else a request runs as it comes. The file is hard-linked where the file system allows. Instances, device, delay and
    priority follow from the task class (by default from the file's size) and the profile (by default
    TESSERA_TRITON_PROFILE) unless they are given. `memory_limit_mb` ends a process that takes more beside what it began
    with; NVIDIA's native backend reads no such parameter (there the container's limit holds).
    """
    placement = place_net(task or class_of_net(onnx_path.stat().st_size), profile or profile_of_environment())
    queue_delay_us = placement.queue_delay_us if queue_delay_us is None else queue_delay_us
    if inputs is None or outputs is None:
        read_inputs, read_outputs = tensors_of(onnx_path)
        inputs, outputs = inputs or read_inputs, outputs or read_outputs
    if max_batch_size is None:
        max_batch_size = _largest_batch((*inputs, *outputs))
    config = _config(name, "onnxruntime", inputs, outputs, max_batch_size=max_batch_size,
                     instances=instances or placement.instances, kind=kind or placement.kind)
    # Triton's batcher can sleep 500 ms over a full queue when every caller waits for an answer (2.51): no default.
    if max_batch_size and queue_delay_us:
        config.dynamic_batching.max_queue_delay_microseconds = queue_delay_us
        config.dynamic_batching.preferred_batch_size.extend(
            size for size in placement.preferred_batches if size <= max_batch_size)
        # A full queue refuses at once; the default would keep callers waiting without limit.
        config.dynamic_batching.default_queue_policy.max_queue_size = max_queue
    config.parameters["intra_op_thread_count"].string_value = str(intra_threads)
    config.parameters["inter_op_thread_count"].string_value = str(inter_threads)
    config.parameters["nice"].string_value = str(placement.nice)
    if memory_limit_mb:
        config.parameters["memory_limit_mb"].string_value = str(memory_limit_mb)
    config.optimization.graph.level = graph_level
    if placement.tensorrt:
        _accelerate(config)
    tuning.apply(config, tuned)
    with _staging(root) as stage:
        _link(onnx_path, stage / "model.onnx")
        return _install(root, name, version, stage, config)


def _accelerate(config: Any) -> None:
    """TensorRT under the native onnxruntime backend; engines are kept, for building one takes minutes."""
    accelerator = config.optimization.execution_accelerators.gpu_execution_accelerator.add(name="tensorrt")
    for key, value in (("precision_mode", "FP16"), ("max_workspace_size_bytes", str(1 << 30)),
                       ("trt_engine_cache_enable", "true"), ("trt_engine_cache_path", TENSORRT_CACHE)):
        accelerator.parameters[key] = value


def tensors_of(onnx_path: Path) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Inputs and outputs of an ONNX file; initializers that may be overridden are not inputs here."""
    import onnx

    graph = onnx.load(str(onnx_path), load_external_data=False).graph
    fixed = {i.name for i in graph.initializer}
    return (tuple(_spec(v) for v in graph.input if v.name not in fixed), tuple(_spec(v) for v in graph.output))


def _spec(value: Any) -> TensorSpec:
    from onnx import TensorProto

    names = {
        TensorProto.FLOAT: "FP32", TensorProto.DOUBLE: "FP64", TensorProto.FLOAT16: "FP16", TensorProto.STRING: "BYTES",
        TensorProto.BOOL: "BOOL", TensorProto.INT8: "INT8", TensorProto.INT16: "INT16", TensorProto.INT32: "INT32",
        TensorProto.INT64: "INT64", TensorProto.UINT8: "UINT8", TensorProto.UINT16: "UINT16",
        TensorProto.UINT32: "UINT32", TensorProto.UINT64: "UINT64",
    }
    tensor = value.type.tensor_type
    if tensor.elem_type not in names:
        raise ValueError(f"{value.name} is not a tensor of a type that can be served")
    shape = tuple(d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else -1 for d in tensor.shape.dim)
    if not shape:
        raise ValueError(f"{value.name} is a scalar, which Triton doesn't serve")
    return TensorSpec(value.name, names[tensor.elem_type], shape)


def remove_version(root: Path, name: str, version: int) -> None:
    """Takes one version out; the model goes with its last version. Nothing there is no error."""
    model = root / _checked(name)
    shutil.rmtree(model / str(version), ignore_errors=True)
    if model.is_dir() and not versions(root, name):
        remove_model(root, name)


def remove_model(root: Path, name: str) -> None:
    """Takes a model with all versions out."""
    shutil.rmtree(root / _checked(name), ignore_errors=True)


def versions(root: Path, name: str) -> list[int]:
    """The version numbers on disk, ascending."""
    model = root / _checked(name)
    return sorted(int(p.name) for p in model.iterdir() if p.name.isdecimal()) if model.is_dir() else []


def models(root: Path) -> list[str]:
    """The names of all models in the repository."""
    return sorted(p.parent.name for p in root.glob("*/config.pbtxt"))


def instances(root: Path, name: str) -> int:
    """How many instances a model's configuration asks for; 0 where there is no such model."""
    file = root / _checked(name) / "config.pbtxt"
    return sum(group.count for group in _read_config(file).instance_group) if file.is_file() else 0


def set_instances(root: Path, name: str, count: int) -> None:
    """Has a model's configuration ask for so many instances, in its first group where it has several; Triton obeys
    at the next load, without ending those that stay."""
    file = root / _checked(name) / "config.pbtxt"
    config = _read_config(file)
    rest = sum(group.count for group in config.instance_group[1:])
    config.instance_group[0].count = max(count - rest, 1)
    _write_config(root, file, text_format.MessageToString(config))


def config_text(root: Path, name: str) -> str:
    """A model's configuration as it lies there; "" where there is no such model."""
    file = root / _checked(name) / "config.pbtxt"
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def stamp(root: Path, name: str) -> tuple[str, int]:
    """Changes whenever a model's configuration or its first version's files are written anew with other content."""
    folder = root / _checked(name) / "1"
    return config_text(root, name), folder.stat().st_ino if folder.is_dir() else 0


def put_back_config(root: Path, name: str, text: str) -> None:
    """Writes a configuration that `config_text` gave."""
    _write_config(root, root / _checked(name) / "config.pbtxt", text)


def _read_config(file: Path) -> Any:
    return text_format.Parse(file.read_text(encoding="utf-8"), model_config_pb2.ModelConfig())


def _write_config(root: Path, file: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{root.name}-config-", dir=root.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as target:
        target.write(text)
    os.chmod(temporary, 0o644)
    os.replace(temporary, file)


def _checked(name: str) -> str:
    """The name becomes a folder: nothing that could leave the repository."""
    if not NAME.match(name):
        raise ValueError(f"{name!r} can't be a model's name")
    return name


def _largest_batch(tensors: Sequence[TensorSpec]) -> int:
    """Rows that one request may hold: 0 where a tensor isn't free in its first dimension or has no second one; else a
    million values of the widest tensor, but 32 rows at least (and where a width is unknown) and 4,096 at most."""
    if not all(len(tensor.shape) > 1 and tensor.shape[0] == -1 for tensor in tensors):
        return 0
    if any(-1 in tensor.shape[1:] for tensor in tensors):
        return 32
    return min(4096, max(32, 1_000_000 // max(math.prod(tensor.shape[1:]) for tensor in tensors)))


def _config(name: str, backend: str, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], *,
            max_batch_size: int, instances: int, kind: Kind) -> Any:
    pb = model_config_pb2
    config = pb.ModelConfig(name=_checked(name), backend=backend, max_batch_size=max_batch_size)
    for specs, target in ((inputs, config.input), (outputs, config.output)):
        for spec in specs:
            tensor = target.add(name=spec.name, data_type=_data_type(spec.datatype))
            tensor.dims.extend(spec.shape[1:] if max_batch_size else spec.shape)
            if spec.optional and specs is inputs:
                tensor.optional = True
    config.instance_group.add(count=instances, kind=pb.ModelInstanceGroup.Kind.Value(kind))
    # Every version on disk is served: a canary runs beside the stable one.
    config.version_policy.all.SetInParent()
    return config


def _data_type(datatype: str) -> int:
    number: int = model_config_pb2.DataType.Value("TYPE_STRING" if datatype == "BYTES" else f"TYPE_{datatype}")
    return number


@contextmanager
def _staging(root: Path) -> Iterator[Path]:
    """A folder of the repository's file system, outside of it."""
    root.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
    stage.chmod(0o755)
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _install(root: Path, name: str, version: int, stage: Path, config: Any) -> Path:
    """Moves a finished version folder and its configuration into place; the stage must hold the version's files."""
    model = root / _checked(name)
    target = model / str(version)
    text = text_format.MessageToString(config)
    if not _same(stage, target):
        model.mkdir(exist_ok=True)
        old = Path(tempfile.mkdtemp(prefix=f".{root.name}-old-", dir=root.parent)) if target.exists() else None
        if old is not None:
            target.rename(old / "version")
        stage.rename(target)
        if old is not None:
            shutil.rmtree(old)
    settings = model / "config.pbtxt"
    if not settings.is_file() or settings.read_text(encoding="utf-8") != text:
        _write_config(root, settings, text)
    return model


def _same(one: Path, other: Path) -> bool:
    if not other.is_dir():
        return False
    names = sorted(p.name for p in one.iterdir())
    return names == sorted(p.name for p in other.iterdir()) and all(
        (one / n).samefile(other / n) or filecmp.cmp(one / n, other / n, shallow=False) for n in names)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
