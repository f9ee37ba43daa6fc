"""Signed receipts, and an invoice recomputed from nothing but them."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from billing_kit import event
from django.db import IntegrityError, connection, transaction
from django.test import Client

from billing import invoicing, ledger, pricing, receipt_keys, receipts, selectors, services
from billing.models import ReceiptKey
from kernel import clock
from kernel.contracts import Price
from kernel.problems import Problem

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "sdk" / "python" / "src"))
from tessera.cli import main as command_line
from tessera.receipts import Forged, check, verify_invoice

pytestmark = [pytest.mark.stack, pytest.mark.django_db]

OCTOBER = date(2026, 10, 1)
PRICES = {("ocr", 1): Price("page", Decimal("0.15"), "USD", 1, free_per_month=100),
          ("asr", 1): Price("second", Decimal("0.3333"), "USD", 1)}
TIERED = {"graduated": [(100, Decimal("1"), Decimal("5")), (1000, Decimal("0.7"), Decimal(0)), (None, Decimal("0.123"),
                                                                                                Decimal(2))],
          "volume": [(100, Decimal("1"), Decimal(0)), (1000, Decimal("0.7"), Decimal(9)), (None, Decimal("0.5"),
                                                                                         Decimal(0))],
          "package": [(None, Decimal("12.5"), Decimal(0))]}


@pytest.fixture(autouse=True)
def book() -> Iterator[None]:
    pricing.use_price_book(lambda model, version: PRICES.get((model, version or 1)))
    clock.set_offset(datetime(2026, 11, 2, tzinfo=UTC) - datetime.now(UTC))
    yield
    pricing.use_price_book(None)
    clock.set_offset(timedelta(0))


def record(org: Any, model: str = "ocr", units: int = 1, **fields: Any) -> Any:
    price = PRICES.get((model, 1), Price("page", Decimal("0.15"), "USD", 1))
    values = {"unit": price.unit, "unit_amount": price.amount, "occurred_at": datetime(2026, 10, 5, 9, tzinfo=UTC)}
    one = event(org_id=org.pk, model=model, units=units, **(values | fields))
    with connection.cursor() as cursor:
        cursor.execute(ledger.INSERT, ledger.rows([one]))
    return one


@pytest.fixture
def parts(organization: Any) -> list[dict[str, Any]]:
    """The bundle of an invoice with plain, tiered and packaged prices and a correction."""
    account = services.open_account(org_id=organization.pk)
    for scheme, tiers in TIERED.items():
        services.record_price(model=scheme, version=1, unit="page", currency="USD", scheme=scheme, tiers=tiers,
                              included=10, package_size=100)
        for units in (7, 450, 1234):
            record(organization, scheme, units)
    first = record(organization, units=333)
    for _ in range(6):
        record(organization, units=333)
    record(organization, "asr", 1001)
    record(organization, units=9999, mode="test")
    services.correct_usage(org_id=organization.pk, event_id=first.event_id, units=-33, reason="counted twice")
    invoice = invoicing.close_period(account=account, period=OCTOBER)
    return json.loads(json.dumps(list(receipts.bundle(organization.pk, invoice.pk))))


def test_an_invoice_is_recomputed_from_its_receipts(parts: list[dict[str, Any]], organization: Any) -> None:
    verdict = verify_invoice(parts, receipts.public_keys())
    assert verdict.faults == []
    assert (verdict.receipts, verdict.recomputed, verdict.stated) == (18, 5, 0)
    assert verdict.total == selectors.invoices(organization.pk)[0].total > 0


def test_what_is_changed_does_not_hold(parts: list[dict[str, Any]]) -> None:
    keys = receipts.public_keys()
    for change in ({"units": 1}, {"unit_amount_minor": "0.1"}, {"org": 0}, {"request_sha256": "00"}, {"outcome": "x"},
                   {"version_digest": "00"}, {"reason": ""}):
        forged = copy.deepcopy(parts)
        forged[3]["receipt"]["payload"] |= change
        with pytest.raises(Forged, match="does not fit"):
            verify_invoice(forged, keys)
    forged = copy.deepcopy(parts)
    forged[0]["statement"]["payload"]["lines"][0]["amount"] += 1
    with pytest.raises(Forged):
        verify_invoice(forged, keys)
    with pytest.raises(Forged, match="not published"):
        verify_invoice(parts, {"keys": []})


def test_receipts_can_not_be_left_out_used_twice_or_moved(parts: list[dict[str, Any]]) -> None:
    keys = receipts.public_keys()
    assert any("units are not" in fault for fault in verify_invoice([*parts[:3], *parts[4:]], keys).faults)
    assert any("used twice" in fault for fault in verify_invoice([*parts, parts[1]], keys).faults)
    moved = copy.deepcopy(parts)
    moved[1]["line"] = (moved[1]["line"] + 1) % 5
    assert any("does not belong" in fault for fault in verify_invoice(moved, keys).faults)


def test_a_statement_that_we_signed_wrongly_is_found_out(parts: list[dict[str, Any]]) -> None:
    """Even we can't state another amount than the receipts make: the arithmetic is the reader's own."""
    keys, payload = receipts.public_keys(), parts[0]["statement"]["payload"]
    for number in range(5):
        wrong = copy.deepcopy(payload)
        wrong["lines"][number]["amount"] += 1
        wrong["subtotal"] += 1
        wrong["total"] += 1
        faults = verify_invoice([{"statement": receipts._signer()(wrong)}, *parts[1:]], keys).faults
        assert len(faults) == 1
        assert faults[0].startswith(f"line {number}: ")
    wrong = payload | {"total": payload["total"] + 1}
    assert verify_invoice([{"statement": receipts._signer()(wrong)}, *parts[1:]], keys).faults == [
        "subtotal, discount, credit and tax do not make the total"]


def test_a_receipt_says_what_a_call_cost_and_why(organization: Any) -> None:
    receipts.use_digests(lambda model, version: f"{model}-{version}")
    one = record(organization, units=3, version=2)
    document = receipts.receipt(organization.pk, one.event_id)
    payload = check(document, receipts.public_keys())
    assert {name: payload[name] for name in (
        "id", "model", "version", "version_digest", "units", "unit", "unit_amount_minor", "amount_minor", "currency",
        "request_sha256", "outcome", "reason")} == {
            "id": str(one.event_id), "model": "ocr", "version": 2, "version_digest": "ocr-2", "units": 3,
            "unit": "page", "unit_amount_minor": "0.15", "amount_minor": "0.45", "currency": "USD",
            "request_sha256": one.request_hash.hex(), "outcome": "delivered", "reason": "Delivered"}
    assert receipts.receipt(organization.pk, one.event_id) == document, "the same bytes whenever it is asked for"
    receipts._digest_of.clear()


def test_the_outcome_is_the_tables_cause(organization: Any) -> None:
    cached = record(organization, unit="cached_page", unit_amount=Decimal("0.01"))
    free = record(organization, mode="test", units=5)
    first = record(organization)
    undone = services.correct_usage(org_id=organization.pk, event_id=first.event_id, units=-1, reason="by mistake")
    found = {event_id: receipts.receipt(organization.pk, event_id)["payload"]
             for event_id in (cached.event_id, free.event_id, undone)}
    assert [(paper["outcome"], paper["amount_minor"], paper["reason"]) for paper in found.values()] == [
        ("cache_hit", "0.01", "Answered from the cache"), ("test_mode", "0", "Test key"),
        ("correction", "-0.15", "by mistake")]
    assert found[undone]["corrects"] == str(first.event_id)


def test_a_strangers_receipt_is_not_found(organization: Any, parts: list[dict[str, Any]]) -> None:
    one = record(organization)
    for org_id, event_id in ((organization.pk + 1, one.event_id), (organization.pk, uuid4())):
        with pytest.raises(Problem, match="not_found"):
            receipts.receipt(org_id, event_id)
    invoice = selectors.invoices(organization.pk)[0]
    with pytest.raises(Problem, match="not_found"):
        receipts.bundle(organization.pk + 1, int(invoice.id))


def test_the_public_keys_are_for_everybody(organization: Any) -> None:
    answer = Client().get("/.well-known/tessera-receipt-keys.json")
    assert answer.status_code == 200
    (key,) = answer.json()["keys"]
    assert (key["kty"], key["crv"], len(key["kid"])) == ("OKP", "Ed25519", 16)


def test_key_pairs_are_replaced_and_what_they_signed_holds(organization: Any, settings: Any) -> None:
    one = record(organization)
    first = receipts.receipt(organization.pk, one.event_id)
    assert not receipt_keys.replace_due()
    clock.set_offset(datetime(2026, 11, 3, tzinfo=UTC) + receipt_keys.REPLACED_AFTER - datetime.now(UTC))
    assert receipt_keys.replace_due()
    assert not receipt_keys.replace(kid=first["kid"]), "once"
    second = receipts.receipt(organization.pk, one.event_id)
    settings.SECRET_KEY = "another: what is sealed can't be opened"
    third = receipts.receipt(organization.pk, one.event_id)
    keys = receipts.public_keys()
    assert [key["kid"] for key in keys["keys"]] == [third["kid"], second["kid"], first["kid"]]
    assert first["payload"] == check(first, keys) == check(second, keys) == check(third, keys)
    kept = ReceiptKey.objects.exclude(retired_at=None).values_list("sealed", flat=True)
    assert [bytes(sealed) for sealed in kept] == [b"", b""], "secret halves of retired keys are gone"
    with pytest.raises(IntegrityError), transaction.atomic():
        ReceiptKey.objects.create(kid="2", public=b"", sealed=b"")


def test_the_command_line_says_whether_it_holds(parts: list[dict[str, Any]], tmp_path: Path,
                                                capsys: pytest.CaptureFixture[str]) -> None:
    keys, bundle = tmp_path / "keys.json", tmp_path / "bundle.jsonl"
    keys.write_text(json.dumps(receipts.public_keys()))
    arguments = ["verify-invoice", str(bundle), "--keys", str(keys)]
    bundle.write_text("".join(json.dumps(part) + "\n" for part in parts))
    assert command_line(arguments) == 0
    assert "18 receipts, 5 lines recomputed, 0 as stated" in capsys.readouterr().out
    bundle.write_text("".join(json.dumps(part) + "\n" for part in parts[:-1]))
    assert command_line(arguments) == 1
    assert "DOES NOT HOLD" in capsys.readouterr().out
    parts[1]["receipt"]["payload"]["units"] += 1
    bundle.write_text("".join(json.dumps(part) + "\n" for part in parts))
    assert command_line(arguments) == 1
    assert "FORGED" in capsys.readouterr().out
    bundle.write_text("nothing of the kind")
    assert command_line(arguments) == 2


def test_receipts_over_http(organization: Any, monkeypatch: pytest.MonkeyPatch, parts: list[dict[str, Any]]) -> None:
    from rest_framework.permissions import AllowAny
    from rest_framework.views import APIView

    from billing import receipts_api

    monkeypatch.setattr(receipts_api, "caller_of", lambda request: organization.pk)
    monkeypatch.setattr(APIView, "permission_classes", [AllowAny])
    one, invoice = record(organization), selectors.invoices(organization.pk)[0]
    assert Client().get(f"/api/v1/usage/{one.event_id}/receipt").json() == receipts.receipt(organization.pk,
                                                                                            one.event_id)
    answer = Client().get(f"/api/v1/invoices/{invoice.id}/receipts")
    assert [json.loads(line) for line in answer.getvalue().decode().splitlines()] == parts
    monkeypatch.setattr(receipts_api, "caller_of", lambda request: organization.pk + 1)
    assert Client().get(f"/api/v1/usage/{one.event_id}/receipt").status_code == 404
    assert Client().get(f"/api/v1/invoices/{invoice.id}/receipts").status_code == 404
