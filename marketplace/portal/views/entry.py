"""Getting in and out: sign-up, login, logout."""

from __future__ import annotations

from django import forms
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from kernel.problems import Problem
from marketplace.accounts import entrance
from marketplace.portal.forms import AddressForm, LoginForm, NewPasswordForm, SignUpForm


def _next(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else "/console/"


@never_cache
@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Where letters go out, the address first: whether it has an account, only its mailbox is told."""
    if not entrance.by_letter():
        return _make(request, SignUpForm(request.POST or None), None)
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        entrance.send_sign_up(request, email=email, organization=form.cleaned_data["organization"], to=_next(request))
        return render(request, "portal/entry.html", {"new": True, "sent_to": email, "next": _next(request)})
    return _form(request, form, new=True)


@never_cache
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Behind a letter's link: the password, and the account is made."""
    return _make(request, NewPasswordForm(request.POST or None), entrance.read_sign_up(token))


def _make(request: HttpRequest, form: forms.Form, wish: entrance.Wish | None) -> HttpResponse:
    """The account of a form; the address and the organization are the wish's where there was a letter."""
    if request.method == "POST" and form.is_valid():
        data, to = form.cleaned_data, _next(request)
        if wish is not None:
            data, to = {**data, "email": wish.email, "organization": wish.organization}, wish.to
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
            return entrance.let_in(request, user, to=to)
    return _form(request, form, new=True, email=wish.email if wish else "")


@require_http_methods(["GET", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    form = LoginForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = entrance.authenticate(
            request, email=form.cleaned_data["email"], password=form.cleaned_data["password"])
        if user is not None:
            return entrance.let_in(request, user, to=_next(request))
        form.add_error(None, _("The email or the password is not right."))
    return _form(request, form, new=False)


def _form(request: HttpRequest, form: forms.Form, *, new: bool, email: str = "") -> HttpResponse:
    return render(request, "portal/entry.html", {"form": form, "new": new, "email": email, "next": _next(request)},
                  status=422 if form.errors else 200)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("/")
