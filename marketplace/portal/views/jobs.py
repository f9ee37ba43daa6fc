"""Jobs: the list, one job with its live log, cancel, and running it once more."""

from __future__ import annotations

import json

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_POST

from inference_backend.jobs import selectors, services
from kernel import ids
from kernel.problems import Problem
from marketplace.portal.views import member

PAGE = 50
SHOWN_BYTES = 20_000


def statuses() -> dict[str, str]:
    """Words of a job's states."""
    return {"queued": _("Waiting"), "starting": _("Starting"), "processing": _("Running"),
            "succeeded": _("Succeeded"), "failed": _("Failed"), "canceled": _("Cancelled")}


@login_required
@require_GET
def jobs(request: HttpRequest) -> HttpResponse:
    org = member.organization(request, "jobs:read")
    known = statuses()
    status = request.GET.get("status", "")
    found, following = selectors.jobs_of(org_id=org.pk, limit=PAGE, cursor=request.GET.get("cursor", ""),
                                         status=status if status in known else "")
    return render(request, "console/jobs.html", {
        "nav": "jobs", "jobs": [(job, known[job.status]) for job in found], "next": following, "status": status,
        "filters": [("", _("All")), *((value, words) for value, words in known.items() if value != "starting")]})


@login_required
@ensure_csrf_cookie
@require_GET
def job(request: HttpRequest, job_id: str) -> HttpResponse:
    org = member.organization(request, "jobs:read")
    found = selectors.job_of(org_id=org.pk, job_id=ids.unprefixed("pred", job_id))
    events, _closed = selectors.events_after(job_id=found.pk, org_id=org.pk, sequence=0)
    output = selectors.output_of(found)
    text = json.dumps(output, indent=2, ensure_ascii=False) if output is not None else ""
    return render(request, "console/job.html", {
        "nav": "jobs", "job": found, "status": statuses()[found.status], "output": text[:SHOWN_BYTES],
        "cut": len(text) > SHOWN_BYTES, "open": found.completed_at is None,
        "last": events[-1].sequence if events else 0,
        "events": [{"sequence": e.sequence, "kind": e.kind, "words": _line(e.kind, e.data)} for e in events],
        "runs": member.allowed(request, org, "predict"), "words": {"statuses": statuses()}})


def _line(kind: str, data: dict[str, object]) -> str:
    if kind == "progress":
        share = data.get("progress")
        return f"{float(str(share)) * 100:.0f} % {data.get('stage') or ''}".strip() if share is not None else ""
    error = data.get("error")
    reason = f": {error.get('code')} {error.get('detail')}" if isinstance(error, dict) else ""
    return f"{statuses().get(str(data.get('status')), data.get('status'))}{reason}"


@login_required
@require_POST
def change(request: HttpRequest, job_id: str, action: str) -> HttpResponse:
    """Cancels a job, or runs it once more with the same body."""
    org = member.organization(request, "predict")
    number = ids.unprefixed("pred", job_id)
    if number is None:
        raise Problem("not_found", "no such prediction")
    if action == "cancel":
        services.cancel(org_id=org.pk, job_id=number)
        messages.success(request, _("The job was told to stop."))
        return redirect("job", job_id=job_id)
    again = services.run_again(org_id=org.pk, job_id=number)
    messages.success(request, _("It runs again, as a job of its own."))
    return redirect("job", job_id=again.public_id)
