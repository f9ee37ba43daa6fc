"""Staff's view of accounts. Keys and the trail can be read, never written, here."""

from __future__ import annotations

from typing import Literal

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from marketplace.accounts import services
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
    actions = ["suspend", "reactivate"]

    @admin.action(description=_("Suspend: its keys stop within a second"), permissions=["change"])
    def suspend(self, request: HttpRequest, found: QuerySet[Organization]) -> None:
        self._set_status(request, found, "suspended")

    @admin.action(description=_("Let it work again"), permissions=["change"])
    def reactivate(self, request: HttpRequest, found: QuerySet[Organization]) -> None:
        self._set_status(request, found, "active")

    def _set_status(self, request: HttpRequest, found: QuerySet[Organization],
                    status: Literal["active", "suspended"]) -> None:
        for org in found:
            services.set_status(org_id=org.pk, status=status, reason=f"staff {request.user.pk}")
            self.log_change(request, org, status)
        self.message_user(request, _("%(n)s organizations were changed.") % {"n": len(found)})


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly):
    list_display = ["name", "organization", "mode", "prefix", "last4", "created_at", "revoked_at", "last_used_at"]
    list_filter = ["mode"]
    exclude = ["key_hash"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    list_display = ["organization", "number", "at", "actor_kind", "actor_id", "action", "target"]
    list_filter = ["action"]
