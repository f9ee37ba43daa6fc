"""Credit: granted or bought, used by invoices, expired. Every movement is an entry; the database keeps the balance."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal

from django.db import transaction
from django.db.models import Case, F, IntegerField, QuerySet, Sum, Value, When

from billing import purse, selectors
from billing.models import AppliedCoupon, BillingAccount, Coupon, CreditGrant, CreditTx, Invoice, Plan
from kernel import clock
from kernel.problems import Problem

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GrantView:
    """One grant of credit; `left` of `amount` whole minor units."""

    id: int
    kind: str
    currency: str
    amount: int
    left: int
    reason: str
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wallet:
    """An account's credit and how it fills up: `usable` now, minus what is used but not billed yet = `available`."""

    currency: str
    usable: int
    unbilled: int
    available: int
    grants: tuple[GrantView, ...]
    recharge_below: int | None
    recharge_amount: int | None


def wallet(org_id: int) -> Wallet:
    """The purse as its owner sees it; raises not_found before an account is open."""
    account = selectors.account_of(org_id)
    if account is None:
        raise Problem("not_found")
    usable, unbilled = selectors.credit_balance(account), selectors.unbilled_minor(account)
    grants = tuple(GrantView(g.pk, g.kind, g.currency, g.amount, g.balance, g.reason, g.created_at, g.expires_at)
                   for g in account.credit_grants.order_by("-id"))
    return Wallet(account.currency, usable, unbilled, max(0, usable - unbilled), grants, account.recharge_below_minor,
                  account.recharge_minor)


@transaction.atomic
def grant(*, account: BillingAccount, amount: int, kind: str, source_ref: str, reason: str = "",
          expires_at: datetime | None = None) -> CreditGrant:
    """Gives credit once per `source_ref`; asking again returns the first grant."""
    if amount <= 0:
        raise Problem("validation_error", "credit is more than 0")
    found, created = CreditGrant.objects.get_or_create(source_ref=source_ref, defaults={
        "account": account, "kind": kind, "currency": account.currency, "amount": amount, "reason": reason[:200],
        "expires_at": expires_at})
    if created:
        CreditTx.objects.create(grant=found, kind=CreditTx.Kind.GRANT, amount=amount, source_ref=f"grant:{found.pk}")
        found.refresh_from_db()
        purse.moved(account)
    return found


@transaction.atomic
def spend(*, account: BillingAccount, invoice: Invoice, amount: int) -> None:
    """Pays `amount` of an invoice from credit: promotional before bought, what expires first before what lasts.

    The caller holds the account's lock. Raises insufficient_balance where there is less.
    """
    left = amount
    for one in _in_order(account):
        part = min(left, one.balance)
        if part:
            CreditTx.objects.create(grant=one, invoice=invoice, kind=CreditTx.Kind.APPLY, amount=-part,
                                    source_ref=f"apply:{invoice.pk}:{one.pk}")
        left -= part
    if left:
        raise Problem("insufficient_balance", f"{left} of {amount} could not be paid from credit")


@transaction.atomic
def restore(*, invoice: Invoice) -> None:
    """Gives back what a voided invoice had used."""
    for used in CreditTx.objects.filter(invoice=invoice, kind=CreditTx.Kind.APPLY):
        CreditTx.objects.get_or_create(source_ref=f"restore:{used.pk}", defaults={
            "grant_id": used.grant_id, "invoice": invoice, "kind": CreditTx.Kind.RESTORE, "amount": -used.amount})
    purse.moved(invoice.account)


@transaction.atomic
def revoke(*, source_ref: str, amount: int, ref: str, partly: bool = False) -> int:
    """Takes back credit whose payment was refunded, as far as no invoice has used it; returns how much.

    On a prepaid plan usage that is not billed yet, and running calls, count on it too: raises invalid_state, or takes
    what they leave (`partly`).
    """
    owner = CreditGrant.objects.filter(source_ref=source_ref).values_list("account_id", flat=True).first()
    if owner is None:
        return 0
    account = (BillingAccount.objects.select_for_update(of=("self",)).select_related("plan", "tax_rate")
               .get(pk=owner))
    found = CreditGrant.objects.select_for_update().get(source_ref=source_ref)
    if CreditTx.objects.filter(source_ref=ref).exists():
        return 0
    part = min(found.balance, amount)
    if partly and account.plan.kind == Plan.Kind.PREPAID:
        part = max(0, min(part, selectors.credit_balance(account) - _consumed(account)))
    if part:
        CreditTx.objects.create(grant=found, kind=CreditTx.Kind.REVOKE, amount=-part, source_ref=ref)
        if not purse.lower(account):
            raise Problem("invalid_state", "part of this credit is used already and waits for its invoice")
        purse.moved(account)
    return part


def expire_due() -> int:
    """Sweeps the grants that expired, of all accounts; returns how many gave something back."""
    late = CreditGrant.objects.filter(balance__gt=0, expires_at__lte=clock.now()).order_by("account_id")
    done = 0
    for account_id in list(late.values_list("account_id", flat=True).distinct()):
        try:
            done += expire(account_id=account_id)
        except Problem as problem:  # Redis is away, or a call began just now: the next run
            log.warning("the credit of account %s is swept later: %s", account_id, problem)
    return done


@transaction.atomic
def expire(*, account_id: int) -> int:
    """Takes away what is left of an account's expired grants; returns how many. What usage has consumed before, billed
    or not, stays for its invoice. Raises Problem overloaded where the meter does not agree now."""
    account = (BillingAccount.objects.select_for_update(of=("self",)).select_related("plan", "tax_rate")
               .get(pk=account_id))
    expired = list(_in_order(account).filter(expires_at__lte=clock.now()))
    if not expired:
        return 0
    consumed, done = _consumed(account), 0
    for one in expired:
        kept = min(one.balance, consumed)
        consumed -= kept
        if kept < one.balance:
            gone = one.movements.filter(kind=CreditTx.Kind.EXPIRE).count()
            CreditTx.objects.create(grant=one, kind=CreditTx.Kind.EXPIRE, amount=kept - one.balance,
                                    source_ref=f"expire:{one.pk}" + (f":{gone}" if gone else ""))
            done += 1
    if done:
        if not purse.lower(account):
            raise Problem("overloaded", "calls began meanwhile")
        purse.moved(account)
    return done


@transaction.atomic
def set_auto_recharge(*, org_id: int, below_minor: int | None, amount_minor: int | None) -> BillingAccount:
    """Buys `amount_minor` of credit by the saved card whenever less than `below_minor` is available; None turns it
    off."""
    account = BillingAccount.objects.select_for_update().filter(organization_id=org_id).first()
    if account is None:
        raise Problem("not_found")
    if (below_minor is None) != (amount_minor is None):
        raise Problem("validation_error", "a threshold and an amount belong together")
    if amount_minor is not None:
        check_topup(account, amount_minor)
        if below_minor is None or below_minor < 0:
            raise Problem("validation_error", "a threshold is 0 or more")
        if not account.default_method:
            raise Problem("invalid_state", "save a card first")
    account.recharge_below_minor, account.recharge_minor = below_minor, amount_minor
    account.save(update_fields=["recharge_below_minor", "recharge_minor"])
    return account


def check_topup(account: BillingAccount, amount: int) -> None:
    """Raises unless the amount of a top-up is one that can be charged."""
    least = selectors.statement.MINIMUM_CHARGE[account.currency]
    if not least <= amount <= 50_000_00:
        raise Problem("validation_error", f"a top-up is {least} to 5000000 minor units of {account.currency}")


@transaction.atomic
def redeem_coupon(*, org_id: int, code: str) -> AppliedCoupon:
    """Applies a coupon to the account's next invoices, once. An unknown, spent or foreign one is refused alike."""
    account = selectors.account_of(org_id)
    coupon = Coupon.objects.select_for_update().filter(code__iexact=code.strip()).first()
    if account is None:
        raise Problem("not_found")
    refused = Problem("invalid_request", "this coupon can't be used")
    if coupon is None or (coupon.expires_at and coupon.expires_at <= clock.now()):
        raise refused
    if coupon.currency and coupon.currency != account.currency:
        raise refused
    found = AppliedCoupon.objects.filter(account=account, coupon=coupon).first()
    if found is not None:
        return found
    if coupon.max_uses is not None and coupon.uses.count() >= coupon.max_uses:
        raise refused
    return AppliedCoupon.objects.create(account=account, coupon=coupon, left=coupon.periods)


def accounts_to_recharge() -> list[BillingAccount]:
    """Accounts below their threshold with a card and no top-up on its way."""
    open_topups = Invoice.objects.filter(kind="topup", status__in=["issued", "past_due"]).values("account_id")
    found = (BillingAccount.objects.filter(recharge_minor__isnull=False, state=BillingAccount.State.ACTIVE)
             .exclude(default_method="").exclude(pk__in=open_topups).select_related("plan"))
    return [a for a in found
            if selectors.credit_balance(a) - selectors.unbilled_minor(a) < (a.recharge_below_minor or 0)]


def spent_from_credit(invoice: Invoice) -> int:
    """How much of an invoice was paid from credit."""
    return -int(CreditTx.objects.filter(invoice=invoice).aggregate(n=Sum("amount"))["n"] or 0)


def _consumed(account: BillingAccount) -> int:
    """What usage that is not billed yet, and running calls, need of the credit, with tax."""
    with_tax = 1 + (account.tax_rate.percent if account.tax_rate else Decimal(0)) * Decimal("0.01")
    used = purse.held(account) + selectors.unbilled_minor(account)
    return int((used * with_tax).to_integral_value(ROUND_CEILING))


def _in_order(account: BillingAccount) -> QuerySet[CreditGrant]:
    """Grants in the order in which they are used: promotional before bought, what expires first before what lasts."""
    return (CreditGrant.objects.select_for_update().filter(account=account, currency=account.currency, balance__gt=0)
            .annotate(promo=Case(When(kind="promo", then=Value(0)), default=Value(1), output_field=IntegerField()))
            .order_by("promo", F("expires_at").asc(nulls_last=True), "pk"))
