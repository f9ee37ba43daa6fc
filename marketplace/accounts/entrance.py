"""The door: who comes in, with which factors, and how fresh that is. django-allauth does the work behind it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from allauth.account import app_settings
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib.auth import authenticate as check_password
from django.core import signing
from django.http import HttpRequest, HttpResponse

from kernel.problems import Problem
from marketplace.accounts import letters, services, throttle
from marketplace.accounts.models import Organization, User

log = logging.getLogger(__name__)
SALT, CONFIRM_WITHIN_S = "sign-up", 24 * 3600


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


@dataclass(frozen=True, slots=True)
class Wish:
    """A sign-up that waits for its mailbox, as the letter’s link holds it, signed. `to`: where its person was going."""

    email: str
    organization: str
    to: str


def by_letter() -> bool:
    """Whether sign-ups are confirmed by a letter: where letters go out. Otherwise an account is made at once."""
    return bool(settings.ENV.smtp_url)


def send_sign_up(request: HttpRequest, *, email: str, organization: str, to: str) -> None:
    """Writes to the address what it needs: the link that makes an account, or that it has one.

    The caller learns neither: one query and one letter either way, and no more than a few letters an hour.
    Problem rate_limited after too many sign-ups of one network address.
    """
    throttle.sign_ups(settings.ENV.sign_ups_per_hour).hit(_ip(request))
    address = User.objects.canonical(email)
    known = User.objects.filter(email=address).exists()
    try:
        throttle.SIGN_UP_LETTERS.hit(address)
    except Problem:
        log.info("a sign-up got no further letter", extra={"ip": _ip(request)})
        return
    if known:
        _tell_of_account(address)
        return
    token = signing.dumps([address, organization, to], salt=SALT, compress=True)
    letters.confirm_sign_up(to=address, link=f"{settings.ENV.public_url}/signup/{token}/")


def read_sign_up(token: str) -> Wish:
    """The wish behind a letter's link; Problem not_found where it is not ours or older than a day."""
    try:
        return Wish(*signing.loads(token, salt=SALT, max_age=CONFIRM_WITHIN_S))
    except signing.BadSignature:
        raise Problem("not_found", "this link is not good any more; sign up again") from None


def sign_up(request: HttpRequest, *, email: str, password: str, organization: str) -> tuple[User, Organization]:
    """A new account; throttled by network address, so that the form is no fast way to ask who has one."""
    throttle.sign_ups(settings.ENV.sign_ups_per_hour).hit(_ip(request))
    try:
        return services.sign_up(email=email, password=password, organization_name=organization)
    except Problem as problem:
        if problem.code == "conflict":
            _tell_of_account(User.objects.canonical(email))
        raise


def fresh(request: HttpRequest) -> bool:
    """Whether the person who is logged in showed who they are within the last minutes: for keys, money and security."""
    records: list[dict[str, Any]] = get_authentication_records(request, request.user)  # type: ignore[arg-type]
    newest = max((record["at"] for record in records), default=0.0)
    return bool(time.time() - newest < app_settings.REAUTHENTICATION_TIMEOUT)


def _tell_of_account(address: str) -> None:
    letters.account_exists(to=address, link=f"{settings.ENV.public_url}/account/password/reset/")


def _ip(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))
