"""Money in and out, against the sandbox Stripe over its real protocol: by the real client, to the cent."""

from __future__ import annotations

import urllib.parse
import urllib.request
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.db import Error, transaction
from payments_kit import NOVEMBER, at, charged, invoice_of, prepaid, save_card, use
from sandbox_kit import SandboxProcess

from billing import (
    console,
    credits,
    disputes,
    dunning,
    invoicing,
    mails,
    payments,
    payouts,
    reconciliation,
    selectors,
    services,
    shares,
    webhooks,
)
from billing.models import (
    BillingAccount,
    CreditTx,
    Invoice,
    Mail,
    PaymentAttempt,
    ProviderAccount,
    RevenueShareLine,
    WebhookEvent,
)
from billing.stripe_gateway import DisputeInfo
from kernel import bus, clock
from kernel.facts import AccountStateChanged, InvoicePaid
from kernel.problems import Problem

pytestmark = [pytest.mark.stack, pytest.mark.django_db, pytest.mark.usefixtures("book")]


def test_an_issued_invoice_is_collected_once(stripe: SandboxProcess, account: BillingAccount) -> None:
    save_card(account)
    invoice = invoice_of(account)
    assert (invoice.status, invoice.total) == ("issued", 1000)
    assert payments.collect_due() == 1
    assert payments.collect_due() == 0
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_paid) == ("paid", 1000)
    assert charged(stripe, account) == [1000]
    attempt = invoice.attempts.get()
    assert (attempt.status, attempt.amount, attempt.request["metadata"]["attempt"]) == (
        "succeeded", 1000, str(attempt.pk))


def test_the_same_attempt_sent_again_charges_once(stripe: SandboxProcess, account: BillingAccount) -> None:
    save_card(account)
    attempt = payments.begin_attempt(invoice_id=invoice_of(account).pk)
    assert attempt is not None
    for _ in range(3):
        payments.gateway().pay(attempt.request, key=f"pay-{attempt.pk}")
    payments.send_attempt(attempt)
    assert charged(stripe, account) == [1000]


def test_a_lost_answer_is_found_by_the_sweep(stripe: SandboxProcess, account: BillingAccount) -> None:
    save_card(account)
    invoice = invoice_of(account)
    stripe.set(fault_after=1000)
    assert payments.collect_due() == 1
    assert invoice.attempts.get().status == "sending"
    with pytest.raises(Problem, match="in flight"):
        invoicing.void_invoice(org_id=account.organization_id, invoice_id=invoice.pk, reason="no")
    assert payments.collect_due() == 0  # one in flight
    stripe.set(fault_after=0)
    at(NOVEMBER + timedelta(minutes=10))
    assert payments.sweep_attempts() == 1
    invoice.refresh_from_db()
    assert invoice.status == "paid"
    assert charged(stripe, account) == [1000]


@pytest.mark.parametrize("arrived", [True, False])
def test_an_old_attempt_is_looked_up_never_sent_again(stripe: SandboxProcess, account: BillingAccount,
                                                      arrived: bool) -> None:
    save_card(account)
    invoice = invoice_of(account)
    stripe.set(**{"fault_after" if arrived else "fault_before": 1000})
    payments.collect_due()
    stripe.set(fault_after=0, fault_before=0, clock_offset_s=200_000)  # Stripe has forgotten the key
    at(NOVEMBER + timedelta(hours=24))
    payments.sweep_attempts()
    invoice.refresh_from_db()
    if arrived:
        assert (invoice.status, charged(stripe, account)) == ("paid", [1000])
    else:
        assert (invoice.status, charged(stripe, account)) == ("past_due", [])
        assert invoice.attempts.get().error_code == "never_arrived"


def test_a_refused_card_then_dunning_then_paid(stripe: SandboxProcess, account: BillingAccount,
                                               django_capture_on_commit_callbacks: Any) -> None:
    told: list[str] = []
    bus.listen(AccountStateChanged, on_state := lambda fact: told.append(fact.state))
    with django_capture_on_commit_callbacks(execute=True):
        refuse_and_dun(stripe, account)
    bus._listeners[AccountStateChanged].remove(on_state)
    assert list(dict.fromkeys(told)) == ["past_due", "suspended", "active"]


def refuse_and_dun(stripe: SandboxProcess, account: BillingAccount) -> None:
    save_card(account, "pm_card_chargeCustomerFail")
    invoice = invoice_of(account)
    payments.collect_due()
    invoice.refresh_from_db()
    assert (invoice.status, invoice.attempts.get().error_code) == ("past_due", "card_declined")
    states, attempts = [], []
    for days in range(1, 9):
        at(NOVEMBER + timedelta(days=days, minutes=5))
        for _ in range(2):
            dunning.run()
            payments.collect_due()
        account.refresh_from_db()
        states.append(account.state)
        attempts.append(invoice.attempts.count())
    assert states == ["active"] * 4 + ["blocked"] * 2 + ["suspended"] * 2
    assert attempts == [2, 2, 3, 3, 4, 4, 5, 5]
    assert list(Mail.objects.order_by("pk").values_list("ref", flat=True)) == [
        f"refused-{invoice.pk}", *(f"dunning-{invoice.pk}-{step}" for step in (1, 2, 3, 4))]
    limits = selectors.limits(account.organization_id)
    assert limits is not None

    gateway = payments.gateway()
    card = gateway.attach_card("pm_card_visa", account.stripe_customer or "")
    payments.sync_cards(account)
    payments.set_default_card(org_id=account.organization_id, method_id=card.id)
    payments.collect_due()
    invoice.refresh_from_db()
    assert (invoice.status, charged(stripe, account)) == ("paid", [1000])
    dunning.on_invoice_paid(InvoicePaid(account.organization_id, invoice.pk))
    account.refresh_from_db()
    assert account.state == "active"
    assert mails.send_waiting() == 6
    assert mails.send_waiting() == 0
    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == 6


def test_paying_at_once(stripe: SandboxProcess, account: BillingAccount) -> None:
    org = account.organization_id
    invoice = invoice_of(account)
    with pytest.raises(Problem, match="save a card"):
        payments.pay_now(org_id=org, invoice_id=invoice.pk)
    save_card(account, "pm_card_chargeDeclinedInsufficientFunds")
    with pytest.raises(Problem, match="insufficient funds"):
        payments.pay_now(org_id=org, invoice_id=invoice.pk)
    for card in list(account.methods.all()):
        payments.remove_card(org_id=org, method_id=card.method_id)
    save_card(account)
    stripe.set(fault_after=1000)
    assert payments.pay_now(org_id=org, invoice_id=invoice.pk) == "past_due"  # not known yet
    with pytest.raises(Problem, match="in flight"):
        payments.pay_now(org_id=org, invoice_id=invoice.pk)
    stripe.set(fault_after=0)
    at(NOVEMBER + timedelta(minutes=10))
    payments.sweep_attempts()
    with pytest.raises(Problem, match="is paid"):
        payments.pay_now(org_id=org, invoice_id=invoice.pk)
    with pytest.raises(Problem) as caught:
        payments.pay_now(org_id=org + 1, invoice_id=invoice.pk)
    assert caught.value.code == "not_found"
    assert charged(stripe, account) == [1000]


def test_without_a_card_an_invoice_waits_for_one(stripe: SandboxProcess, account: BillingAccount) -> None:
    invoice = invoice_of(account)
    assert payments.collect_due() == 0
    invoice.refresh_from_db()
    assert invoice.status == "past_due"
    save_card(account)
    assert payments.collect_due() == 1
    invoice.refresh_from_db()
    assert invoice.status == "paid"


def test_the_database_allows_one_attempt_in_flight_and_one_success(stripe: SandboxProcess,
                                                                   account: BillingAccount) -> None:
    save_card(account)
    invoice = invoice_of(account)
    attempt = payments.begin_attempt(invoice_id=invoice.pk)
    assert attempt is not None

    def second(status: str) -> None:
        PaymentAttempt.objects.create(invoice=invoice, number=2, amount=1, currency="USD", request={}, status=status)

    def thaw() -> None:
        PaymentAttempt.objects.filter(pk=attempt.pk).update(request={})

    for forbidden in (lambda: second("sending"), lambda: second("stuck"), thaw):
        with pytest.raises(Error), transaction.atomic():
            forbidden()
    payments.send_attempt(attempt)
    for forbidden in (lambda: second("succeeded"),
                      lambda: PaymentAttempt.objects.filter(pk=attempt.pk).update(status="failed")):
        with pytest.raises(Error), transaction.atomic():
            forbidden()


def post(url: str, **form: str) -> str:
    """Sends a hosted page's form; returns where it leads."""
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: Any) -> None:
            return None

    opener = urllib.request.build_opener(Stay)
    try:
        with opener.open(url, urllib.parse.urlencode(form).encode()) as answer:
            return str(answer.status)
    except urllib.error.HTTPError as answer:
        return str(answer.headers.get("Location") or answer.code)


def test_topup_by_checkout_grants_once(stripe: SandboxProcess, account: BillingAccount) -> None:
    org = account.organization_id
    url = payments.start_topup(org_id=org, amount_minor=5000, success_url="http://x/ok?s={CHECKOUT_SESSION_ID}",
                               cancel_url="http://x/no")
    with urllib.request.urlopen(url) as page:
        html = page.read().decode()
    assert "SANDBOX – no real money" in html
    assert "USD 50.00" in html
    assert post(url, number="4000000000000002") == "402"
    session = post(url, number="4242 4242 4242 4242").partition("s=")[2]
    assert session.startswith("cs_test_")
    for _ in range(2):
        assert payments.finish_checkout(org_id=org, session_id=session)
    wallet = credits.wallet(org)
    assert (wallet.usable, len(wallet.grants)) == (5000, 1)
    stripe.set(fault_before=1000)
    with pytest.raises(Problem, match="does not answer") as caught:
        payments.finish_checkout(org_id=org, session_id=session)
    assert caught.value.retryable
    stripe.set(fault_before=0)
    with pytest.raises(Problem, match="No such"):
        payments.finish_checkout(org_id=org, session_id="cs_test_unknown")
    assert charged(stripe, account) == [5000]
    assert account.methods.count() == 1  # a card used for a top-up stays for later charges
    assert Invoice.objects.filter(account=account, kind="topup", status="paid", total=5000).count() == 1
    with pytest.raises(Problem):
        payments.finish_checkout(org_id=org + 1, session_id=session)


def test_saving_a_card_and_the_portal(stripe: SandboxProcess, account: BillingAccount) -> None:
    org = account.organization_id
    url = payments.start_card_setup(org_id=org, success_url="http://x/{CHECKOUT_SESSION_ID}", cancel_url="http://x")
    session = post(url, number="5555555555554444").rpartition("/")[2]
    assert payments.finish_checkout(org_id=org, session_id=session)
    account.refresh_from_db()
    card = account.methods.get()
    assert (card.brand, card.last4, account.default_method) == ("mastercard", "4444", card.method_id)
    portal = payments.portal_url(org_id=org, return_url="http://x")
    assert post(portal, detach=card.method_id) == "200"
    assert webhooks.sweep_lost() > 0
    webhooks.handle_open()
    account.refresh_from_db()
    assert (account.methods.count(), account.default_method) == (0, "")


def test_credit_pays_first_and_comes_back_with_a_void(stripe: SandboxProcess, account: BillingAccount) -> None:
    soon = clock.now() + timedelta(days=3)
    credits.grant(account=account, amount=300, kind="paid", source_ref="a")
    credits.grant(account=account, amount=200, kind="promo", source_ref="b", expires_at=soon)
    credits.grant(account=account, amount=200, kind="promo", source_ref="b", expires_at=soon)  # the same
    invoice = invoice_of(account)
    assert (invoice.credit, invoice.total) == (500, 500)
    assert credits.wallet(account.organization_id).usable == 0
    invoicing.void_invoice(org_id=account.organization_id, invoice_id=invoice.pk, reason="goodwill")
    assert credits.wallet(account.organization_id).usable == 500
    at(NOVEMBER + timedelta(days=4))
    assert credits.expire_due() == 1
    assert credits.expire_due() == 0
    assert credits.wallet(account.organization_id).usable == 300
    with pytest.raises(Error), transaction.atomic():
        CreditTx.objects.filter(amount__lt=0).update(amount=1)
    grant = account.credit_grants.get(source_ref="a")
    with pytest.raises(Error), transaction.atomic():
        CreditTx.objects.create(grant=grant, kind="apply", amount=-301, source_ref="too much")


def test_automatic_topup(stripe: SandboxProcess, account: BillingAccount) -> None:
    save_card(account)
    services.change_plan(org_id=account.organization_id, plan="prepaid")
    credits.set_auto_recharge(org_id=account.organization_id, below_minor=500, amount_minor=2000)
    assert payments.recharge() == 1
    assert payments.recharge() == 0  # one on its way
    payments.collect_due()
    assert credits.wallet(account.organization_id).usable == 2000
    assert payments.recharge() == 0
    use(account, 160, month=11, day=1)
    assert payments.recharge() == 1
    for card in list(account.methods.all()):
        payments.remove_card(org_id=account.organization_id, method_id=card.method_id)
    assert payments.collect_due() == 0  # without a card it is taken back, and begun anew with the next
    save_card(account, "pm_card_chargeCustomerFail")
    assert payments.recharge() == 1
    payments.collect_due()
    account.refresh_from_db()
    assert (account.recharge_minor, account.state) == (None, "active")
    assert Invoice.objects.filter(account=account, kind="topup").order_by("pk").last().status == "void"  # type: ignore[union-attr]
    assert charged(stripe, account) == [2000]


def test_refunds_reverse_everything_exactly(stripe: SandboxProcess, account: BillingAccount) -> None:
    from django.apps import apps

    provider = apps.get_model("accounts", "Organization").objects.create(name="Maker", slug="maker")
    shares.agree(model="ocr", provider_id=provider.pk, share_percent=Decimal("33.33"), effective_from=date(2026, 1, 1))
    services.set_tax_rate(org_id=account.organization_id, code="de-19", percent=Decimal(19))
    account.refresh_from_db()
    save_card(account)
    invoice = invoice_of(account, 101)  # 1010 + 191.9 tax
    assert (invoice.subtotal, invoice.tax, invoice.total) == (1010, 192, 1202)
    payments.collect_due()
    line = RevenueShareLine.objects.get()
    assert (line.net, line.share, line.platform) == (1010, 337, 673)
    org = account.organization_id
    notes = [payments.issue_credit_note(org_id=org, invoice_id=invoice.pk, amount_minor=part, reason="partly broken")
             for part in (1, 333, 868)]
    with pytest.raises(Problem, match="only 0"):
        payments.issue_credit_note(org_id=org, invoice_id=invoice.pk, amount_minor=1, reason="more")
    stripe.set(fault_after=500)
    for minutes in (0, 5, 10, 15, 20, 25, 30):
        at(NOVEMBER + timedelta(minutes=minutes))
        payments.send_refunds()
    stripe.set(fault_after=0)
    at(NOVEMBER + timedelta(hours=1))
    payments.send_refunds()
    intent = invoice.attempts.get().provider_ref
    refunds = stripe.get(f"/v1/refunds?payment_intent={intent}&limit=100")["data"]
    assert sorted(one["amount"] for one in refunds) == [1, 333, 868]
    for note in notes:
        note.refresh_from_db()
        assert note.status == "done"
    lines = RevenueShareLine.objects.all()
    assert [sum(getattr(x, name) for x in lines) for name in ("net", "share", "platform")] == [0, 0, 0]


def test_providers_are_paid_once(stripe: SandboxProcess, account: BillingAccount) -> None:
    from django.apps import apps

    provider = apps.get_model("accounts", "Organization").objects.create(name="Maker", slug="maker2")
    shares.agree(model="ocr", provider_id=provider.pk, share_percent=Decimal(70), effective_from=date(2026, 1, 1))
    save_card(account)
    invoice = invoice_of(account, 1000)
    payments.collect_due()
    assert payouts.run() == 0  # held
    at(NOVEMBER + timedelta(days=15))
    assert payouts.run() == 0  # no account yet
    url = payouts.start_onboarding(org_id=provider.pk, email="p@example.com", return_url="http://x/done",
                                   refresh_url="http://x/again")
    assert post(url) == "http://x/done"
    payouts.sync_account(ProviderAccount.objects.get().stripe_account or "")
    stripe.set(fault_after=1000)
    assert payouts.run() == 1
    stripe.set(fault_after=0)
    at(NOVEMBER + timedelta(days=15, minutes=5))
    assert payouts.send_transfers() == 1
    assert payouts.run() == 0
    (statement,) = payouts.payouts_of(provider.pk)
    assert (statement.total, statement.status) == (7000, "paid")
    assert sum(line.share for line in statement.lines) == 7000
    destination = ProviderAccount.objects.get().stripe_account
    assert [t["amount"] for t in stripe.get(f"/v1/transfers?destination={destination}")["data"]] == [7000]
    # A refund after the payout is taken off the next one.
    payments.issue_credit_note(org_id=account.organization_id, invoice_id=invoice.pk, amount_minor=1000, reason="x")
    (earning,) = payouts.earnings(provider.pk)
    assert (earning.share, earning.paid, earning.free) == (6300, 7000, -700)
    assert payouts.run() == 0
    with pytest.raises(Problem):
        payouts.payout_statement(provider.pk + 1, statement.id)


def test_the_books_agree_with_stripe(stripe: SandboxProcess, account: BillingAccount) -> None:
    at(NOVEMBER + timedelta(hours=12))
    stripe.set(clock_offset_s=int((clock.now() - datetime.now(UTC)).total_seconds()))
    today = clock.now().date()
    save_card(account)
    before = reconciliation.check_day(today)
    invoice = invoice_of(account)
    payments.collect_due()
    payments.issue_credit_note(org_id=account.organization_id, invoice_id=invoice.pk, amount_minor=400, reason="x")
    payments.send_refunds()
    found = reconciliation.check_day(today)
    assert found.matched == before.matched + 2
    assert len(found.differences) == len(before.differences)
    # A charge that we know nothing of is seen.
    payments.gateway().pay({"amount": 777, "currency": "usd", "customer": account.stripe_customer, "confirm": True,
                            "payment_method": account.default_method, "off_session": True}, key="stray")
    after = reconciliation.check_day(today)
    assert after.differences[0]["amount"] == "777"
    assert len(after.differences) == len(before.differences) + 1


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_dispute_holds_the_share_and_a_loss_takes_it_back(stripe: SandboxProcess, account: BillingAccount,
                                                            outcome: str) -> None:
    from django.apps import apps

    provider = apps.get_model("accounts", "Organization").objects.create(name="Maker", slug=f"maker-{outcome}")
    shares.agree(model="ocr", provider_id=provider.pk, share_percent=Decimal("33.33"), effective_from=date(2026, 1, 1))
    save_card(account)
    invoice = invoice_of(account, 1000)
    payments.collect_due()
    url = payouts.start_onboarding(org_id=provider.pk, email="p@example.com", return_url="http://x", refresh_url="http://x")
    post(url)
    payouts.sync_account(ProviderAccount.objects.get(organization_id=provider.pk).stripe_account or "")
    at(NOVEMBER + timedelta(days=15))
    stripe.set(clock_offset_s=int((clock.now() - datetime.now(UTC)).total_seconds()))
    dispute = stripe.control("dispute", {"charge": invoice.attempts.get().charge_ref})
    for _ in range(2):  # told twice: one dispute, one letter
        webhooks._dispute(dispute["id"])
    found = invoice.attempts.get().disputes.get()
    assert found.evidence_due_at is not None
    assert timedelta(days=13) < found.evidence_due_at - clock.now() <= timedelta(days=14, minutes=1)
    (earning,) = payouts.earnings(provider.pk)
    assert (earning.held, earning.free, payouts.run()) == (3333, 0, 0)
    stripe.control("dispute", {"dispute": dispute["id"], "status": outcome})
    for _ in range(2):
        webhooks._dispute(dispute["id"])
    (earning,) = payouts.earnings(provider.pk)
    letters = list(Mail.objects.filter(ref__startswith="dispute-").order_by("pk").values_list("ref", flat=True))
    assert letters == [f"dispute-{dispute['id']}-opened", f"dispute-{dispute['id']}-{outcome}"]
    notes = [(note.amount, note.status) for note in invoice.credit_notes.all()]
    if outcome == "won":
        assert (earning.free, notes, payouts.run()) == (3333, [], 1)
    else:
        assert (earning.net, earning.share, notes, payouts.run()) == (0, 0, [(10000, "done")], 0)
    assert payments.send_refunds() == 0  # the bank has the money already
    today = reconciliation.check_day(clock.now().date())
    assert not [one for one in today.differences if one["source"] == dispute["id"]]


def test_a_lost_topup_takes_the_credit_that_is_left(account: BillingAccount) -> None:
    services.change_plan(org_id=account.organization_id, plan="prepaid")
    account.refresh_from_db()
    invoice = invoicing.issue_topup(account=account, amount=2000)
    PaymentAttempt.objects.create(invoice=invoice, number=1, amount=2000, currency="USD", request={},
                                  status="succeeded", provider_ref="pi_lost")
    invoicing.mark_paid(invoice_id=invoice.pk, amount_minor=2000)
    use(account, 150, month=11, day=1)
    for status in ("needs_response", "lost", "lost", "needs_response"):
        disputes.take(DisputeInfo("dp_lost", "pi_lost", 2000, "USD", "fraudulent", status, None))
    assert (credits.wallet(account.organization_id).usable, prepaid(account)) == (1500, 1500)
    assert [note.amount for note in invoice.credit_notes.all()] == [2000]


def test_a_dispute_is_kept(stripe: SandboxProcess, account: BillingAccount) -> None:
    save_card(account)
    invoice = invoice_of(account)
    payments.collect_due()
    attempt = invoice.attempts.get()
    stripe.control("dispute", {"charge": attempt.charge_ref})
    webhooks.sweep_lost()
    webhooks.handle_open()
    assert [(d.amount, d.status) for d in attempt.disputes.all()] == [(1000, "needs_response")]
    assert not WebhookEvent.objects.filter(handled_at__isnull=True, object_id=attempt.charge_ref).exists()


def test_what_nobody_can_find_out_waits_for_a_person(stripe: SandboxProcess, account: BillingAccount) -> None:
    save_card(account)
    invoice = invoice_of(account)
    stripe.set(fault_after=1000)  # charged, and Stripe stays silent for days
    payments.collect_due()
    attempt = invoice.attempts.get()
    for hours in (1, 20, 30, 73):
        at(NOVEMBER + timedelta(hours=hours))
        payments.sweep_attempts()
    attempt.refresh_from_db()
    assert attempt.status == "stuck"
    assert [one.id for one in console.staff_desk().stuck] == [str(attempt.pk)]
    assert payments.collect_due() == 0
    stripe.set(fault_after=0)
    resolved = payments.resolve_attempt(attempt_id=attempt.pk)
    assert resolved is not None
    invoice.refresh_from_db()
    assert (resolved.status, invoice.status) == ("succeeded", "paid")
    assert charged(stripe, account) == [1000]


def test_a_second_success_is_never_booked(stripe: SandboxProcess, account: BillingAccount) -> None:
    """Should a payment that was given up turn out to have been made, a person sees it; the books stay right."""
    save_card(account)
    invoice = invoice_of(account)
    first = payments.begin_attempt(invoice_id=invoice.pk)
    assert first is not None
    made = payments.gateway().pay(first.request, key="by another way")
    payments.settle_attempt(attempt_id=first.pk, succeeded=False, code="never_arrived")
    Invoice.objects.filter(pk=invoice.pk).update(next_attempt_at=clock.now())
    payments.collect_due()
    payments.settle_payment(made)
    first.refresh_from_db()
    invoice.refresh_from_db()
    assert (first.status, first.error_code) == ("stuck", "paid_twice")
    assert (invoice.status, invoice.amount_paid) == ("paid", 1000)
    assert charged(stripe, account) == [1000, 1000]
