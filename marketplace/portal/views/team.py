"""The people of an organization: members, roles, invitations; its trail and its settings."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.problems import Problem
from marketplace.accounts import audit as trail
from marketplace.accounts import selectors, services
from marketplace.portal.forms import ROLES, InviteForm, OrganizationForm, PasswordForm
from marketplace.portal.views import member

PAGE = 50


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def team(request: HttpRequest) -> HttpResponse:
    """Members and open invitations; a POST invites, and the link is shown once."""
    org, link, problem = member.organization(request), "", None
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _made, token = services.invite(org=org, actor=request.user, **form.cleaned_data)  # type: ignore[arg-type]
            link = request.build_absolute_uri(reverse("invitation", args=[token]))
            form = InviteForm()
        except Problem as caught:
            problem = caught
    faults = bool(problem or form.errors)
    return render(request, "console/team.html", {
        "nav": "team", "members": selectors.members(org), "invitations": selectors.open_invitations(org),
        "form": form, "link": link, "problem": problem, "faults": faults, "roles": ROLES.items(),
        "manages": member.allowed(request, org, "members:manage")}, status=422 if faults else 200)


@login_required
@require_POST
def change_member(request: HttpRequest, user_id: int, action: str) -> HttpResponse:
    """Another role for a member, or none; the last owner stays one."""
    org = member.organization(request)
    person = next((row.user for row in selectors.members(org) if row.user.pk == user_id), None)
    if person is None:
        raise Problem("not_found", _("There is no such member."))
    if action == "role":
        services.change_role(org=org, actor=request.user, user=person,  # type: ignore[arg-type]
                             role=request.POST.get("role", ""))
        messages.success(request, _("The role was changed."))
    else:
        services.remove_member(org=org, actor=request.user, user=person)  # type: ignore[arg-type]
        messages.success(request, _("%(email)s is no longer a member.") % {"email": person.email})
    return redirect("team")


@login_required
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind an invitation's link: one button for the person who was invited."""
    problem = None
    if request.method == "POST":
        try:
            services.accept_invitation(token=token, user=request.user)  # type: ignore[arg-type]
            return redirect("console")
        except Problem as caught:
            problem = caught
    return render(request, "portal/invitation.html", {"problem": problem}, status=problem.status if problem else 200)


@login_required
@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    """The trail, newest first; `?check=1` walks the whole chain of hashes."""
    org = member.organization(request, "audit:read")
    people = {row.user.pk: row.user.email for row in selectors.members(org)}
    names = {key.pk: key.name for key in selectors.api_keys(org)}
    page = Paginator(selectors.audit_entries(org), PAGE).get_page(request.GET.get("page"))

    def actor(entry: Any) -> str:
        if entry.actor_kind == "user":
            return people.get(entry.actor_id, _("a former member"))
        return names.get(entry.actor_id, _("a key")) if entry.actor_kind == "key" else "Tessera"

    checked = "check" in request.GET
    return render(request, "console/audit.html", {
        "nav": "audit", "page": page, "rows": [(entry, actor(entry)) for entry in page], "checked": checked,
        "broken": trail.first_broken_link(org) if checked else None})


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """The organization's name and the person's password."""
    org, problem = member.organization(request), None
    which = request.POST.get("form", "")
    organization = OrganizationForm(request.POST if which == "organization" else None, initial={"name": org.name})
    password = PasswordForm(request.POST if which == "password" else None)
    try:
        if organization.is_bound and organization.is_valid():
            services.rename_organization(org=org, actor=request.user,  # type: ignore[arg-type]
                                         name=organization.cleaned_data["name"])
            messages.success(request, _("The name was changed."))
            return redirect("settings")
        if password.is_bound and password.is_valid() and _changed(request, password):
            messages.success(request, _("The password was changed."))
            return redirect("settings")
    except Problem as caught:
        problem = caught
    faults = bool(problem or organization.errors or password.errors)
    return render(request, "console/settings.html", {
        "nav": "settings", "organization": organization, "password": password, "problem": problem,
        "manages": member.allowed(request, org, "organization:manage"),
        "role": ROLES.get(selectors.role_of(org, request.user) or "", "")},  # type: ignore[arg-type]
        status=422 if faults else 200)


def _changed(request: HttpRequest, form: PasswordForm) -> bool:
    """Sets the new password; other sessions of the person end, this one stays."""
    if not request.user.check_password(form.cleaned_data["current"]):
        form.add_error("current", _("This is not the current password."))
        return False
    services.change_password(user=request.user, password=form.cleaned_data["new"])  # type: ignore[arg-type]
    update_session_auth_hash(request, request.user)  # type: ignore[arg-type]
    return True
