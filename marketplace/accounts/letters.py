"""Letters about accounts. A mail server that is away undoes nothing of what was done: it is logged."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from smtplib import SMTPException

from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)


def invitation(*, to: str, organization: str, link: str, by: str, days: int) -> bool:
    """The link to join; whether it could be handed to the mail server."""
    words = {"by": by or "Tessera", "organization": organization, "link": link, "days": days}
    return send([to], _("Join %(organization)s on Tessera") % words, _(
        "%(by)s invites you to work in %(organization)s.\n\nOpen this link while signed in with this address; it holds "
        "for %(days)s days:\n%(link)s\n") % words)


def key_leaked(*, to: Sequence[str], key_name: str, last4: str, organization: str, url: str) -> bool:
    """That a key was found in public and ended."""
    words = {"name": key_name, "last4": last4, "organization": organization, "url": url or "-"}
    return send(to, _("An API key of %(organization)s was found in public") % words, _(
        "The key %(name)s (ending in %(last4)s) was reported as leaked and is revoked.\nSeen at: %(url)s\n"
        "Make a new one in the console.\n") % words)


def confirm_sign_up(*, to: str, link: str) -> bool:
    """The link behind which an account is made."""
    return send([to], _("Confirm your Tessera account"), _(
        "Somebody, perhaps you, wants a Tessera account for this address.\n"
        "Choose a password here within a day, and it is made: %(link)s\n") % {"link": link})


def account_exists(*, to: str, link: str) -> bool:
    """To somebody whose address was used in a sign-up while it has an account."""
    return send([to], _("You have a Tessera account"), _(
        "Somebody, perhaps you, tried to sign up with this address. It has an account already.\n"
        "Log in, or choose a new password: %(link)s\n") % {"link": link})


def send(to: Sequence[str], subject: str, body: str) -> bool:
    """One letter to these people; whether it could be handed to the mail server."""
    if not to:
        return False
    try:
        EmailMessage(" ".join(subject.split()), body, to=list(to)).send()
    except (SMTPException, OSError) as error:
        log.warning("a letter was not sent: %s", type(error).__name__)
        return False
    return True
