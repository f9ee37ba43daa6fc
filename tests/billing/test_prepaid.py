"""Credit in advance: what is left, what calls may take, and that nobody is asked for more."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import redis
from django.conf import settings
from payments_kit import NOVEMBER, OCTOBER, at, prepaid, use
from sandbox_kit import SandboxProcess

from billing import (
    credits,
    invoicing,
    payments,
    pricing,
    purse,
    services,
)
from billing.models import (
    BillingAccount,
)
from kernel.contracts import Price
from kernel.problems import Problem

pytestmark = [pytest.mark.stack, pytest.mark.django_db, pytest.mark.usefixtures("book")]


def test_prepaid_limit_is_what_is_left(stripe: SandboxProcess, account: BillingAccount) -> None:
    services.change_plan(org_id=account.organization_id, plan="prepaid")
    credits.grant(account=account, amount=2500, kind="paid", source_ref="a")
    use(account, 100)  # October, not billed yet: 1000
    assert prepaid(account) == 2500  # of which the meter has counted 1000
    invoicing.close_period(account=account, period=OCTOBER)
    assert prepaid(account) == 2500
    use(account, 30, month=11, day=1)
    assert prepaid(account) == 2500
    assert credits.wallet(account.organization_id).available == 1200
    services.set_tax_rate(org_id=account.organization_id, code="de-19", percent=Decimal(19))
    assert prepaid(account) == 2260  # 1300 are used, 1500 of credit pay for 1260 and their tax
    assert purse.refresh() == 1
    assert purse.refresh() == 0
    assert redis.Redis.from_url(settings.CACHES["default"]["LOCATION"]).get(
        f"meter:{{{account.organization_id}}}:purse") == b"2260000000"


def test_who_pays_in_advance_is_never_asked_for_more(account: BillingAccount) -> None:
    """Lines round up to 1010 cents where the meter counted 1008: the rest moves on, no card is asked."""
    services.change_plan(org_id=account.organization_id, plan="prepaid")
    account.refresh_from_db()
    credits.grant(account=account, amount=1009, kind="paid", source_ref="a")
    pricing.use_price_book(lambda model, version: Price("page", Decimal("10.5"), "USD", 1))
    for model, units in (("a", 1), ("b", 1), ("c", 1), ("d", 93)):  # 31.5 + 976.5 = 1008 counted
        use(account, units, model=model, each=Decimal("10.5"))
    invoice = invoicing.close_period(account=account, period=OCTOBER)
    account.refresh_from_db()
    assert (invoice.status, invoice.total, invoice.credit, account.carried_minor) == ("paid", 0, 1009, 1)
    use(account, 96, month=10, each=Decimal("10.5"), model="late")  # came too late for the limit to see
    at(datetime(2026, 12, 2, tzinfo=UTC))
    second = invoicing.close_period(account=account, period=date(2026, 11, 1))
    account.refresh_from_db()
    assert (second.status, second.total, second.credit, account.carried_minor) == ("paid", 0, 0, 1009)
    assert prepaid(account) == 1007  # 2016 are used: nothing more until a top-up has paid the 1009


def test_a_refund_cannot_take_credit_that_calls_have_used(account: BillingAccount) -> None:
    services.change_plan(org_id=account.organization_id, plan="prepaid")
    account.refresh_from_db()
    invoice = invoicing.issue_topup(account=account, amount=2000)
    invoicing.mark_paid(invoice_id=invoice.pk, amount_minor=2000)
    use(account, 150, month=11, day=1)
    org = account.organization_id
    with pytest.raises(Problem, match="waits for its invoice"):
        payments.issue_credit_note(org_id=org, invoice_id=invoice.pk, amount_minor=501, reason="leaving")
    payments.issue_credit_note(org_id=org, invoice_id=invoice.pk, amount_minor=500, reason="leaving")
    assert (credits.wallet(org).usable, credits.wallet(org).available, prepaid(account)) == (1500, 0, 1500)


def test_what_expires_was_not_used_before(account: BillingAccount) -> None:
    """Credit that usage has consumed stays for that usage's invoice, whenever it comes."""
    services.change_plan(org_id=account.organization_id, plan="prepaid")
    account.refresh_from_db()
    credits.grant(account=account, amount=1000, kind="promo", source_ref="gift", expires_at=NOVEMBER)
    credits.grant(account=account, amount=300, kind="paid", source_ref="own")
    use(account, 60)
    assert credits.expire_due() == 1
    assert credits.expire_due() == 0
    assert (credits.wallet(account.organization_id).usable, prepaid(account)) == (900, 900)
    assert invoicing.close_period(account=account, period=OCTOBER).credit == 600
    assert {one.reason or one.kind: one.left for one in credits.wallet(account.organization_id).grants} == {
        "promo": 0, "paid": 300}
