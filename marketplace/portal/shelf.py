"""Cards: listings as the pages show them, in the page's language and at the price in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from kernel import contracts
from marketplace.listings import selectors as listings
from marketplace.listings.selectors import Listing
from marketplace.portal import labels
from model_registry import catalog_kit, fetching
from model_registry import selectors as registry

CATALOG = Path(catalog_kit.__file__).resolve().parent.parent / "catalog"


@dataclass(frozen=True, slots=True)
class Card:
    """One capability as a page shows it."""

    listing: Listing
    price: contracts.Price | None
    fetched: bool = True  # False: a hub's model that staff must fetch before anybody can call it

    @property
    def model(self) -> Any:
        return self.listing.model

    @property
    def name(self) -> str:
        return self.listing.name

    @property
    def manifest(self) -> dict[str, Any]:
        return dict(self.model.manifest)

    @property
    def title(self) -> str:
        return str((self.model.title_zh if labels.chinese() else "") or self.model.title)

    @property
    def summary(self) -> str:
        return str((self.model.summary_zh if labels.chinese() else "") or self.model.summary)

    @property
    def modality(self) -> str:
        return registry.task_words(self.model.task)[2]

    @property
    def palette(self) -> str:
        return labels.PALETTES.get(self.modality, "multimodal")

    @property
    def task(self) -> str:
        return labels.task(self.model.task)

    @property
    def provider(self) -> str:
        return str(self.model.owner.name) if self.model.owner else "Tessera"

    @property
    def provider_slug(self) -> str:
        return str(self.model.owner.slug) if self.model.owner else listings.HOUSE

    @property
    def output(self) -> str:
        return str(self.model.manifest.get("output", ""))

    @property
    def pool(self) -> str:
        return str(self.model.manifest.get("serving", {}).get("pool", "warm"))

    @property
    def readiness(self) -> str:
        return str(labels.POOLS.get(self.pool, self.pool)) if self.fetched else _("Fetch first")

    @property
    def source(self) -> str:
        return labels.facet("source", self.model.source) if self.model.source else ""

    @property
    def evidence(self) -> str:
        return str(labels.EVIDENCE.get(self.model.evidence, ""))

    @property
    def measured(self) -> dict[str, Any] | None:
        """Latency, cold start and memory with date, machine and method; None where nothing was measured."""
        found = self.model.manifest.get("card", {}).get("measured")
        return dict(found) if found else None

    @property
    def p50(self) -> str:
        """The measured median of a warm call, such as ``16 ms``; empty where nothing was measured."""
        if self.measured is None:
            return ""
        value = float(self.measured["latency_ms"]["p50"])
        return f"{value:.1f} ms" if value < 10 else f"{value:,.0f} ms"

    @property
    def industries(self) -> list[tuple[str, str]]:
        return [(slug, labels.facet("industry", slug)) for slug in self.model.industry]

    @property
    def amount(self) -> Decimal:
        """Minor units of `currency` for one unit of work."""
        return self.price.amount if self.price else Decimal(0)

    @property
    def currency(self) -> str:
        return self.price.currency if self.price else "USD"

    @property
    def unit(self) -> str:
        return self.price.unit if self.price else "call"

    @property
    def free(self) -> int:
        """Units each month that cost nothing."""
        return self.price.free_per_month if self.price else 0

    @property
    def folder(self) -> Path:
        return CATALOG / self.model.domain / self.name.replace("-", "_").replace(".", "_")


def cards(found: Iterable[Listing]) -> list[Card]:
    """Listings with their prices, in the order given; one query for all prices."""
    found = list(found)
    prices, waiting = registry.current_prices(), fetching.to_fetch(row.name for row in found)
    return [Card(row, prices.get(row.name), row.name not in waiting) for row in found]


def card(name: str) -> Card:
    """One capability of the shelf. Raises Problem model_not_found."""
    return cards([listings.listing(name)])[0]
