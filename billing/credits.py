"""Credit: granted or bought, used by invoices, expired. Every movement is an entry; the database keeps the balance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Case, F, IntegerField, Q, Sum, Value, When

from billing import selectors
from billing.models import AppliedCoupon, BillingAccount, Coupon, CreditGrant, CreditTx, Invoice, Plan
from kernel import bus, clock
from kernel.facts import GrantsChanged
from kernel.problems import Problem


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
    usable, unbilled = selectors.credit_balance(account), unbilled_minor(account)
    grants = tuple(GrantView(g.pk, g.kind, g.currency, g.amount, g.balance, g.reason, g.created_at, g.expires_at)
                   for g in account.credit_grants.order_by("-id"))
    return Wallet(account.currency, usable, unbilled, max(0, usable - unbilled), grants, account.recharge_below_minor,
                  account.recharge_minor)


def unbilled_minor(account: BillingAccount) -> int:
    """What all usage without an issued invoice would cost, before tax and credit."""
    current = selectors.periods.this_month(account.anchor_day)
    months = {*selectors.unbilled_months(account.organization_id, current), current}
    carried = account.carried_minor
    # The late lines of billed months stand on the draft of every open month: each counts once.
    lines = {(line.type, line.month, line.model, line.unit, line.price_version): line.amount
             for month in months for line in selectors.invoice_lines(account, month) if line.type != "carry_in"}
    return max(0, carried + sum(lines.values()))


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
        _limits_moved(account)
    return found


@transaction.atomic
def spend(*, account: BillingAccount, invoice: Invoice, amount: int) -> None:
    """Pays `amount` of an invoice from credit: promotional before bought, what expires first before what lasts.

    The caller holds the account's lock. Raises insufficient_balance where there is less.
    """
    left = amount
    usable = (CreditGrant.objects.select_for_update().filter(account=account, currency=account.currency, balance__gt=0)
              .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=clock.now()))
              .annotate(promo=Case(When(kind="promo", then=Value(0)), default=Value(1), output_field=IntegerField()))
              .order_by("promo", F("expires_at").asc(nulls_last=True), "pk"))
    for one in usable:
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
    _limits_moved(invoice.account)


@transaction.atomic
def revoke(*, source_ref: str, amount: int, ref: str) -> int:
    """Takes back credit whose payment was refunded, as far as it is not used; returns how much."""
    found = CreditGrant.objects.select_for_update().filter(source_ref=source_ref).first()
    if found is None or CreditTx.objects.filter(source_ref=ref).exists():
        return 0
    part = min(found.balance, amount)
    if part:
        CreditTx.objects.create(grant=found, kind=CreditTx.Kind.REVOKE, amount=-part, source_ref=ref)
        _limits_moved(found.account)
    return part


def expire_due() -> int:
    """Takes away what was left of grants that expired; returns how many."""
    done = 0
    for pk in CreditGrant.objects.filter(balance__gt=0, expires_at__lte=clock.now()).values_list("pk", flat=True):
        with transaction.atomic():
            one = CreditGrant.objects.select_for_update().get(pk=pk)
            if one.balance:
                CreditTx.objects.create(grant=one, kind=CreditTx.Kind.EXPIRE, amount=-one.balance,
                                        source_ref=f"expire:{one.pk}")
                _limits_moved(one.account)
                done += 1
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


def refresh_limits() -> int:
    """Rebuilds the grants of prepaid accounts whose money limit moved; returns how many. Beat runs it every minute, so
    that a month's turn, a correction or an expiry reaches the meter."""
    moved = 0
    for account in BillingAccount.objects.filter(plan__kind=Plan.Kind.PREPAID).select_related("plan"):
        limit = selectors.money_limit(account)
        if limit != account.told_limit_minor:
            BillingAccount.objects.filter(pk=account.pk).update(told_limit_minor=limit)
            bus.publish(GrantsChanged(account.organization_id))
            moved += 1
    return moved


def accounts_to_recharge() -> list[BillingAccount]:
    """Accounts below their threshold with a card and no top-up on its way."""
    open_topups = Invoice.objects.filter(kind="topup", status__in=["issued", "past_due"]).values("account_id")
    found = (BillingAccount.objects.filter(recharge_minor__isnull=False, state=BillingAccount.State.ACTIVE)
             .exclude(default_method="").exclude(pk__in=open_topups).select_related("plan"))
    return [a for a in found
            if selectors.credit_balance(a) - unbilled_minor(a) < (a.recharge_below_minor or 0)]


def spent_from_credit(invoice: Invoice) -> int:
    """How much of an invoice was paid from credit."""
    return -int(CreditTx.objects.filter(invoice=invoice).aggregate(n=Sum("amount"))["n"] or 0)


def _limits_moved(account: BillingAccount) -> None:
    fact = GrantsChanged(account.organization_id)
    transaction.on_commit(lambda: bus.publish(fact))
