"""What billing forgets when an account is closed: names and addresses. The ledger and issued invoices stay.

An issued invoice says what it said: it has to be kept, by law, for years. It carries the legal name and the address
that were set for it, and no mail address.
"""

from __future__ import annotations

from django.db import transaction

from billing.models import BillingAccount, Mail, WebhookEvent
from kernel.facts import AccountClosed


@transaction.atomic
def forget(fact: AccountClosed) -> None:
    """Blanks the details of an organization, the letters to it, and what the payment provider told of it."""
    account = BillingAccount.objects.select_for_update().filter(organization_id=fact.org_id).first()
    if account is None:
        return
    account.email = account.legal_name = account.address = account.tax_id = ""
    account.recharge_below_minor = account.recharge_minor = None
    account.save(update_fields=["email", "legal_name", "address", "tax_id", "recharge_below_minor", "recharge_minor"])
    Mail.objects.filter(account=account).update(body="")
    if account.stripe_customer:  # handling asks the provider anew: the stored words are needed no more
        WebhookEvent.objects.filter(payload__contains=account.stripe_customer).exclude(handled_at=None).update(payload="")
