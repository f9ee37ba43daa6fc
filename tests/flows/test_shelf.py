"""The shelf of the running product: how much it offers, what each capability says of itself, what facets count."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest

from model_registry.catalog_kit.metrics import read_metrics
from model_registry.catalog_kit.runner import CATALOG
from model_registry.manifest import load

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def shelf(demo: dict[str, str]) -> dict[str, Any]:
    """The first page's facets and total, and the listings of all pages."""
    found: list[dict[str, Any]] = []
    with httpx.Client(base_url=demo["url"], timeout=60) as client:
        page = first = client.get("/api/v1/models", params={"limit": 100}).json()
        found += page["data"]
        while page["has_more"]:
            page = client.get("/api/v1/models", params={"limit": 100, "cursor": page["next_cursor"]}).json()
            found += page["data"]
    return {"total": first["total"], "facets": first["facets"], "items": found}


def test_at_least_220_capabilities_answer_offline(shelf: dict[str, Any]) -> None:
    offline = [item for item in shelf["items"] if item["source"] in ("S1", "S2") and item["model_state"] == "active"
               and item["callable"]]
    assert len(offline) >= 220
    assert len({item["name"] for item in shelf["items"]}) == len(shelf["items"]) == shelf["total"]


def test_each_says_what_was_measured(shelf: dict[str, Any]) -> None:
    listed = {item["name"]: item for item in shelf["items"]}
    for file in CATALOG.glob("*/*/model.yaml"):
        measured, item = read_metrics(file.parent), listed[load(file).name]
        assert measured is not None
        assert item["quality"] == measured["quality"], item["name"]
        assert item["latency"] == {**measured["latency_ms"], "cold_start": measured["cold_start_ms"]}, item["name"]
        assert item["memory"] == measured["memory_mb"], item["name"]


@pytest.mark.parametrize(("facet", "values"), [
    ("modality", lambda item: [item["modality"]]), ("task", lambda item: [item["task"]]),
    ("industry", lambda item: item["industry"]), ("domain", lambda item: [item["domain"]]),
    ("unit", lambda item: [item["price"]["unit"]]), ("source", lambda item: [item["source"]] if item["source"] else []),
    ("license", lambda item: {item["license_code"], item["license_weights"]} - {"", "none"}),
    ("latency", lambda item: [next((str(b) for b in (10, 50, 250) if item["latency"]["p50"] <= b), "more")]
     if item["latency"] else []),
], ids=lambda value: value if isinstance(value, str) else "")
def test_facets_count_right(shelf: dict[str, Any], facet: str, values: Any) -> None:
    counted = Counter(value for item in shelf["items"] for value in set(values(item)) if value)
    assert {row["value"]: row["count"] for row in shelf["facets"][facet]} == dict(counted)
