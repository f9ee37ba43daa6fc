"""One test for every capability: its manifest, its example by value, its schema, and what strangers may send it."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from kernel.problems import Problem
from model_registry.catalog_kit.compare import differences, hostile_requests
from model_registry.catalog_kit.density import median, sizes
from model_registry.catalog_kit.metrics import fingerprint, quality_stamp, read_metrics
from model_registry.catalog_kit.outputs import output_fault
from model_registry.catalog_kit.quality import measure
from model_registry.catalog_kit.runner import CATALOG, inline_media, read_example, run_capability
from model_registry.manifest import load, load_all
from model_registry.routes import to_route

FOLDERS = sorted(p.parent for p in CATALOG.glob("*/*/model.yaml"))
TOMORROW = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
each_entry = pytest.mark.parametrize("folder", FOLDERS, ids=[f.name for f in FOLDERS])


def answer(folder: Path, request: dict[str, Any], media: list[bytes]) -> tuple[dict[str, Any], list[Any]]:
    try:
        return run_capability(folder, request, media)
    except Problem as problem:
        if problem.code == "model_not_ready" and load(folder).source == "S3":
            pytest.skip("fetched on first use, and not here")
        raise


def test_all_manifests_load_and_names_are_unique() -> None:
    assert len(load_all(CATALOG)) == len(FOLDERS)


@each_entry
def test_example(folder: Path) -> None:
    manifest = load(folder)
    request, media, example = read_example(folder)
    response, files = answer(folder, request, media)
    assert output_fault(manifest.output, response["output"]) is None
    assert output_fault(manifest.output, inline_media(response["output"], files)) is None
    assert json.loads(json.dumps(response, allow_nan=False)) == response
    assert response["units"][manifest.pricing.unit] >= 1
    assert len(response["media"]) == len(files)
    assert all(file.data for file in files)
    wrong = list(differences(response["output"], example["output"], float(example.get("tolerance", 1e-6))))
    assert not wrong, "\n".join(wrong[:10])
    assert to_route(manifest, version=1).model == manifest.name


@each_entry
def test_the_card_carries_measured_figures(folder: Path) -> None:
    """A card without measured figures is refused; figures of other code or data must be measured anew and agree."""
    found = read_metrics(folder)
    assert found is not None, f"make catalog-eval name={folder.name}"
    assert faults_of_figures(found) == []
    if quality_stamp(found)["fingerprint"] != fingerprint(folder):
        measured = measure(folder)
        assert not [m.fault for m in measured if m.fault]
        assert [m.name for m in measured] == [m["name"] for m in found["quality"]]
        wrong = [m.as_json() for m, old in zip(measured, found["quality"], strict=True)
                 if list(differences(_leading(m.as_json()), _leading(old), 0.02))]
        assert not wrong, f"measured anew: {wrong}; make catalog-quality name={folder.name} writes them"
    card = load(folder).card
    assert [(m.name, m.value) for m in card.metrics] == [(m["name"], m["value"]) for m in found["quality"]]
    assert card.measured is not None
    assert card.measured.model_dump() == {**{k: found["measured"][k] for k in ("date", "machine", "method")}, **{
        k: found[k] for k in ("latency_ms", "cold_start_ms", "memory_mb")}}


def _leading(figure: dict[str, str]) -> float:
    return float(figure["value"].split()[0])


def faults_of_figures(found: dict[str, Any]) -> list[str]:
    """What is missing in the figures of metrics.json: quality, speed, memory, and when, where and how."""
    speed, memory, stamps = found["latency_ms"], found["memory_mb"], (found["measured"], quality_stamp(found))
    return [name for name, holds in (
        ("quality", any(m["data"] for m in found["quality"]) and all(m["name"] for m in found["quality"])),
        ("a number first", all(math.isfinite(_leading(m)) for m in found["quality"])),
        ("latency", 0 < speed["p50"] <= speed["p95"] and speed["runs"] >= 5),
        ("cold start", found["cold_start_ms"] > 0),
        ("memory", 0 < memory["added"] <= memory["peak"]),
        ("dates", all(dt.date(2026, 1, 1) <= dt.date.fromisoformat(stamp["date"]) <= TOMORROW for stamp in stamps)),
        ("machine", all(stamp["machine"] for stamp in stamps)), ("method", bool(found["measured"]["method"])),
    ) if not holds]


def test_figures_that_lack_something_are_refused() -> None:
    whole = read_metrics(FOLDERS[0])
    assert whole is not None
    assert faults_of_figures(whole) == []
    stamp = whole["measured"]
    for change, fault in (({"quality": []}, "quality"), ({"cold_start_ms": 0}, "cold start"),
                          ({"latency_ms": {"p50": 2, "p95": 1, "runs": 5}}, "latency"),
                          ({"memory_mb": {"added": 0, "peak": 9}}, "memory"),
                          ({"measured": {**stamp, "method": ""}}, "method"),
                          ({"measured": {**stamp, "date": "2020-01-01"}}, "dates")):
        assert faults_of_figures({**whole, **change}) == [fault]


@each_entry
def test_hostile_input_is_refused_cleanly(folder: Path) -> None:
    manifest = load(folder)
    request, media, _ = read_example(folder)
    if manifest.source == "S3":
        answer(folder, request, media)  # skips what is not here
    for value, must_refuse, sent in hostile_requests(manifest, request):
        body = {**request, "input": {**request["input"], **value}}
        problem = refusal(folder, body, [*media, *sent])
        # A caller's fault, never ours: anything else that the entry raises becomes backend_error.
        shown = f"{str(value)[:200]}: {problem!r} from {problem and problem.__cause__!r}"
        assert not must_refuse if problem is None else problem.status < 500, shown
    for bad in ({"input": {}}, {"input": []}, [], {"input": request["input"], "parameters": {"no_such": 1}},
                {"input": {**request["input"], "no_such": 1}}):
        optional = all(f.optional or f.default is not None for f in manifest.input.values())
        if not (bad == {"input": {}} and optional):
            with pytest.raises(Problem):
                run_capability(folder, bad, media)  # type: ignore[arg-type]
    for name, parameter in manifest.parameters.items():
        for wrong in ([], {}, math.nan if parameter.kind != "text" else 1):
            with pytest.raises(Problem) as caught:
                run_capability(folder, {**request, "parameters": {name: wrong}}, media)
            assert caught.value.status < 500


def test_an_entry_is_small() -> None:
    """Shared builders keep the median of code and manifest at 60 lines; `… catalog_kit density` prints the table."""
    found = sizes(CATALOG)
    assert len(found) == len(FOLDERS)
    assert median(found) <= 60
    assert max(s.code for s in found) <= 250


def test_no_figure_is_typed_by_hand() -> None:
    assert [f.name for f in FOLDERS if "metrics" in yaml.safe_load((f / "model.yaml").read_text())["card"]] == []


def refusal(folder: Path, request: dict[str, Any], media: list[bytes]) -> Problem | None:
    """The Problem that a request is refused with; any other exception is a failure of the test."""
    try:
        run_capability(folder, request, media)
    except Problem as problem:
        return problem
    return None
