"""Getting in and out: sign-up, login, logout."""

from __future__ import annotations

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kernel.problems import Problem
from marketplace.accounts import entrance
from marketplace.portal.forms import LoginForm, SignUpForm


def _next(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else "/console/"


@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            user, _org = entrance.sign_up(
                request, email=data["email"], password=data["password"], organization=data["organization"])
        except Problem as problem:
            if problem.status in (429, 503):
                raise
            for fault in problem.errors:
                field = fault.pointer.strip("/")
                form.add_error(field if field in form.fields else None, fault.detail)
            if not problem.errors:
                form.add_error(None, problem.detail)
        else:
            return entrance.let_in(request, user, to=_next(request))
    status = 422 if form.errors else 200
    return render(request, "portal/entry.html", {"form": form, "new": True, "next": _next(request)}, status=status)


@require_http_methods(["GET", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    form = LoginForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = entrance.authenticate(
            request, email=form.cleaned_data["email"], password=form.cleaned_data["password"])
        if user is not None:
            return entrance.let_in(request, user, to=_next(request))
        form.add_error(None, _("The email or the password is not right."))
    status = 422 if form.errors else 200
    return render(request, "portal/entry.html", {"form": form, "new": False, "next": _next(request)}, status=status)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("/")
