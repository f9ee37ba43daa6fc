"""Staff's view of the books: read here, moved only through services. Refunds and reconciliation start from here."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from billing import payments, reconciliation, services, webhooks
from billing.models import Invoice, UsageEvent
from billing.payment_models import CreditNote, Dispute, PaymentAttempt, ReconciliationDay, WebhookEvent
from billing.stripe_gateway import Refused, Unanswered
from kernel.money import EXPONENTS
from kernel.problems import Problem


class ReadOnly(admin.ModelAdmin):
    """What changes only through services."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class GiveBackForm(ActionForm):
    """How much of an invoice to give back, and why."""

    amount_minor = forms.IntegerField(required=False, min_value=1, label=_("Minor units"))
    reason = forms.CharField(required=False, max_length=200, label=_("Reason"))


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly):
    list_display = ["label", "organization", "kind", "status", "amount", "issued_at", "paid_at", "failed_at"]
    list_filter = ["status", "kind", "currency"]
    search_fields = ["organization__name", "organization__slug"]
    list_select_related = ["organization"]
    date_hierarchy = "issued_at"
    actions = ["give_back_to_card", "give_back_as_credit"]
    action_form = GiveBackForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invoice]:
        """Drafts are no documents yet."""
        return super().get_queryset(request).exclude(status=Invoice.Status.DRAFT)

    @admin.display(description=_("Total"), ordering="total")
    def amount(self, invoice: Invoice) -> str:
        places = EXPONENTS[invoice.currency]
        return f"{Decimal(invoice.total).scaleb(-places):,.{places}f} {invoice.currency}"

    def _may_give_back(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.add_creditnote")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Only who may issue credit notes is offered refunds; nobody else can send one by hand either."""
        return super().get_actions(request) if self._may_give_back(request) else {}

    @admin.action(description=_("Refund to the card"))
    def give_back_to_card(self, request: HttpRequest, found: QuerySet[Invoice]) -> None:
        self._give_back(request, found, to_credit=False)

    @admin.action(description=_("Refund as credit"))
    def give_back_as_credit(self, request: HttpRequest, found: QuerySet[Invoice]) -> None:
        self._give_back(request, found, to_credit=True)

    def _give_back(self, request: HttpRequest, found: QuerySet[Invoice], *, to_credit: bool) -> None:
        raw = request.POST.get("amount_minor", "")
        if found.count() != 1 or not raw.isdecimal():
            self.message_user(request, _("Choose one invoice, and say how much and why."), messages.ERROR)
            return
        invoice = found.get()
        try:
            note = payments.issue_credit_note(org_id=invoice.organization_id, invoice_id=invoice.pk,
                                              amount_minor=int(raw), reason=request.POST.get("reason", ""),
                                              to_credit=to_credit)
        except Problem as problem:
            self.message_user(request, problem.detail, messages.ERROR)
            return
        self.log_change(request, invoice, f"credit note {note.label}: {raw}")
        self.message_user(request, _("Credit note %(label)s is on its way.") % {"label": note.label}, messages.SUCCESS)


@admin.register(CreditNote)
class CreditNoteAdmin(ReadOnly):
    list_display = ["label", "invoice", "amount", "status", "to_credit", "reason", "error", "created_at"]
    list_filter = ["status", "to_credit"]


@admin.register(PaymentAttempt)
class PaymentAttemptAdmin(ReadOnly):
    list_display = ["invoice", "number", "amount", "currency", "status", "error", "sends", "created_at", "settled_at"]
    list_filter = ["status", "currency"]
    exclude = ["request"]
    actions = ["ask_again"]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_actions(request) if request.user.has_perm("billing.change_paymentattempt") else {}

    @admin.action(description=_("Ask the provider what became of these attempts"))
    def ask_again(self, request: HttpRequest, found: QuerySet[PaymentAttempt]) -> None:
        for attempt in found:
            try:
                asked = payments.resolve_attempt(attempt_id=attempt.pk)
            except (Refused, Unanswered) as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, f"{attempt.pk}: {asked.status if asked else ''}", messages.SUCCESS)


@admin.register(Dispute)
class DisputeAdmin(ReadOnly):
    """The bank's word on payments; open ones first by when evidence is due."""

    list_display = ["dispute_id", "attempt", "amount", "currency", "reason", "status", "evidence_due_at", "closed_at"]
    list_filter = ["status", "reason"]
    ordering = ["-closed_at", "evidence_due_at"]


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnly):
    """What the provider told us, and what became of it."""

    list_display = ["event_id", "type", "object_id", "how", "received_at", "handled_at", "tries", "error"]
    list_filter = ["how", ("handled_at", admin.EmptyFieldListFilter), "type"]
    search_fields = ["event_id", "object_id"]
    actions = ["handle_again"]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_actions(request) if request.user.has_perm("billing.change_webhookevent") else {}

    @admin.action(description=_("Handle these events again"))
    def handle_again(self, request: HttpRequest, found: QuerySet[WebhookEvent]) -> None:
        done = sum(webhooks.replay(event_id=event.event_id) for event in found)
        self.message_user(request, _("%(n)s events were handled.") % {"n": done}, messages.SUCCESS)


class CorrectForm(ActionForm):
    """How many units to add to a ledger entry (negative takes away), and why."""

    units = forms.IntegerField(required=False, label=_("Units"))
    reason = forms.CharField(required=False, max_length=200, label=_("Reason"))


@admin.register(UsageEvent)
class UsageEventAdmin(ReadOnly):
    """The ledger, one entry at a time: it has millions. What is wrong is put right by a further entry with a reason."""

    list_display = ["event_id", "org_id", "model", "unit", "units", "kind", "reason", "occurred_at"]
    search_fields = ["event_id"]
    search_help_text = _("The id of an entry, as in X-Receipt")
    show_full_result_count = False
    ordering = ["event_id"]
    actions = ["correct"]
    action_form = CorrectForm

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_actions(request) if request.user.has_perm("billing.add_usageevent") else {}

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[UsageEvent],
                           search_term: str) -> tuple[QuerySet[UsageEvent], bool]:
        wanted = payments.uuid_or_none(search_term.strip())
        return queryset.filter(event_id=wanted) if wanted else queryset.none(), False

    @admin.action(description=_("Correct this entry"))
    def correct(self, request: HttpRequest, found: QuerySet[UsageEvent]) -> None:
        raw = request.POST.get("units", "")
        if found.count() != 1 or not raw.removeprefix("-").isdecimal():
            self.message_user(request, _("Choose one entry, and say how many units and why."), messages.ERROR)
            return
        entry = found.get()
        try:
            made = services.correct_usage(org_id=entry.org_id, event_id=entry.event_id, units=int(raw),
                                          reason=request.POST.get("reason", ""))
        except Problem as problem:
            self.message_user(request, problem.detail, messages.ERROR)
            return
        self.log_change(request, entry, f"correction {made}: {raw}")
        self.message_user(request, _("The correction is entry %(id)s.") % {"id": made}, messages.SUCCESS)


@admin.register(ReconciliationDay)
class ReconciliationDayAdmin(ReadOnly):
    list_display = ["day", "movements", "matched", "open_differences", "checked_at"]
    actions = ["check_again"]

    @admin.display(description=_("Differences"))
    def open_differences(self, day: ReconciliationDay) -> int:
        return len(day.differences)

    @admin.action(description=_("Compare these days with the provider again"))
    def check_again(self, request: HttpRequest, found: QuerySet[ReconciliationDay]) -> None:
        try:
            differences = sum(len(reconciliation.check_day(one.day).differences) for one in found)
        except Problem as problem:
            self.message_user(request, problem.detail, messages.ERROR)
            return
        self.message_user(request, _("%(n)s differences.") % {"n": differences},
                          messages.WARNING if differences else messages.SUCCESS)
