"""The shelf as the portal shows it: cards made from manifests, searched and narrowed by facets in memory.

A few hundred cards fit in memory and are filtered in well under a millisecond each request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db.models import Count, Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kernel.problems import Problem
from marketplace.listings import selectors as listings
from model_registry import catalog_kit
from model_registry.catalog_kit.tasks import TASKS

CATALOG = Path(catalog_kit.__file__).resolve().parent.parent / "catalog"
MODALITIES = {
    "image": lazy("Vision"),
    "document": lazy("Documents"),
    "code": lazy("Codes"),
    "text": lazy("Language"),
    "audio": lazy("Audio"),
    "series": lazy("Time series"),
    "table": lazy("Tables"),
    "planning": lazy("Planning"),
    "science": lazy("Science"),
    "graph": lazy("Graphs"),
    "finance": lazy("Finance"),
}
PALETTES = {
    "image": "vision",
    "document": "vision",
    "code": "vision",
    "text": "language",
    "audio": "audio",
    "series": "timeseries",
    "table": "tabular",
    "finance": "tabular",
}
INDUSTRIES = {
    "manufacturing": lazy("Manufacturing"),
    "energy": lazy("Energy"),
    "finance": lazy("Finance"),
    "retail": lazy("Retail"),
    "healthcare": lazy("Healthcare"),
    "logistics": lazy("Logistics"),
    "media": lazy("Media"),
    "public-sector": lazy("Public sector"),
    "education": lazy("Education"),
    "agriculture": lazy("Agriculture"),
    "security": lazy("Security"),
    "developer-tools": lazy("Developer tools"),
}
UNITS = {
    "call": lazy("call"),
    "image": lazy("image"),
    "page": lazy("page"),
    "second": lazy("second"),
    "1k_chars": lazy("1,000 characters"),
    "row": lazy("row"),
    "point": lazy("point"),
}
SOURCES = {"S1": lazy("Library"), "S2": lazy("Trained here"), "S3": lazy("Published weights")}
FACETS = {
    "modality": lazy("Modality"),
    "task": lazy("Task"),
    "industry": lazy("Industry"),
    "price": lazy("Price"),
    "licence": lazy("Licence"),
    "source": lazy("Source"),
}


@dataclass(frozen=True, slots=True)
class Card:
    """One capability as a page shows it."""

    name: str
    manifest: dict[str, Any]
    example: dict[str, Any]
    folder: Path

    @property
    def modality(self) -> str:
        return TASKS[self.manifest["task"]].modality

    @property
    def palette(self) -> str:
        return PALETTES.get(self.modality, "multimodal")

    @property
    def amount(self) -> Decimal:
        """Minor units of `currency` for one unit of work."""
        return Decimal(self.manifest["pricing"]["amount"])

    @property
    def currency(self) -> str:
        return str(self.manifest["pricing"]["currency"])

    @property
    def haystack(self) -> str:
        m, task = self.manifest, TASKS[self.manifest["task"]]
        words = (self.name, m["title"], m["title_zh"], m["summary"], m["summary_zh"], task.title, task.title_zh)
        return " ".join([*words, *m.get("tags", [])]).lower()

    def values(self, facet: str) -> list[str]:
        m = self.manifest
        return {
            "modality": [self.modality],
            "task": [m["task"]],
            "industry": m["industry"],
            "price": [m["pricing"]["unit"]],
            "licence": [m["license"]["code"]],
            "source": [m["source"]],
        }[facet]


@lru_cache(maxsize=2)
def _cards(stamp: tuple[int, datetime | None]) -> dict[str, Card]:
    found = {}
    for row in listings.on_shelf().select_related("model").order_by("name"):
        manifest = row.model.manifest
        if not row.model.example or manifest.get("task") not in TASKS:
            continue
        folder = CATALOG / row.model.domain / row.name.replace("-", "_")
        found[row.name] = Card(row.name, manifest, row.model.example, folder)
    return found


def cards() -> dict[str, Card]:
    """Every listing on the shelf that carries a tested example, by name; read anew when the shelf changed."""
    stamp = listings.on_shelf().aggregate(count=Count("pk"), latest=Max("model__updated_at"))
    return _cards((stamp["count"], stamp["latest"]))


def card(name: str) -> Card:
    """One capability. Raises not_found."""
    found = cards().get(name)
    if found is None:
        raise Problem("model_not_found", f"there is no model {name}")
    return found


def label(facet: str, value: str, *, chinese: bool) -> str:
    """The words of a facet's value."""
    if facet == "task":
        return TASKS[value].title_zh if chinese else TASKS[value].title
    if facet == "price":
        return _("Per %(unit)s") % {"unit": UNITS[value]}
    table = {"modality": MODALITIES, "industry": INDUSTRIES, "source": SOURCES}.get(facet, {})
    return str(table.get(value, value if facet == "licence" else value.replace("-", " ").capitalize()))


def search(query: str, chosen: Mapping[str, list[str]], *, chinese: bool) -> tuple[list[Card], list[dict[str, Any]]]:
    """The cards that match and the facets with counts, each counted under everything else that is chosen."""
    words = query.lower().split()
    texts = [c for c in cards().values() if all(word in c.haystack for word in words)]

    def fits(c: Card, *, but: str = "") -> bool:
        return all(set(values) & set(c.values(facet)) for facet, values in chosen.items() if values and facet != but)

    facets = []
    everything = list(cards().values())
    for facet, title in FACETS.items():
        counts = Counter(v for c in texts if fits(c, but=facet) for v in c.values(facet))
        values = {v for c in everything for v in c.values(facet)}
        items = [
            {
                "value": v,
                "label": label(facet, v, chinese=chinese),
                "count": counts[v],
                "on": v in chosen.get(facet, []),
            }
            for v in values
        ]
        items.sort(key=lambda item: (-item["count"], item["label"]))
        facets.append(
            {
                "key": facet,
                "title": title,
                "items": items[:7],
                "more": items[7:],
                "open": any(item["on"] for item in items[7:]),
            }
        )
    return [c for c in texts if fits(c)], facets
