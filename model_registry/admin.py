"""Staff's view of the registry; it is written by the catalogue and by uploads."""

from __future__ import annotations

from django.contrib import admin

from model_registry.models import Model, ModelVersion, Price


class Versions(admin.TabularInline):
    model = ModelVersion
    extra = 0
    can_delete = False
    fields = readonly_fields = ["number", "label", "state", "digest", "created_at"]


class Prices(admin.TabularInline):
    model = Price
    extra = 0
    can_delete = False
    fields = readonly_fields = ["version", "unit", "amount", "currency", "free_per_month", "valid_from"]


@admin.register(Model)
class ModelAdmin(admin.ModelAdmin):
    list_display = ["name", "task", "domain", "state", "source", "evidence"]
    list_filter = ["domain", "state", "source"]
    search_fields = ["name", "title", "title_zh"]
    fields = ["name", "public", "state"]
    readonly_fields = ["name"]
    inlines = [Versions, Prices]
