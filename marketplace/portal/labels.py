"""The words of the shelf in both languages: modalities, industries, units, sources, readiness."""

from __future__ import annotations

from functools import cache
from gettext import NullTranslations, translation

from django.conf import settings
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from marketplace.listings.selectors import HOUSE, FacetValue
from model_registry import selectors as registry

MODALITIES = {
    "image": gettext_lazy("Vision"), "document": gettext_lazy("Documents"), "code": gettext_lazy("Codes"),
    "text": gettext_lazy("Language"),
    "audio": gettext_lazy("Audio"), "series": gettext_lazy("Time series"), "table": gettext_lazy("Tables"),
    "planning": gettext_lazy("Planning"),
    "science": gettext_lazy("Science"), "graph": gettext_lazy("Graphs"), "finance": gettext_lazy("Finance"),
}
# Modality → the palette of its cards.
PALETTES = {
    "image": "vision", "document": "vision", "code": "vision", "text": "language", "audio": "audio",
    "series": "timeseries", "table": "tabular", "finance": "tabular",
}
INDUSTRIES = {
    "manufacturing": gettext_lazy("Manufacturing"), "energy": gettext_lazy("Energy"),
    "finance": gettext_lazy("Finance"),
    "retail": gettext_lazy("Retail"), "healthcare": gettext_lazy("Healthcare"), "logistics": gettext_lazy("Logistics"),
    "media": gettext_lazy("Media"), "public-sector": gettext_lazy("Public sector"),
    "education": gettext_lazy("Education"),
    "agriculture": gettext_lazy("Agriculture"), "security": gettext_lazy("Security"),
    "developer-tools": gettext_lazy("Developer tools"),
}
UNITS = {
    "call": gettext_lazy("call"), "image": gettext_lazy("image"), "page": gettext_lazy("page"),
    "second": gettext_lazy("second"),
    "1k_chars": gettext_lazy("1,000 characters"), "row": gettext_lazy("row"), "point": gettext_lazy("point"),
}
SOURCES = {
    "S1": gettext_lazy("Library"), "S2": gettext_lazy("Trained here"), "S3": gettext_lazy("Published weights"),
}
POOLS = {
    "hot": gettext_lazy("Always loaded"), "warm": gettext_lazy("Loads on the first call"),
    "cold": gettext_lazy("Fetched on demand"),
}
EVIDENCE = {
    "R": gettext_lazy("Checked on real input"), "S": gettext_lazy("Checked on simulated input"),
    "K": gettext_lazy("Checked on known answers"),
    "C": gettext_lazy("Its parts are checked"), "-": gettext_lazy("Not checked"),
}
FACETS = {
    "modality": gettext_lazy("Modality"), "task": gettext_lazy("Task"), "industry": gettext_lazy("Industry"),
    "unit": gettext_lazy("Priced by"),
    "pool": gettext_lazy("Readiness"), "latency": gettext_lazy("Time of a call"),
    "license": gettext_lazy("Licence"), "source": gettext_lazy("Source"),
    "provider": gettext_lazy("Provider"),
}
SORTS = {
    "": gettext_lazy("Name"), "popular": gettext_lazy("Most subscribed"), "newest": gettext_lazy("Newest"),
    "price": gettext_lazy("Lowest price"),
    "fastest": gettext_lazy("Fastest"),
}
_TABLES = {"modality": MODALITIES, "industry": INDUSTRIES, "source": SOURCES, "unit": UNITS, "pool": POOLS}


def chinese() -> bool:
    """Whether the page is in Chinese."""
    return (get_language() or "").startswith("zh")


@cache
def _contents() -> NullTranslations:
    return translation("contents", settings.LOCALE_PATHS[0], ["zh_Hans"], fallback=True)


def content(text: str) -> str:
    """What a card, an operation or a problem says, in the page's language; as it was written where that lacks."""
    return _contents().gettext(text) if text and chinese() else text


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
    if kind == "latency":
        return _("Longer") if value == "more" else _("Up to %(ms)s ms") % {"ms": value}
    if kind == "provider":
        return "Tessera" if value == HOUSE else value
    found = _TABLES.get(kind, {}).get(value)
    return str(found) if found else value if kind == "license" else value.replace("-", " ").capitalize()


def facet_items(kind: str, values: list[FacetValue]) -> list[dict[str, object]]:
    """A facet's choices as its template shows them, those with the most listings first."""
    found = [{"value": v.value, "label": facet(kind, v.value), "count": v.count, "on": v.selected} for v in values]
    return sorted(found, key=lambda item: (-int(str(item["count"])), str(item["label"])))
