"""Staff's view of the shelf."""

from __future__ import annotations

from django.contrib import admin

from marketplace.listings.models import Collection, Listing, Review, Subscription


@admin.register(Listing)
class ListingAdmin(admin.ModelAdmin):
    list_display = ["name", "published", "featured", "created_at"]
    list_editable = ["published", "featured"]
    search_fields = ["name"]
    readonly_fields = ["model", "name", "created_at"]
    filter_horizontal = ["collections"]


@admin.register(Subscription)
class SubscriptionAdmin(admin.ModelAdmin):
    list_display = ["organization", "model", "plan", "created_at", "ended_at"]
    list_filter = ["plan"]
    readonly_fields = ["organization", "model", "plan", "created_at", "ended_at"]


admin.site.register([Collection, Review])
