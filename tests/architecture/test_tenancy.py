"""Every table belongs to an organization, by a column or through the row that it is part of; or it is listed here."""

from __future__ import annotations

from functools import cache

import pytest
from django.apps import apps
from django.db import models

ORGANIZATION = "accounts.Organization"
PACKAGES = ("marketplace", "billing", "model_registry", "inference_backend")
# What belongs to the platform or to everybody; each with its reason.
SHARED = {
    "accounts.User": "a person may work in several organizations; memberships carry the tenant",
    "accounts.Organization": "the tenant itself",
    "listings.Collection": "the shop window, the same for everybody",
    "listings.Listing": "the shelf, the same for everybody; a private model is never listed",
    "billing.Plan": "the price list", "billing.PlanCommitment": "the price list", "billing.TaxRate": "the price list",
    "billing.Price": "the price list", "billing.PriceTier": "the price list", "billing.Coupon": "the price list",
    "billing.InvoiceCounter": "one row a series of invoice numbers",
    "billing.WebhookEvent": "what the payment provider told the platform",
    "billing.Dispute": "the bank's word on a payment, kept also where the payment is not known",
    "billing.ReceiptKey": "the platform's own key pairs, published to everybody",
    "billing.ReconciliationDay": "the platform's books against the provider's",
    "model_registry.Model": "public ones have no owner; `owner` is the organization of the others",
    "model_registry.ModelVersion": "part of a model", "model_registry.Alias": "part of a model",
    "model_registry.Price": "part of a model", "model_registry.TrafficChange": "part of a model",
    "model_registry.Rollout": "part of a model", "model_registry.Outcome": "part of a model, said by its provider",
    "model_registry.Artifact": "bytes by their hash, shared by the versions that hold them",
}
TABLES = [m for m in apps.get_models() if m.__module__.split(".")[0] in PACKAGES and not m._meta.auto_created]


def named(model: type[models.Model]) -> bool:
    """Whether a column that is never empty names the organization."""
    return any(field.name == "org_id" or (field.is_relation and field.related_model._meta.label == ORGANIZATION)
               for field in model._meta.concrete_fields if not field.null)


@cache
def belongs(model: type[models.Model]) -> bool:
    """Whether each row names its organization, itself or through a row that it can't be without."""
    if named(model):
        return True
    fields = model._meta.concrete_fields
    parents = [field.related_model for field in fields if isinstance(field, models.ForeignKey) and not field.null]
    return any(parent is not model and belongs(parent) for parent in parents if isinstance(parent, type))


@pytest.mark.parametrize("model", TABLES, ids=lambda m: m._meta.label)
def test_a_row_names_its_organization(model: type[models.Model]) -> None:
    if model._meta.label in SHARED:
        assert not named(model), "not shared: strike it off"
    else:
        assert belongs(model)


def test_the_list_has_no_table_that_is_gone() -> None:
    assert set(SHARED) <= {model._meta.label for model in TABLES}


def test_a_reference_to_an_organization_of_another_package_has_no_way_back() -> None:
    """`organization.subscriptions` would let a lower package see a higher one's rows."""
    organization = apps.get_model(ORGANIZATION)
    back = {relation.related_model._meta.label: relation.get_accessor_name()
            for relation in organization._meta.related_objects
            if not relation.related_model.__module__.startswith("marketplace.accounts") and not relation.hidden}
    assert back == {}
