"""Letters about access to gated models: to the provider who decides, and to who asked."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.utils.translation import gettext as _

from marketplace.accounts.letters import send
from marketplace.listings.models import AccessRequest


def access_requested(*, to: Sequence[str], request: AccessRequest) -> bool:
    """That an organization wants to subscribe; whether it could be handed to the mail server."""
    words = {"organization": request.organization_name, "model": request.model_name, "purpose": request.purpose,
             "link": f"{settings.ENV.public_url}/provider/models/{request.model_name}/access/"}
    return send(to, _("%(organization)s asks for access to %(model)s") % words, _(
        "%(organization)s would like to subscribe to %(model)s, for this:\n\n%(purpose)s\n\n"
        "Let them in or refuse here:\n%(link)s\n") % words)


def access_decided(*, to: Sequence[str], request: AccessRequest) -> bool:
    """What the provider said, with its reason."""
    words = {"model": request.model_name, "reason": request.reason,
             "link": f"{settings.ENV.public_url}/models/{request.model_name}/"}
    subject, body = {
        "approved": (_("You have access to %(model)s"), _("Your keys can call it now:\n%(link)s\n")),
        "refused": (_("No access to %(model)s"), _(
            "Its provider did not let your organization in:\n\n%(reason)s\n\n%(link)s\n")),
        "withdrawn": (_("Access to %(model)s has ended"), _(
            "Its provider took your organization's access back:\n\n%(reason)s\n\n%(link)s\n")),
    }[request.state]
    return send(to, subject % words, body % words)
