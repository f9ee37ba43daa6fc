"""Your own security, and the organization's: second factors, sessions, rules, teams, programs, what we keep."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.openid_connect.views import login as openid_connect_login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.money import major_text
from kernel.problems import Problem
from marketplace.accounts import privacy, security, selectors, services, teams, throttle
from marketplace.accounts.permissions import scopes_of_role
from marketplace.portal.forms import ROLES, minor_units
from marketplace.portal.views import member

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins like this


@login_required
@never_cache
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Second factors, sessions, and what we keep about the person."""
    kinds = list(Authenticator.objects.filter(user=request.user).values_list("type", flat=True))
    return render(request, "account/security.html", {
        "nav": "security", "sessions": privacy.sessions_of(request.user),  # type: ignore[arg-type]
        "linkable": _linkable(request),
        "totp": "totp" in kinds, "passkeys": kinds.count("webauthn"), "codes": "recovery_codes" in kinds})


@login_required
@require_POST
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """Ends one session; 0 ends all others."""
    if session_id:
        privacy.end_session(user=request.user, session_id=session_id)  # type: ignore[arg-type]
    else:
        privacy.end_sessions(request.user, except_key=request.session.session_key)  # type: ignore[arg-type]
    messages.success(request, _("The session has ended."))
    return redirect("security")


@login_required
@require_POST
def export(request: HttpRequest, what: str) -> HttpResponse:
    """The person's or the organization's data as a file."""
    throttle.EXPORTS.hit(str(request.user.pk))
    if what == "organization":
        document = privacy.export_organization(org=member.organization(request), actor=request.user)  # type: ignore[arg-type]
    else:
        document = privacy.export_person(request.user)  # type: ignore[arg-type]
    body = json.dumps(document, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False)
    return HttpResponse(body, content_type="application/json", headers={
        "Content-Disposition": f'attachment; filename="tessera-{what}.json"', "Cache-Control": "no-store"})


@login_required
@require_POST
def delete_me(request: HttpRequest) -> HttpResponse:
    """Forgets the person, once they typed their address."""
    user = request.user
    if request.POST.get("email", "").strip().lower() != user.email:  # type: ignore[union-attr]
        messages.error(request, _("Type your mail address as it stands."))
        return redirect("security")
    try:
        privacy.delete_person(user=user, ip=_ip(request))  # type: ignore[arg-type]
    except Problem as problem:
        messages.error(request, problem.detail)
        return redirect("security")
    logout(request)
    return redirect("/")


@require_POST
def sso_start(request: HttpRequest) -> HttpResponse:
    """Goes to the identity provider of the organization whose short name was typed."""
    try:
        answer: HttpResponse = openid_connect_login(request, provider_id=request.POST.get("organization", "").strip())
    except Http404:
        messages.error(request, _("This organization has no sign-in of its own."))
        return redirect("login")
    return answer


@login_required
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Works in another of the person's organizations from here on; a stranger's is not found."""
    org = selectors.organization_by_slug(request.POST.get("organization", ""), user=request.user)  # type: ignore[arg-type]
    request.session[selectors.CHOSEN] = org.pk
    return redirect("console")


@login_required
@require_POST
def create_organization(request: HttpRequest) -> HttpResponse:
    org = services.create_organization(name=request.POST.get("name", ""), owner=request.user)  # type: ignore[arg-type]
    request.session[selectors.CHOSEN] = org.pk
    return redirect("console")


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def organization(request: HttpRequest) -> HttpResponse:
    """Rules of the organization, its own sign-in, its teams and programs. Only those who manage it see the page."""
    org, problem, secret = member.organization(request, "members:manage"), None, ""
    if request.method == "POST":
        try:
            secret = _act(request, org) or ""
            if not secret:
                messages.success(request, _("Saved."))
                return redirect("security" if request.POST.get("form") == "close" else "organization-security")
        except Problem as caught:
            if caught.status == 404:
                raise
            problem = caught
    return render(request, "account/organization.html", {
        "nav": "organization", "problem": problem, "secret": secret, "oidc": security.oidc_of(org),
        "manages": member.allowed(request, org, "organization:manage"),
        "teams": [(team, _major(team.monthly_limit_minor, org)) for team in selectors.teams(org)],
        "programs": selectors.service_accounts(org), "members": selectors.members(org),
        "keys": [key for key in selectors.api_keys(org) if key.active], "ip": _ip(request),
        "roles": [(role, words) for role, words in ROLES.items() if role != "owner"],
        "callback": f"{settings.ENV.public_url}/account/sso/{org.slug}/login/callback/",
        "networks": "\n".join(org.allowed_ips)}, status=422 if problem else 200)


def _act(request: HttpRequest, org: selectors.Organization) -> str | None:
    """What one of the page's forms asks for; the secret of a new key is the only answer."""
    form, actor = request.POST, request.user
    act = form.get("form", "")
    common: dict[str, Any] = {"org": org, "actor": actor}
    if act == "policy":
        security.set_policy(**common, require_two_factor="require_two_factor" in form,
                            allowed_ips=form.get("allowed_ips", "").replace(",", " ").split(), ip=_ip(request))
    elif act == "sso":
        security.connect_oidc(**common, issuer=form.get("issuer", ""), client_id=form.get("client_id", ""),
                              client_secret=form.get("client_secret", ""), domain=form.get("domain", ""),
                              role=form.get("role", "viewer"), allow_private=settings.ENV.private_identity_providers)
    elif act == "sso-end":
        security.disconnect_oidc(**common)
    elif act == "team":
        teams.create_team(**common, name=form.get("name", ""), monthly_limit_minor=_limit(form.get("limit", ""), org))
    elif act == "team-change":
        team_id = _number(form.get("team", ""))
        teams.change_team(**common, team_id=team_id, name=form.get("name", ""),
                          monthly_limit_minor=_limit(form.get("limit", ""), org))
        teams.set_people(**common, team_id=team_id, user_ids=[_number(text) for text in form.getlist("people")])
        wanted = {_number(text) for text in form.getlist("keys")}
        for key in selectors.api_keys(org):
            if key.active and (key.pk in wanted) != (key.team_id == team_id):
                teams.assign_key(**common, key_id=key.pk, team_id=team_id if key.pk in wanted else None)
    elif act == "team-remove":
        teams.remove_team(**common, team_id=_number(form.get("team", "")))
    elif act == "program":
        teams.create_service_account(**common, name=form.get("name", ""), role=form.get("role", ""))
    elif act == "program-key":
        account = selectors.service_account(org, _number(form.get("program", "")))
        _key, secret = teams.create_service_key(
            **common, account_id=account.pk, name=account.name, ip=_ip(request),
            scopes=sorted(scopes_of_role(account.role)) or ["predict"])
        return secret
    elif act == "program-end":
        teams.disable_service_account(**common, account_id=_number(form.get("program", "")), ip=_ip(request))
    elif act == "close":
        privacy.close_organization(**common, name=form.get("name", ""), ip=_ip(request))
        request.session.pop(selectors.CHOSEN, None)
    else:
        raise Problem("invalid_request", "no such form")
    return None


@login_required
@require_GET
def audit_export(request: HttpRequest, kind: str) -> StreamingHttpResponse:
    """The whole trail, oldest first, as CSV or as lines of JSON; each line carries its hash."""
    org = member.organization(request, "audit:read")
    names = ("number", "at", "actor_kind", "actor_id", "action", "target", "ip", "before", "after", "previous_hash",
             "hash")
    entries = selectors.audit_entries(org).order_by("number").iterator(chunk_size=500)

    def lines() -> Any:
        if kind == "csv":
            yield _row(names)
        for entry in entries:
            values = {name: getattr(entry, name) for name in names}
            if kind == "csv":
                yield _row([json.dumps(v, ensure_ascii=False) if isinstance(v, dict) else v for v in values.values()])
            else:
                yield json.dumps(values, cls=DjangoJSONEncoder, ensure_ascii=False) + "\n"

    return StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8" if kind == "csv" else
                                 "application/x-ndjson", headers={
        "Content-Disposition": f'attachment; filename="audit.{kind}"', "Cache-Control": "no-store"})


def _linkable(request: HttpRequest) -> selectors.Organization | None:
    """The organization whose own sign-in this person could link, and has not."""
    org = selectors.organization_of(request.user)  # type: ignore[arg-type]
    if org is None or security.oidc_of(org) is None:
        return None
    linked = SocialAccount.objects.filter(user=request.user, provider=org.slug).exists()
    return None if linked else org


def _row(values: Any) -> str:
    """One line of CSV; what a spreadsheet would take for a formula is quoted."""
    out = io.StringIO()
    texts = ["" if value is None else str(value) for value in values]
    csv.writer(out).writerow([f"'{text}" if text.startswith(FORMULA) else text for text in texts])
    return out.getvalue()


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Problem("not_found", _("There is no such thing."))
    return int(text)


def _limit(text: str, org: selectors.Organization) -> int | None:
    return minor_units(text, org.currency) if text.strip() else None


def _major(minor: int | None, org: selectors.Organization) -> str:
    return "" if minor is None else major_text(Decimal(minor), org.currency)


def _ip(request: HttpRequest) -> str | None:
    return request.META.get("REMOTE_ADDR") or None
