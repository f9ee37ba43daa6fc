"""Manifests: what is accepted, and that each fault names its file and field."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from kernel.contracts import Route
from model_registry.manifest import ManifestError, load, load_all, parse
from model_registry.routes import to_route

GOOD = """
name: face-detect
version: 1.0.0
title: Face detection
title_zh: 人脸检测
summary: Finds faces.
summary_zh: 检测人脸。
task: face-detection
domain: vision
industry: [security]
license: {code: Apache-2.0, weights: Apache-2.0}
source: S1
evidence: R
family: vision
input:
  image: {kind: image, media_types: [image/png], max_pixels: 1000}
parameters:
  threshold: {kind: number, default: 0.5, minimum: 0.05, maximum: 0.99}
output: boxes
nets: [blazeface-short]
pricing: {unit: image, amount: "0.15", currency: USD, free_per_month: 100}
card: {use: a, limits: b, misuse: c, origin: {name: d}}
"""


def changed(**members: object) -> str:
    return yaml.safe_dump({**yaml.safe_load(GOOD), **members}, allow_unicode=True)


def test_amount_is_exact_and_defaults_are_there() -> None:
    manifest = parse(GOOD)
    assert manifest.pricing.amount == Decimal("0.15")
    assert manifest.serving.timeout_ms == 30_000
    assert manifest.parameter_bounds()["threshold"] == {
        "kind": "number", "default": 0.5, "minimum": 0.05, "maximum": 0.99}


@pytest.mark.parametrize(("members", "field", "word"), [
    ({"nmae": "x"}, "nmae", "Extra"),
    ({"name": "Face Detect"}, "name", "pattern"),
    ({"task": "no-such-task"}, "", "unknown task"),
    ({"output": "no-such-output"}, "", "unknown output"),
    ({"industry": ["mining"]}, "industry.0", "manufacturing"),
    ({"pricing": {"unit": "image", "amount": 0.15, "currency": "USD"}}, "pricing.amount", "as text"),
    ({"pricing": {"unit": "image", "amount": "-1", "currency": "USD"}}, "pricing.amount", "zero or more"),
    ({"pricing": {"unit": "hour", "amount": "1", "currency": "USD"}}, "pricing.unit", "call"),
    ({"input": {"image": {"kind": "hologram"}}}, "input.image.kind", "image"),
    ({"input": {"image": {"kind": "image", "media_types": ["image/gif"]}}}, "", "image/gif"),
    ({"input": {"mode": {"kind": "choice"}}}, "input.mode", "choices"),
    ({"parameters": {"t": {"kind": "number", "default": 2, "maximum": 1}}}, "parameters.t", "at most 1"),
    ({"parameters": {"t": {"kind": "number", "minimum": 2, "maximum": 1}}}, "parameters.t", "above"),
    ({"version": 1.0}, "version", "string"),
])
def test_fault_names_file_field_and_reason(members: dict[str, object], field: str, word: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse(changed(**members), Path("somewhere/model.yaml"))
    text = str(caught.value)
    assert text.startswith(f"somewhere/model.yaml: {field}")
    assert word in text


@pytest.mark.parametrize("text", ["", "[1]", "a: [", "just words", "!!python/object/apply:os.getcwd []"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ManifestError):
        parse(text)


def test_folder_must_carry_name_and_domain(tmp_path: Path) -> None:
    for place, member in (("vision/other", "name"), ("audio/face_detect", "domain")):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        (folder / "model.yaml").write_text(GOOD)
        with pytest.raises(ManifestError, match=rf"model.yaml: {member}: "):
            load(folder)
    right = tmp_path / "ok" / "vision" / "face_detect"
    right.mkdir(parents=True)
    (right / "model.yaml").write_text(GOOD)
    assert [m.name for m in load_all(tmp_path / "ok")] == ["face-detect"]


def test_route_of_a_host_capability_survives_its_json() -> None:
    route = to_route(parse(GOOD), version=3)
    assert (route.runtime, route.host, route.nets) == ("host", "host-vision", ("blazeface-short",))
    assert route.targets[0].version == 3
    assert route.price.amount == Decimal("0.15")
    assert (route.cache_s, route.cached_amount) == (0, Decimal(0))
    assert Route.load(route.dump()) == route


def test_a_cache_has_its_own_price_and_needs_a_deterministic_model() -> None:
    price = {"unit": "image", "amount": "0.15", "currency": "USD", "cached": "0.02"}
    route = to_route(parse(changed(pricing=price, serving={"cache_seconds": 60})), version=1)
    assert (route.cache_s, route.cached_amount) == (60, Decimal("0.02"))
    assert Route.load(route.dump()) == route
    with pytest.raises(ManifestError, match="deterministic"):
        parse(changed(serving={"cache_seconds": 60, "deterministic": False}))


def test_route_of_a_net_has_its_tensors() -> None:
    tensors = {"net": "blazeface-short", "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}],
               "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}]}
    route = to_route(parse(changed(tensors=tensors)), version=1)
    assert route.runtime == "onnx"
    assert route.inputs[0].shape == (-1, 4)
