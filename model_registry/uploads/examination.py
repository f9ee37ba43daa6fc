"""The checks of an upload, in order, as the child makes them. docs/spec/registration.md lists them."""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernel.contracts import TensorSpec
from kernel.problems import Problem
from model_registry.catalog_kit.outputs import OUTPUTS
from model_registry.declared import service as services
from model_registry.declared import steps
from model_registry.declared.compare import difference
from model_registry.declared.runner import run_service
from model_registry.uploads import bundle, graph, weights
from model_registry.uploads.checks import Check, Protocol, Refused

Array = NDArray[Any]
NET = "net.onnx"  # what is kept of an upload: one file with everything inside
RUNS, RUNS_S = 40, 1.5
BATCHES = (1, 8, 32)
SLOW_MS = 10_000
TOLERANCE = 1e-4


class Told(Protocol):
    """A protocol whose checks are told as they begin and end."""

    def __init__(self, tell: Callable[..., None]) -> None:
        super().__init__()
        self._tell = tell

    def make(self, check_id: str) -> Any:
        self._tell(begin=check_id)
        return super().make(check_id)


def examine_upload(order: Mapping[str, Any], *, tell: Callable[..., None]) -> dict[str, Any]:
    """All checks that the order's mode asks for, in the current folder. The result's `checks` end with the first
    failure; `service` and `signature` are there where it came so far."""
    protocol = Told(tell)
    result: dict[str, Any] = {"signature": None, "service": None, "manifest": None, "facts": None, "profile": {},
                              "batched": False, "format": ""}
    with contextlib.suppress(Refused):
        _examine(order, protocol, result)
    return {**result, "checks": protocol.documents(), "log": protocol.log}


def _examine(order: Mapping[str, Any], protocol: Protocol, result: dict[str, Any]) -> None:
    unpacked = Path("unpacked")
    unpacked.mkdir(exist_ok=True)
    model, read, service = _read(order, protocol, result, unpacked)
    with protocol.make("checker"):
        _check_with_onnx(model)
    with protocol.make("signature") as check:
        _checked_signature(order, service, read, result)
        check.values = {"inputs": len(read.inputs), "outputs": len(read.outputs)}
    inputs, outputs = _specs(result["signature"]["inputs"]), _specs(result["signature"]["outputs"])
    with protocol.make("manifest"):
        service = services.completed(service, inputs, outputs)
        document = services.document(service, inputs=inputs, outputs=outputs, net=order["net"],
                                     version=order["version"], unit=order["unit"])
        faults = services.check_words(service) or steps.check_steps(document)
        if faults:
            raise Refused("manifest", "step_invalid", "; ".join(f"{at} {fault}" for at, fault in faults[:5]),
                          "correct these places of the manifest")
        result["service"] = document
        result["manifest"] = service.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    with protocol.make("license") as check:
        if not order["licensed"]:
            protocol.warn(check, "license_missing", "the model names no licence",
                          "set license {code, weights}: it is needed to publish")
    if order["mode"] != "validate":
        return
    Path(NET).write_bytes(graph.self_contained(model, unpacked))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    _try_out(protocol, result, document, inputs)


def _read(order: Mapping[str, Any], protocol: Protocol, result: dict[str, Any],
          unpacked: Path) -> tuple[Any, graph.Read, services.Service]:
    with protocol.make("archive"):
        found = bundle.unpack(Path("upload"), unpacked, filename=order["filename"])
    text = order["manifest"] if order["manifest"] is not None else found.manifest
    with protocol.make("format") as check:
        try:
            service = services.parse(text) if text else services.Service()
        except services.ServiceError as error:
            raise Refused("manifest", "manifest_invalid", str(error)[:2000],
                          "correct the manifest; docs/spec/registration.md has its words") from None
        result["format"] = found.kind
        check.detail = found.kind
        check.values = {"files": list(found.files)}
        path = found.model
        if found.kind == "safetensors":
            path = unpacked / "built.onnx"
            path.write_bytes(weights.build_onnx(weights.read_safetensors(found.model), service.architecture))
    with protocol.make("graph") as check:
        model = graph.read_model(path)
        read = graph.examine(model, unpacked, found.files)
        result["facts"] = check.values = read.document()
        check.detail = f"{read.nodes} nodes, {read.parameters} parameters, opset {read.opset}"
        # onnx's checker and ONNX Runtime take bytes: what lies beside the file is put inside now.
        model.ParseFromString(graph.self_contained(model, unpacked))
    return model, read, service


def _check_with_onnx(model: Any) -> None:
    import onnx

    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, ValueError, TypeError) as error:
        raise Refused("checker", "graph_invalid", _short(error), "export the model again; onnx.checker names the node "
                      "that is wrong") from None


def _checked_signature(order: Mapping[str, Any], service: services.Service, read: graph.Read,
                       result: dict[str, Any]) -> None:
    try:
        inputs, outputs = services.corrected(service, read.inputs, read.outputs)
    except services.ServiceError as error:
        raise Refused("signature", "signature_correction", str(error), "a correction may narrow free dimensions of "
                      "tensors that the graph has") from None
    said = {"inputs": [_plain(s) for s in inputs], "outputs": [_plain(s) for s in outputs]}
    result["signature"] = said
    expected = order.get("signature")
    if expected is not None and said != expected:
        changed = [f"{kind} {name}" for kind in ("inputs", "outputs") for name in sorted(
            {t["name"] for t in said[kind] if t not in expected[kind]}
            | {t["name"] for t in expected[kind] if t not in said[kind]})]
        raise Refused("signature", "signature_changed", f"a model's signature never changes; different: "
                      f"{', '.join(changed)[:400]}",
                      "narrow free dimensions under `signature`, or register a new model")


def _plain(spec: TensorSpec) -> dict[str, Any]:
    return {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape), "optional": spec.optional}


def _specs(said: list[dict[str, Any]]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(s["name"], s["datatype"], tuple(s["shape"]), s["optional"]) for s in said)


# ---------------------------------------------------------------- running it

class _Session:
    """The net behind the kit's port."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._outputs = [o.name for o in session.get_outputs()]

    def run(self, name: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return dict(zip(self._outputs, map(np.asarray, self._session.run(None, dict(inputs))), strict=True))


def _try_out(protocol: Protocol, result: dict[str, Any], document: dict[str, Any],
             inputs: tuple[TensorSpec, ...]) -> None:
    before = _memory()[0]
    with protocol.make("load") as check:
        session = _open()
        check.values = {"ms": round(_timed(_open)[0], 1)} if Path(NET).stat().st_size < 1 << 20 else {}
    with protocol.make("examples") as check:
        feeds = _examples(protocol, check, document, session, inputs)
    with protocol.make("batch") as check:
        result["batched"] = document["batched"] = _batch(protocol, check, document, session, feeds)
    with protocol.make("robustness") as check:
        _robust(protocol, check, session, feeds)
    with protocol.make("profile") as check:
        result["profile"] = check.values = _profile(check, session, feeds, before, batched=document["batched"])
        check.detail = f"p50 {check.values['latency_ms']['p50']} ms" if check.values.get("latency_ms") else "not run"


def _open() -> _Session:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return _Session(onnxruntime.InferenceSession(NET, options, providers=["CPUExecutionProvider"]))
    except MemoryError:
        raise
    except Exception as error:
        if "bad_alloc" in str(error) or "Failed to allocate" in str(error):
            raise MemoryError from error
        raise Refused("load", "load_failed", f"ONNX Runtime refuses it: {_short(error)}",
                      "run it once with onnxruntime on your side and export again") from None


def _run(session: _Session, feed: Mapping[str, Array]) -> dict[str, Array]:
    """One run; what the net raises comes as RuntimeError with a short reason."""
    try:
        return session.run("", feed)
    except MemoryError:
        raise
    except Exception as error:
        if "bad_alloc" in str(error) or "Failed to allocate" in str(error):
            raise MemoryError from error
        raise RuntimeError(_short(error)) from None


def _examples(protocol: Protocol, check: Check, document: dict[str, Any], session: _Session,
              inputs: tuple[TensorSpec, ...]) -> list[dict[str, Array]]:
    """Asks every golden example; the arrays that they make, or made-up ones where there is none."""
    feeds: list[dict[str, Array]] = []

    class Recording:
        def run(self, name: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
            feeds.append(dict(arrays))
            return _run(session, arrays)

    for i, example in enumerate(document["examples"]):
        try:
            answer, _ = run_service(document, {"input": example["input"], "parameters": example["parameters"]},
                                    nets=Recording())
        except (Problem, RuntimeError) as error:
            cause = error.__cause__ if isinstance(error, Problem) and error.__cause__ else error
            where = error.errors[0].pointer if isinstance(error, Problem) and error.errors else ""
            raise Refused("examples", "example_failed", " ".join(f"example {i} fails: {where} {_short(cause)}".split()),
                          "correct the example, or the steps before the net") from None
        _fits_schema(i, document["output"], answer["output"])
        if example["output"] is not None:
            where = difference(example["output"], answer["output"], example["tolerance"])
            if where:
                raise Refused("examples", "example_mismatch", f"example {i} is answered differently: {where}",
                              "store the answer that the model gives, or a larger tolerance")
        else:
            example["output"] = answer["output"]
    check.detail = f"{len(document['examples'])} examples"
    if feeds:
        return feeds
    made = made_up(inputs)
    try:
        _run(session, made)
    except RuntimeError as error:
        protocol.warn(check, "examples_missing", f"no example, and made-up values are refused: {error}",
                      "add an example: then every later version is held against it")
        return []
    protocol.warn(check, "examples_missing", "no example was given; zeros and ones were tried",
                  "add an example: then every later version is held against it")
    return [made]


def _fits_schema(number: int, output: str, answer: dict[str, Any]) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    if output not in OUTPUTS:
        return
    fault = best_match(Draft202012Validator(OUTPUTS[output]).iter_errors(answer))
    if fault is not None:
        raise Refused("examples", "example_failed", f"example {number} makes no {output}: {fault.message[:200]}",
                      "correct the step after the net")


def made_up(inputs: tuple[TensorSpec, ...], *, rows: int = 1) -> dict[str, Array]:
    """Plain values of the signature's shapes: free dimensions are 1 (the first: `rows`)."""
    random = np.random.default_rng(7)
    made: dict[str, Array] = {}
    for spec in inputs:
        if spec.optional:
            continue
        shape = tuple(rows if i == 0 and s == -1 else max(s, 1) for i, s in enumerate(spec.shape))
        if spec.datatype == "BYTES":
            made[spec.name] = np.full(shape, "text", np.object_)
        elif spec.datatype.startswith("FP"):
            made[spec.name] = random.normal(size=shape).astype(steps.DTYPES[spec.datatype])
        else:
            made[spec.name] = np.ones(shape, steps.DTYPES[spec.datatype])
    return made


def _batch(protocol: Protocol, check: Check, document: dict[str, Any], session: _Session,
           feeds: list[dict[str, Array]]) -> bool:
    """Whether calls may be joined: every tensor is free in its first dimension and rows do not see each other."""
    specs = [*document["inputs"], *document["outputs"]]
    if not feeds or any(len(s["shape"]) < 2 or s["shape"][0] != -1 for s in specs):
        check.status, check.detail = "skipped", "the first dimension is not free: calls run one by one"
        return False
    rows = [{name: array[:1] for name, array in feed.items()} for feed in feeds[:8]]
    rows = [row for row in rows if all(a.shape[1:] == rows[0][n].shape[1:] for n, a in row.items())]
    rows = (rows * 4)[:4]
    try:
        single = [_run(session, row) for row in rows]
        together = _run(session, {name: np.concatenate([row[name] for row in rows]) for name in rows[0]})
    except RuntimeError as error:
        protocol.warn(check, "batch_differs", f"a batch fails: {error}", "export with a free first dimension")
        return False
    for name, joined in together.items():
        apart = np.concatenate([one[name] for one in single])
        same = (joined.shape == apart.shape and (
            np.allclose(joined.astype(np.float64), apart.astype(np.float64), rtol=1e-3, atol=TOLERANCE, equal_nan=True)
            if joined.dtype.kind in "fiub" else bool((joined == apart).all())))
        if not same:
            protocol.warn(check, "batch_differs", f"{name} differs between a batch and single calls",
                          "calls will run one by one; export in inference mode to have them joined")
            return False
    check.detail = f"{len(rows)} rows together answer as one by one"
    return True


def _robust(protocol: Protocol, check: Check, session: _Session, feeds: list[dict[str, Array]]) -> None:
    floats = {name for feed in feeds[:1] for name, array in feed.items() if array.dtype.kind == "f"}
    if not floats:
        check.status, check.detail = "skipped", "no input takes fractions"
        return
    feed = feeds[0]
    plain = _run(session, feed)
    said: list[tuple[str, str]] = []
    for word, value in (("NaN", np.nan), ("infinity", np.inf)):
        try:
            odd = _run(session, {n: np.full_like(a, value) if n in floats else a for n, a in feed.items()})
            passes = any(a.dtype.kind == "f" and not np.isfinite(a).all() for a in odd.values())
            check.values[word] = "comes out again" if passes else "is swallowed"
            if passes:
                said.append(("nan_passes", f"{word} comes out again"))
        except RuntimeError as error:
            check.values[word] = "is refused"
            said.append(("nan_breaks", f"{word} makes the call fail: {error}"))
    random = np.random.default_rng(11)
    noisy = {n: a + (1e-3 * (np.abs(a).mean() + 1e-6) * random.standard_normal(a.shape)).astype(a.dtype)
             if n in floats else a for n, a in feed.items()}
    moved = 0.0
    for name, array in _run(session, noisy).items():
        if array.dtype.kind == "f" and array.shape == plain[name].shape:
            scale = float(np.abs(plain[name]).max()) or 1.0
            moved = max(moved, float(np.nan_to_num(np.abs(array - plain[name]).max() / scale)))
    check.values["noise_0.1_percent_moves"] = round(moved, 6)
    if moved > 0.5:
        said.append(("noise_sensitive", f"noise of 0.1 % moves the output by {moved:.0%}"))
    if said:
        protocol.warn(check, said[0][0], "; ".join(text for _, text in said),
                      "state bounds for the fields, so that such values are refused before the net")


def _profile(check: Check, session: _Session, feeds: list[dict[str, Array]], before: float, *,
             batched: bool) -> dict[str, Any]:
    if not feeds:
        check.status = "skipped"
        return {}
    times: list[float] = []
    ends = time.perf_counter() + RUNS_S
    while len(times) < RUNS and (len(times) < 3 or time.perf_counter() < ends):
        times.append(_timed(lambda: _run(session, feeds[len(times) % len(feeds)]))[0])
    times.sort()
    p50, p95 = times[len(times) // 2], times[min(len(times) - 1, int(len(times) * 0.95))]
    now, peak = _memory()
    profile: dict[str, Any] = {
        "latency_ms": {"p50": round(p50, 3), "p95": round(p95, 3), "runs": len(times)},
        "memory_mb": {"added": round(max(now - before, 0.0), 1), "peak": round(peak, 1)},
        "net_mb": round(Path(NET).stat().st_size / 1e6, 3), "batch": []}
    if batched:
        one = {name: array[:1] for name, array in feeds[0].items()}
        for size in BATCHES:
            many = {name: np.repeat(array, size, axis=0) for name, array in one.items()}
            took = sorted(_timed(partial(_run, session, many))[0] for _ in range(3))[1]
            profile["batch"].append({"size": size, "ms": round(took, 3)})
    if p50 > SLOW_MS:
        raise Refused("profile", "too_slow", f"a call takes {p50 / 1000:.1f} s here; {SLOW_MS / 1000:.0f} s at most",
                      "make the net smaller, or cut its input")
    return profile


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    value = work()
    return (time.perf_counter() - began) * 1000, value


def _memory() -> tuple[float, float]:
    """Resident and highest resident memory of this process, in MB."""
    words = Path("/proc/self/statm").read_text().split() if Path("/proc/self/statm").exists() else ["0", "0"]
    return (int(words[1]) * resource.getpagesize() / 1e6,
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)


def _short(error: BaseException) -> str:
    """The first words of an exception, without our paths."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text.replace(str(Path.cwd()), "…")[:300]
