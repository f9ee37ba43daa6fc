"""The door: who comes in, with which factors, and how fresh that is. django-allauth does the work behind it."""

from __future__ import annotations

import logging
import time
from typing import Any

from allauth.account import app_settings
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib.auth import authenticate as check_password
from django.http import HttpRequest, HttpResponse

from kernel.problems import Problem
from marketplace.accounts import letters, services, throttle
from marketplace.accounts.models import Organization, User

log = logging.getLogger(__name__)


def authenticate(request: HttpRequest, *, email: str, password: str) -> User | None:
    """The person with this address and password, or None. Takes as long for an address that nobody has.

    Problem rate_limited after eight failures in five minutes from the same network address at the same account.
    """
    address, ip = User.objects.canonical(email), _ip(request)
    throttle.LOGIN_OF_ADDRESS.check(ip)
    throttle.LOGIN_OF_ACCOUNT.check(ip, address)
    user = check_password(request, username=address, password=password)
    if user is None:
        throttle.LOGIN_OF_ADDRESS.count(ip)
        throttle.LOGIN_OF_ACCOUNT.count(ip, address)
        log.info("a login failed", extra={"ip": ip})
    return user if isinstance(user, User) else None


def let_in(request: HttpRequest, user: User, *, to: str) -> HttpResponse:
    """Starts a session under a new id and goes to `to`; first to the second factor where the account has one."""
    login = Login(user=user, redirect_url=to, email=user.email)
    response: HttpResponse = perform_password_login(request, {"email": user.email}, login)
    return response


def sign_up(request: HttpRequest, *, email: str, password: str, organization: str) -> tuple[User, Organization]:
    """A new account; throttled by network address, so that the form is no fast way to ask who has one."""
    throttle.sign_ups(settings.ENV.sign_ups_per_hour).hit(_ip(request))
    try:
        return services.sign_up(email=email, password=password, organization_name=organization)
    except Problem as problem:
        if problem.code == "conflict":
            letters.account_exists(to=User.objects.canonical(email),
                                   link=f"{settings.ENV.public_url}/account/password/reset/")
        raise


def fresh(request: HttpRequest) -> bool:
    """Whether the person who is logged in showed who they are within the last minutes: for keys, money and security."""
    records: list[dict[str, Any]] = get_authentication_records(request, request.user)  # type: ignore[arg-type]
    newest = max((record["at"] for record in records), default=0.0)
    return bool(time.time() - newest < app_settings.REAUTHENTICATION_TIMEOUT)


def _ip(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))
