"""What a member should hear of: jobs and comparisons that ended, budgets reached, invoices, webhooks given up.

Nothing of its own is stored: notices are read from the facts themselves, so none is lost and none is invented. What a
person has seen is remembered in their session.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from billing import budgets
from billing import selectors as money
from inference_backend.jobs import selectors as jobs
from inference_backend.jobs import webhooks
from kernel import clock
from marketplace.accounts.selectors import Organization
from marketplace.listings import selectors as listings
from marketplace.listings import trials
from marketplace.portal import labels
from marketplace.portal.templatetags.portal import money as amount
from marketplace.portal.views import member
from model_registry import rollouts

SPAN = timedelta(days=14)
MOST = 30
EACH = 15  # of one kind
SEEN = "noticed"
CACHE_S = 15


@dataclass(frozen=True, slots=True)
class Notice:
    """One line behind the bell."""

    at: datetime
    icon: str
    title: str
    words: str
    url: str
    bad: bool = False


def notices(request: HttpRequest, org: Organization) -> list[Notice]:
    """The newest of the last two weeks that this person's role may see."""
    since = clock.now() - SPAN
    found: list[Notice] = []
    for permission, read in (("jobs:read", _jobs), ("jobs:read", _trials), ("billing:read", _budgets),
                             ("billing:read", _invoices), ("webhooks:manage", _webhooks), ("models:read", _rollouts),
                             ("models:read", _asked), ("subscriptions:read", _answered)):
        if member.allowed(request, org, permission):
            found += [notice for notice in read(org) if notice.at >= since]
    return sorted(found, key=lambda notice: notice.at, reverse=True)[:MOST]


def unread(request: HttpRequest, org: Organization) -> int:
    """How many came since the person last looked. Asked on every page: the moments are kept for some seconds."""
    key = f"notices:{org.pk}:{getattr(request.user, 'pk', '')}"
    moments: list[datetime] | None = cache.get(key)
    if moments is None:
        moments = [notice.at for notice in notices(request, org)]
        cache.set(key, moments, CACHE_S)
    seen = request.session.get(SEEN, "")
    return sum(1 for at in moments if at.isoformat() > seen)


def look(request: HttpRequest, found: list[Notice]) -> str:
    """Marks these as seen; answers the moment up to which the person had seen before."""
    before = str(request.session.get(SEEN, ""))
    if found and found[0].at.isoformat() > before:
        request.session[SEEN] = found[0].at.isoformat()
    return before


def _jobs(org: Organization) -> Iterator[Notice]:
    rows, _cursor = jobs.jobs_of(org_id=org.pk, limit=EACH)
    words = {"succeeded": _("The job succeeded"), "failed": _("The job failed"), "canceled": _("The job was cancelled")}
    for job in rows:
        if job.completed_at is not None and job.status in words:
            yield Notice(job.completed_at, "list-checks", words[job.status],
                         f"{job.model}: {job.error_detail}"[:160] if job.error_code else job.model,
                         reverse("job", args=[job.public_id]), bad=job.status == "failed")


def _rollouts(org: Organization) -> Iterator[Notice]:
    words = {"promoted": _("A version took over"), "rolled_back": _("A version was taken back")}
    for row in rollouts.ended(org.pk, EACH):
        if row.ended_at is not None and row.state in words:
            yield Notice(row.ended_at, "activity", words[row.state], f"{row.model.name}: {row.stable} → {row.canary}",
                         reverse("own-deployment", args=[row.model.name]), bad=row.state == "rolled_back")


def _asked(org: Organization) -> Iterator[Notice]:
    for row in listings.access_requests_to(org, state="waiting")[:EACH]:
        yield Notice(row.asked_at, "users", _("%(organization)s asks for access") % {
            "organization": row.organization_name}, f"{row.model_name}: {row.purpose}"[:160],
            reverse("own-access", args=[row.model_name]))


def _answered(org: Organization) -> Iterator[Notice]:
    words = {"approved": _("You have access"), "refused": _("Access was refused"), "withdrawn": _("Access has ended")}
    for row in listings.access_requests(org)[:EACH]:
        if row.decided_at is not None and row.state in words:
            yield Notice(row.decided_at, "boxes", words[row.state],
                         f"{row.model_name}: {row.reason}"[:160] if row.reason else row.model_name,
                         reverse("subscriptions"), bad=row.state != "approved")


def _trials(org: Organization) -> Iterator[Notice]:
    for trial in trials.trials(org)[:EACH]:
        if trial.state == "running":
            trials.settle(trial)  # so that a comparison ends though nobody looks at its page
        if trial.ended_at is not None:
            yield Notice(trial.ended_at, "columns-3", _("The comparison is through"),
                         f"{labels.task(trial.task)}: {trial.filename}", reverse("trial", args=[trial.pk]))


def _budgets(org: Organization) -> Iterator[Notice]:
    known: dict[int, Any] = {budget.id: budget for budget in budgets.budgets(org.pk)}
    for alert in budgets.alerts(org.pk, limit=EACH):
        budget = known.get(alert.budget_id)
        if budget is not None:
            yield Notice(alert.fired_at, "gauge", _("Budget %(name)s reached %(n)s %%") % {
                "name": budget.name, "n": alert.threshold}, _("%(spent)s of %(amount)s") % {
                "spent": amount(alert.spent_minor, budget.currency),
                "amount": amount(budget.amount_minor, budget.currency)}, reverse("billing"), bad=alert.threshold >= 100)


def _invoices(org: Organization) -> Iterator[Notice]:
    for invoice in money.invoices(org.pk)[:EACH]:
        if invoice.issued_at is not None:
            yield Notice(invoice.issued_at, "receipt-text", _("Invoice %(number)s was issued") % {
                "number": invoice.number}, amount(invoice.total, invoice.currency),
                reverse("console-invoice", args=[invoice.id]), bad=invoice.status == "past_due")


def _webhooks(org: Organization) -> Iterator[Notice]:
    for row in webhooks.deliveries_of(org_id=org.pk, limit=EACH):
        if row.state == "failed":
            yield Notice(row.created_at, "webhook", _("A webhook was given up"),
                         f"{row.event}: {row.error or row.response_status}"[:160], reverse("webhooks"), bad=True)
