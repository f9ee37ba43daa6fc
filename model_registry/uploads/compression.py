"""A smaller net of one that was checked before: quantised to 8 bits or halved to 16, and held against the original.

Runs in the child, like all that opens a net. What comes out is checked again as any upload is.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.declared.compare import difference
from model_registry.declared.runner import run_service
from model_registry.uploads.checks import Check, Protocol, Refused

Feed = dict[str, NDArray[Any]]
METHODS = ("int8_dynamic", "int8_static", "fp16")
BASE, MADE = "base.onnx", "upload"
RUNS, RUNS_S = 60, 2.0
OFF = 0.05  # how far a number may move and still be the same answer
# Calibration reads these at most: more change a range by little and cost the child its time.
MAX_CALIBRATION = 512
_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")


def compress(order: Mapping[str, Any], protocol: Protocol) -> dict[str, Any]:
    """Makes ./upload of ./base.onnx by `order["method"]`: the report before and after.

    `examples` are answered by both nets; those with an `output` also tell how often each of them is right.
    `calibration` (else the examples) is what ranges are measured on. Raises Refused by the check `compression`.
    """
    document, examples = order["service"], order["examples"]
    with protocol.make("compression") as check:
        base = _open(BASE)
        feeds = [feed for one in order["calibration"] or examples for feed in _feeds(document, one, base)]
        if not feeds and order["method"] == "int8_static":
            raise Refused("compression", "calibration_missing", "static quantisation measures ranges on examples, and "
                          "this version has none", "send calibration data, or quantise dynamically")
        _make(order["method"], feeds[:MAX_CALIBRATION])
        made = _open(MADE)
        report = {"method": order["method"], "calibrated_on": len(feeds) if order["method"] == "int8_static" else 0,
                  "before": _figures(base, BASE, feeds), "after": _figures(made, MADE, feeds),
                  **_quality(document, examples, base, made)}
        _judge(protocol, check, report, float(order["min_agreement"]))
    return report


def _open(file: str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except MemoryError:
        raise
    except Exception as error:
        raise Refused("compression", "load_failed", f"ONNX Runtime refuses what came out: {str(error)[:200]}",
                      "try another method") from None


class _Net:
    """A session behind the kit's port, which keeps what it was asked."""

    def __init__(self, session: Any) -> None:
        self._session, self.asked = session, list[Feed]()
        self._outputs = [output.name for output in session.get_outputs()]

    def run(self, name: str, inputs: Mapping[str, NDArray[Any]]) -> Feed:
        self.asked.append(dict(inputs))
        return dict(zip(self._outputs, map(np.asarray, self._session.run(None, dict(inputs))), strict=True))


def _answer(document: Mapping[str, Any], example: Mapping[str, Any], net: _Net) -> dict[str, Any]:
    request = {"input": example["input"], "parameters": example.get("parameters") or {}}
    return dict(run_service(document, request, nets=net)[0]["output"])


def _feeds(document: Mapping[str, Any], example: Mapping[str, Any], session: Any) -> Iterator[Feed]:
    """What the steps before the net make of an example, row by row where its first dimension is free."""
    net = _Net(session)
    try:
        _answer(document, example, net)
    except Exception as error:
        raise Refused("compression", "calibration_invalid", f"an example can't be answered: {str(error)[:200]}",
                      "each line is {input, output?} as a call has it") from None
    yield from net.asked


def _make(method: str, feeds: Sequence[Feed]) -> None:
    tempfile.tempdir = str(Path.cwd())
    try:
        if method == "fp16":
            _halve()
        else:
            _quantise(method, feeds)
    except Refused:
        raise
    except MemoryError:
        raise
    except Exception as error:
        raise Refused("compression", "compression_failed", f"{type(error).__name__}: {str(error)[:200]}",
                      "try another method, or quantise on your side and upload that") from None
    _tidy()


def _halve() -> None:
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(BASE), keep_io_types=True), MADE)


def _quantise(method: str, feeds: Sequence[Feed]) -> None:
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_dynamic, quantize_static

    if method == "int8_dynamic":
        quantize_dynamic(BASE, MADE, weight_type=QuantType.QInt8)
        return

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = iter(feeds)

        def get_next(self) -> Feed | None:
            return next(self._left, None)

    quantize_static(BASE, MADE, Reader(), weight_type=QuantType.QInt8, activation_type=QuantType.QUInt8)


def _tidy() -> None:
    """Takes out what the tools import without using it, and refuses what they left as it was."""
    import onnx

    made, base = onnx.load(MADE), onnx.load(BASE)
    kept = {node.domain for node in made.graph.node} | {""}
    opsets = [opset for opset in made.opset_import if opset.domain in kept or opset.domain in _DOMAINS]
    del made.opset_import[:]
    made.opset_import.extend({opset.domain: opset for opset in opsets}.values())
    same = [n.op_type for n in made.graph.node] == [n.op_type for n in base.graph.node] and [
        i.data_type for i in made.graph.initializer] == [i.data_type for i in base.graph.initializer]
    if same:
        raise Refused("compression", "nothing_to_compress", "the net holds nothing that this method makes smaller",
                      "matrix products and convolutions are quantised; trees and small linear models are not")
    made.producer_name = base.producer_name
    onnx.save(made, MADE)


def _figures(session: Any, file: str, feeds: Sequence[Feed]) -> dict[str, Any]:
    times: list[float] = []
    ends = time.perf_counter() + RUNS_S
    while feeds and len(times) < RUNS and (len(times) < 5 or time.perf_counter() < ends):
        began = time.perf_counter()
        session.run(None, feeds[len(times) % len(feeds)])
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    latency = {"p50": round(times[len(times) // 2], 4), "p95": round(times[int((len(times) - 1) * 0.95)], 4),
               "runs": len(times)} if times else None
    return {"bytes": Path(file).stat().st_size, "latency_ms": latency}


def _quality(document: Mapping[str, Any], examples: Sequence[Mapping[str, Any]], base: Any,
             made: Any) -> dict[str, Any]:
    """How often both nets say the same, and how often each is right where the right answer is known."""
    agreed = known = right_before = right_after = items = 0
    for example in examples:
        before, after = (_answer(document, example, _Net(session)) for session in (base, made))
        hits, count = agreement(before, after)
        agreed, items = agreed + hits, items + count
        if example.get("output") is not None:
            measure = partial(agreement, example["output"])
            (was, count), (now, _) = measure(before), measure(after)
            right_before, right_after, known = right_before + was, right_after + now, known + count
    return {"items": items, "agreement": round(agreed / items, 4) if items else None,
            "accuracy": {"before": round(right_before / known, 4), "after": round(right_after / known, 4),
                         "items": known} if known else None}


def agreement(expected: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[int, int]:
    """How many items of an answer are the same in another, and how many there are: by label where there are labels,
    else by value."""
    for word in ("rows", "labels"):
        one, other = expected.get(word), given.get(word)
        if isinstance(one, list) and isinstance(other, list) and one:
            if word == "labels":  # the best alone is the answer
                one, other = one[:1], other[:1]
            return sum(map(_same_item, one, other)), len(one)
    return int(not difference(dict(expected), dict(given), OFF)), 1


def _same_item(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if "label" in one:
        return bool(one["label"] == other.get("label"))
    return not difference(dict(one), dict(other), OFF)


def _judge(protocol: Protocol, check: Check, report: Mapping[str, Any], least: float) -> None:
    before, after = report["before"]["bytes"], report["after"]["bytes"]
    check.values = {"bytes": [before, after], "agreement": report["agreement"]}
    check.detail = f"{before} → {after} bytes"
    agreed = report["agreement"]
    if agreed is not None:
        check.detail += f"; {agreed:.1%} of {report['items']} answers are the same"
        if agreed < least:
            raise Refused("compression", "compression_lossy", f"only {agreed:.1%} of {report['items']} answers are the "
                          f"same; {least:.0%} were asked for",
                          "calibrate on more data, use fp16, or accept less with min_agreement")
    else:
        protocol.warn(check, "examples_missing", f"{check.detail}; there was no example to compare answers on",
                      "add examples: they tell what the compression costs")


def compress_upload(order: Mapping[str, Any], protocol: Protocol) -> dict[str, Any]:
    """The child's answer to the mode `compress`: checks, log and report; a refusal is the last check."""
    report: dict[str, Any] | None = None
    try:
        report = compress(order, protocol)
    except Refused:
        Path(MADE).unlink(missing_ok=True)
    return {"checks": protocol.documents(), "log": protocol.log, "report": report}
