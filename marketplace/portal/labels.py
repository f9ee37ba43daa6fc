"""The words of the shelf in both languages: modalities, industries, units, sources, readiness."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from marketplace.listings.selectors import HOUSE, FacetValue
from model_registry import selectors as registry

MODALITIES = {
    "image": lazy("Vision"), "document": lazy("Documents"), "code": lazy("Codes"), "text": lazy("Language"),
    "audio": lazy("Audio"), "series": lazy("Time series"), "table": lazy("Tables"), "planning": lazy("Planning"),
    "science": lazy("Science"), "graph": lazy("Graphs"), "finance": lazy("Finance"),
}
# Modality → the palette of its cards.
PALETTES = {
    "image": "vision", "document": "vision", "code": "vision", "text": "language", "audio": "audio",
    "series": "timeseries", "table": "tabular", "finance": "tabular",
}
INDUSTRIES = {
    "manufacturing": lazy("Manufacturing"), "energy": lazy("Energy"), "finance": lazy("Finance"),
    "retail": lazy("Retail"), "healthcare": lazy("Healthcare"), "logistics": lazy("Logistics"),
    "media": lazy("Media"), "public-sector": lazy("Public sector"), "education": lazy("Education"),
    "agriculture": lazy("Agriculture"), "security": lazy("Security"), "developer-tools": lazy("Developer tools"),
}
UNITS = {
    "call": lazy("call"), "image": lazy("image"), "page": lazy("page"), "second": lazy("second"),
    "1k_chars": lazy("1,000 characters"), "row": lazy("row"), "point": lazy("point"),
}
SOURCES = {"S1": lazy("Library"), "S2": lazy("Trained here"), "S3": lazy("Published weights")}
POOLS = {"hot": lazy("Always loaded"), "warm": lazy("Loads on the first call"), "cold": lazy("Fetched on demand")}
EVIDENCE = {
    "R": lazy("Checked on real input"), "S": lazy("Checked on simulated input"), "K": lazy("Checked on known answers"),
    "C": lazy("Its parts are checked"), "-": lazy("Not checked"),
}
FACETS = {
    "modality": lazy("Modality"), "task": lazy("Task"), "industry": lazy("Industry"), "unit": lazy("Priced by"),
    "pool": lazy("Readiness"), "license": lazy("Licence"), "source": lazy("Source"), "provider": lazy("Provider"),
}
SORTS = {"": lazy("Name"), "popular": lazy("Most subscribed"), "newest": lazy("Newest"), "price": lazy("Lowest price")}
_TABLES = {"modality": MODALITIES, "industry": INDUSTRIES, "source": SOURCES, "unit": UNITS, "pool": POOLS}


def chinese() -> bool:
    """Whether the page is in Chinese."""
    return (get_language() or "").startswith("zh")


def task(name: str) -> str:
    title, title_zh, _modality = registry.task_words(name)
    return title_zh if chinese() else title


def unit(name: str) -> str:
    return str(UNITS.get(name, name))


def facet(kind: str, value: str) -> str:
    """The words of a facet's value."""
    if kind == "task":
        return task(value)
    if kind == "unit":
        return _("Per %(unit)s") % {"unit": unit(value)}
    if kind == "provider":
        return "Tessera" if value == HOUSE else value
    found = _TABLES.get(kind, {}).get(value)
    return str(found) if found else value if kind == "license" else value.replace("-", " ").capitalize()


def facet_items(kind: str, values: list[FacetValue]) -> list[dict[str, object]]:
    """A facet's choices as its template shows them, those with the most listings first."""
    found = [{"value": v.value, "label": facet(kind, v.value), "count": v.count, "on": v.selected} for v in values]
    return sorted(found, key=lambda item: (-int(str(item["count"])), str(item["label"])))
