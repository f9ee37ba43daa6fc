"""A model of your own: what it takes and gives, its net, and how it comes to the platform.

    class TextClassifier(ModelService):
        name = "text-classifier"
        task = "text-classification"
        preprocessing = {"text": steps.texts("input_text")}
        postprocessing = steps.labels("probabilities", ["negative", "positive"])

        def load(self, folder):
            self.net = load_model(folder / "model.onnx")

        def predict(self, input_text: Text, top: Integer = 2) -> LabelScores:
            return self.run(input_text=input_text, top=top)

    TextClassifier().deploy(replicas=4, autoscale={"metric": "cpu_utilization", "target": 70, "min": 2, "max": 10})

The platform takes the net and the declared steps, never code. `check()` compares what your Python answers with what the
declared steps answer, example by example; where they differ there is nothing to upload.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from tessera.errors import ConfigurationError, TesseraError
from tessera.record import Record, record
from tessera.service import bundle, steps
from tessera.service.bundle import Bundle
from tessera.service.kinds import Signature, signature_of
from tessera.service.nets import Net, load_model

if TYPE_CHECKING:
    from tessera.client import AIClient
    from tessera.service.remote import Deployment, Version
    from tessera.service.serve import Server

NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
LABEL = re.compile(r"\d{1,6}\.\d{1,6}\.\d{1,6}")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    id: str
    ok: bool
    detail: str = ""
    ms: float = 0.0


@dataclass(frozen=True)
class Report:
    """What `check` found."""

    checks: tuple[Check, ...] = field(default_factory=tuple)

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    @property
    def faults(self) -> list[Check]:
        return [check for check in self.checks if not check.ok]

    def __str__(self) -> str:
        return "\n".join(f"{'ok  ' if c.ok else 'FAIL'} {c.id}" + (f": {c.detail}" if c.detail else "")
                         + (f" ({c.ms:.1f} ms)" if c.ms else "") for c in self.checks)


class CheckFailed(TesseraError):
    """A service that does not do what it declares; `report` says where."""

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__("the service does not hold:\n" + "\n".join(f"{c.id}: {c.detail}" for c in report.faults))


class ModelService:
    """Subclass it. What is not said is left to the platform, which reads it from the net."""

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    task: ClassVar[str] = ""
    version: ClassVar[str] = "1.0.0"
    model: Any = "model.onnx"  # the net's file; an instance may keep the open net under this name
    license: ClassVar[Mapping[str, str]] = {}
    card: ClassVar[Mapping[str, Any]] = {}
    pricing: ClassVar[Mapping[str, Any]] = {}
    tags: ClassVar[Sequence[str]] = ()
    industry: ClassVar[Sequence[str]] = ()
    preprocessing: ClassVar[Mapping[str, steps.Step]] = {}
    postprocessing: ClassVar[steps.Step] = {}
    examples: ClassVar[Sequence[Mapping[str, Any]]] = ()
    serving: ClassVar[Mapping[str, Any]] = {}
    lineage: ClassVar[Mapping[str, str]] = {}
    changelog: ClassVar[str] = ""

    folder: Path
    net: Net | None
    _loaded: bool

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """What every service has, also one whose own `__init__` does not call ours."""
        made = super().__new__(cls)
        made.folder, made.net, made._loaded = _home(cls), None, False
        return made

    def __init__(self, folder: str | Path | None = None) -> None:
        """`folder` has the net; unless told it is the one of the class's own file."""
        if folder is not None:
            self.folder = Path(folder)

    # ---------------------------------------------------------------- what a subclass may write anew

    def load(self, folder: Path) -> None:
        """Opens what `predict` needs; called once, before the first call."""
        if self._own_net() is None:
            self.net = self.load_model(self.model)

    def load_model(self, path: str | Path) -> Net:
        """Opens a net of the service's folder."""
        return load_model(self.folder / path)

    def preprocess(self, fields: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Input fields → tensors by name: the declared steps, or one nested list a tensor."""
        net = self._net()
        made = {}
        for tensor in net.inputs:
            step = self._steps_before()[tensor.name]
            array = steps.make(step, tensor.datatype, tensor.shape, fields, parameters)
            if array is None:
                raise steps.BadInput(f"{step.get('field') or step.get('parameter')} is missing")
            made[tensor.name] = array
        return made

    def predict(self, **fields: Any) -> Any:
        """One call: fields and parameters by name. Annotate yours with kinds."""
        return self.run(**fields)

    def postprocess(self, tensors: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
        """Tensors → output: the declared step, or nested lists."""
        return steps.finish(self._step_after(), tensors, parameters)

    # ---------------------------------------------------------------- what it does

    def run(self, **fields: Any) -> Any:
        """preprocess → net → postprocess."""
        known = self.signature().parameters
        parameters = {**{name: default for name, (_, default) in known.items()},
                      **{name: given for name, given in fields.items() if name in known}}
        inputs = {name: given for name, given in fields.items() if name not in known}
        return record(self.postprocess(self._net().run(self.preprocess(inputs, parameters)), parameters))

    def __call__(self, **fields: Any) -> Any:
        self._ready()
        return self.predict(**fields)

    @classmethod
    def signature(cls) -> Signature:
        """Fields, parameters and output by the annotations of `predict`."""
        return signature_of(cls.predict, cls.preprocessing)

    def manifest(self) -> dict[str, Any]:
        """One version in the platform's words (`manifest.yaml`)."""
        signature = self.signature()
        after = self._step_after()
        document: dict[str, Any] = {"version": self.version, "model": "model.onnx"}
        if signature.fields:
            document["input"] = {name: kind.manifest() for name, kind in signature.fields.items()}
            document["preprocess"] = {name: dict(step) for name, step in self._steps_before().items()}
        if signature.parameters:
            document["parameters"] = {name: {**kind.manifest(), "default": default}
                                      for name, (kind, default) in signature.parameters.items()}
        document["output"] = signature.output or steps.OUTPUT_OF.get(after["step"], "tensors")
        document["postprocess"] = dict(after)
        document["examples"] = [self._example(example) for example in self.examples]
        optional = {"serving": dict(self.serving), "lineage": dict(self.lineage), "changelog": self.changelog}
        return {**document, **{name: value for name, value in optional.items() if value}}

    def listing(self) -> dict[str, Any]:
        """The model itself, as it is registered."""
        said = {"name": self.name, "title": self.title or self.name, "task": self.task,
                "summary": self.summary or " ".join((type(self).__doc__ or self.title or self.name).split()),
                "license": dict(self.license), "card": dict(self.card), "pricing": dict(self.pricing),
                "tags": list(self.tags), "industry": list(self.industry)}
        return {name: value for name, value in said.items() if value}

    def check(self, *, progress: Callable[[Check], Any] | None = None) -> Report:
        """Everything that can be known before an upload. Raises nothing: read `.ok` and `.faults`."""
        found: list[Check] = []

        def look(name: str, do: Callable[[], str | None]) -> bool:
            began = time.perf_counter()
            try:
                detail, ok = do() or "", True
            except Exception as error:  # whatever a provider's own code raises is a finding, not a crash
                detail, ok = f"{type(error).__name__}: {error}", False
            found.append(Check(name, ok, detail, (time.perf_counter() - began) * 1000))
            if progress is not None:
                progress(found[-1])
            return ok

        if look("names", self._check_names) and look("load", self._check_load) and look("steps", self._check_steps):
            for number, example in enumerate(self.examples):
                look(f"example {number}", lambda example=example: self._check_example(example))  # type: ignore[misc]
            look("examples", lambda: None if self.examples else "there is none: add one, it is your golden test")
        return Report(tuple(found))

    def pack(self, path: str | Path | None = None, *, signing_key: str | None = None) -> Bundle:
        """Writes the bundle, the same bytes for the same content; with a key (`tessera.service.new_key`) also its
        signature. Raises CheckFailed where the service does not hold."""
        report = self.check()
        if not report.ok:
            raise CheckFailed(report)
        members = {"model.onnx": self._net().path.read_bytes(),
                   "manifest.yaml": json.dumps(self.manifest(), indent=1, ensure_ascii=False,
                                               sort_keys=True).encode() + b"\n"}
        for example in self.examples:
            for name in _files_of(example):
                members[name] = (self.folder / name).read_bytes()
        target = Path(path) if path is not None else self.folder / f"{self.name}-{self.version}.zip"
        made = bundle.write(target, members)
        return bundle.sign(made, signing_key) if signing_key is not None else made

    def serve(self, *, host: str = "127.0.0.1", port: int = 8010, block: bool = True) -> Server:
        """Serves it on this machine, over the Open Inference Protocol and as a prediction call of the platform.
        Without `block` it runs beside, until `.close()`."""
        from tessera.service.serve import Server

        self._ready()
        server = Server(self, host, port)
        if block:
            server.serve_forever()
        else:
            server.start()
        return server

    def push(self, *, client: AIClient | None = None, on_progress: Callable[[Any], Any] | None = None,
             signing_key: str | None = None, timeout: float = 300.0) -> Version:
        """Registers the model where it is new, uploads a version and waits for its validation. Raises CheckFailed
        before, PushFailed after (its report says what to do)."""
        from tessera.service import remote

        return remote.push(self, client=client, on_progress=on_progress, signing_key=signing_key, timeout=timeout)

    def deploy(self, replicas: int | None = None, autoscale: Mapping[str, Any] | None = None, *, weight: int = 100,
               guarded: bool = False, pool: str | None = None, version: int | None = None,
               client: AIClient | None = None, on_progress: Callable[[Any], Any] | None = None) -> Deployment:
        """Pushes it (unless `version` names one that is there) and gives it `weight` percent of the calls; `guarded`:
        it takes over step by step, and failures, slowness or wrong examples take it back.

        autoscale: {"metric": "cpu_utilization", "target": 70, "min": 2, "max": 10}."""
        from tessera.service import remote

        return remote.deploy(self, replicas=replicas, autoscale=autoscale, weight=weight, guarded=guarded,
                             pool=pool, version=version, client=client, on_progress=on_progress)

    # ---------------------------------------------------------------- inside

    def _ready(self) -> None:
        if not self._loaded:
            self.load(self.folder)
            self._loaded = True

    def _own_net(self) -> Net | None:
        """The net under whatever name the subclass keeps it."""
        return self.net or next((own for own in vars(self).values() if isinstance(own, Net)), None)

    def _net(self) -> Net:
        self._ready()
        net = self._own_net()
        if net is None:
            raise ConfigurationError("load() opened no net: self.net = load_model(folder / 'model.onnx')")
        return net

    def _steps_before(self) -> Mapping[str, steps.Step]:
        if self.preprocessing:
            return self.preprocessing
        tensors = self._net().inputs
        fields = list(self.signature().fields) or [tensor.name.lower() for tensor in tensors]
        return {tensor.name: steps.array(name) for tensor, name in zip(tensors, fields, strict=False)}

    def _step_after(self) -> steps.Step:
        return dict(self.postprocessing) or steps.tensors()

    def _declared(self, fields: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
        """What the platform will answer: the base class's steps, whatever the subclass wrote."""
        tensors = self._net().run(ModelService.preprocess(self, fields, parameters))
        return ModelService.postprocess(self, tensors, parameters)

    def _check_names(self) -> str | None:
        if not NAME.fullmatch(self.name) or len(self.name) > 58:
            raise ConfigurationError(f"name = {self.name!r}: lower-case letters, digits, dots and hyphens")
        if not LABEL.fullmatch(self.version):
            raise ConfigurationError(f"version = {self.version!r}: write it as 1.0.0")
        if not self.task:
            raise ConfigurationError("task is missing: one of the catalogue's, such as text-classification")
        self.signature()
        return None

    def _check_load(self) -> str:
        net = self._net()
        return f"{net.path.name}: {', '.join(t.name for t in net.inputs)} → {', '.join(t.name for t in net.outputs)}"

    def _check_steps(self) -> None:
        net = self._net()
        before, signature = self._steps_before(), self.signature()
        for tensor in net.inputs:
            if tensor.name not in before:
                raise ConfigurationError(f"nothing makes the input tensor {tensor.name}: add it to preprocessing")
        for name, step in before.items():
            if name not in {tensor.name for tensor in net.inputs}:
                raise ConfigurationError(f"the net has no input {name}")
            source = step.get("field") or step.get("parameter")
            if signature.fields and source not in {**signature.fields, **signature.parameters}:
                raise ConfigurationError(f"{name}: predict has no argument {source}")
        after = self._step_after()
        if after.get("tensor") and after["tensor"] not in {tensor.name for tensor in net.outputs}:
            raise ConfigurationError(f"the net has no output {after['tensor']}")
        made = steps.OUTPUT_OF.get(after["step"])
        if signature.output and signature.output != made:
            raise ConfigurationError(f"predict gives {signature.output}, the step {after['step']} makes {made}")

    def _check_example(self, example: Mapping[str, Any]) -> str:
        fields, parameters = self._inputs(example)
        given = self(**fields, **parameters)
        tolerance = float(example.get("tolerance", 0.001))
        if example.get("output") is not None:
            _same(example["output"], given, tolerance, "what it answers")
        defaults = {name: default for name, (_, default) in self.signature().parameters.items()}
        _same(_plain(given), self._declared(fields, {**defaults, **parameters}), tolerance, "what the platform answers")
        return "answered as it says" if example.get("output") is not None else "answered"

    def _inputs(self, example: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        fields = {name: (self.folder / value["$file"]).read_bytes()
                  if isinstance(value, Mapping) and "$file" in value else value
                  for name, value in example["input"].items()}
        return fields, dict(example.get("parameters", {}))

    def _example(self, example: Mapping[str, Any]) -> dict[str, Any]:
        known: dict[str, Any] = {name: example[name] for name in ("input", "parameters", "output", "tolerance")
                                 if name in example}
        return known


def _home(cls: type) -> Path:
    import inspect

    try:
        return Path(inspect.getfile(cls)).resolve().parent
    except (OSError, TypeError):  # a class of an interactive session has no file
        return Path.cwd()


def _files_of(example: Mapping[str, Any]) -> list[str]:
    return [value["$file"] for value in example["input"].values() if isinstance(value, Mapping) and "$file" in value]


def _plain(value: Any) -> Any:
    return {name: _plain(item) for name, item in value.items()} if isinstance(value, dict) else \
        [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _same(expected: Any, given: Any, tolerance: float, what: str, at: str = "") -> None:
    """Raises ValueError where they differ by more than the tolerance; an expected object may leave members out."""
    if isinstance(expected, Mapping) and isinstance(given, Mapping):
        for name, item in expected.items():
            if name not in given:
                raise ValueError(f"{what}: {at}/{name} is missing")
            _same(item, given[name], tolerance, what, f"{at}/{name}")
    elif isinstance(expected, list | tuple) and isinstance(given, list | tuple):
        if len(expected) != len(given):
            raise ValueError(f"{what}: {at} has {len(given)} items, not {len(expected)}")
        for number, (one, other) in enumerate(zip(expected, given, strict=True)):
            _same(one, other, tolerance, what, f"{at}/{number}")
    elif isinstance(expected, int | float) and isinstance(given, int | float) and not isinstance(expected, bool):
        if isinstance(given, bool) or abs(expected - given) > tolerance * max(1.0, abs(expected)):
            raise ValueError(f"{what}: {at} is {given}, not {expected}")
    elif expected != given:
        raise ValueError(f"{what}: {at} is {given!r}, not {expected!r}")


__all__ = ["Check", "CheckFailed", "ModelService", "Record", "Report"]
