"""Staff's view of accounts. Keys and the trail can be read, never written, here."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from marketplace.accounts.models import ApiKey, AuditEntry, Membership, Organization, User


class ReadOnly(admin.ModelAdmin):
    """What changes only through services."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    list_display = ["email", "name", "is_active", "is_staff", "created_at"]
    search_fields = ["email", "name"]
    fields = ["email", "name", "is_active", "is_staff", "is_superuser", "groups"]


class Members(admin.TabularInline):
    model = Membership
    extra = 0
    raw_id_fields = ["user"]


@admin.register(Organization)
class OrganizationAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "currency", "status", "created_at"]
    list_filter = ["status", "currency"]
    search_fields = ["name", "slug"]
    readonly_fields = ["public_id", "status", "currency", "created_at"]
    inlines = [Members]


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly):
    list_display = ["name", "organization", "mode", "prefix", "last4", "created_at", "revoked_at", "last_used_at"]
    list_filter = ["mode"]
    exclude = ["key_hash"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    list_display = ["organization", "number", "at", "actor_kind", "actor_id", "action", "target"]
    list_filter = ["action"]
