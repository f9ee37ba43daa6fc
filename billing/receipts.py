"""Signed receipts: what each call cost and why, so that an invoice can be recomputed without asking us.

A receipt is made from its ledger entry, which never changes, and Ed25519 signatures are deterministic: asked for again
it is the same words, and under the same key the same bytes. The signed words are the canonical JSON (sorted, no spaces,
UTF-8) of `payload`. `kid` names the key pair (`billing.receipt_keys`), whose public half is published for ever at
/.well-known/tessera-receipt-keys.json.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import UUID

from billing import console, receipt_keys, selectors
from billing.models import UsageEvent
from kernel.outcomes import BY_CAUSE, Cause
from kernel.problems import Problem

VERSION = 1
PAGE = 1_000

# (model, version number) → hex digest of the version's artifacts; "" where nobody knows it. Filled by config/wiring.
DigestOf = Callable[[str, int], str]
_digest_of: list[DigestOf] = []


def use_digests(source: DigestOf) -> None:
    """Sets where version digests come from in this process."""
    _digest_of[:] = [source]


def receipt(org_id: int, event_id: UUID) -> dict[str, Any]:
    """The receipt of one of this organization's calls; anybody else's is not found."""
    entry = UsageEvent.objects.filter(org_id=org_id, event_id=event_id).first()
    if entry is None:
        raise Problem("not_found")
    return _signer()(_payload(entry))


def bundle(org_id: int, invoice_id: int) -> Iterator[dict[str, Any]]:
    """An issued invoice as a signed statement, then the receipts behind each of its lines (numbered from 0):
    everything that recomputing it takes. Raises not_found before anything is given."""
    view = selectors.invoice(org_id, invoice_id)
    price_of = selectors.tariffs(view.currency)
    lines = []
    for line in view.lines:
        priced = price_of(line.model, line.price_version, line.unit, line.month) if line.model else None
        lines.append({
            "type": line.type, "model": line.model, "unit": line.unit, "price_version": line.price_version,
            "period": f"{line.month:%Y-%m-%d}", "units": line.units, "included": line.included, "amount": line.amount,
            "pool": priced.pool if priced else "", "tariff": _tariff(priced.tariff) if priced else None})
    sums = {name: getattr(view, name) for name in ("subtotal", "discount", "credit", "tax", "total")}
    statement = {"v": VERSION, "kind": "invoice", "org": org_id, "invoice": view.number, "currency": view.currency,
                 "period_start": f"{view.period_start:%Y-%m-%d}", "period_end": f"{view.period_end:%Y-%m-%d}",
                 "lines": lines, **sums}

    def parts() -> Iterator[dict[str, Any]]:
        signed = _signer()
        yield {"statement": signed(statement)}
        for number, line in enumerate(view.lines):
            if line.model:
                for entry in _entries(org_id, invoice_id, number):
                    yield {"line": number, "receipt": signed(_payload(entry))}

    return parts()


def public_keys() -> dict[str, Any]:
    """The keys that receipts may be signed by, as a JSON Web Key set (RFC 8037); the present one first."""
    return {"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": kid, "x": _base64(public)}
                     for kid, public in receipt_keys.published()]}


def canonical(payload: dict[str, Any]) -> bytes:
    """The bytes that are signed."""
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _payload(entry: UsageEvent) -> dict[str, Any]:
    cause: Cause = "delivered"
    if entry.unit.startswith("cached_"):
        cause = "cache_hit"
    elif entry.mode == "test":
        cause = "test_mode"
    corrected = entry.kind == UsageEvent.Kind.CORRECTION
    charged = 0 if entry.mode == "test" else entry.units * entry.unit_amount
    return {
        "v": VERSION, "kind": "receipt", "id": str(entry.event_id), "org": entry.org_id, "key_id": entry.key_id,
        "model": entry.model, "version": entry.version, "version_digest": _digest(entry.model, entry.version),
        "request_sha256": bytes(entry.request_hash).hex(), "occurred_at": entry.occurred_at.isoformat(),
        "unit": entry.unit, "units": entry.units, "price_version": entry.price_version,
        "unit_amount_minor": format(entry.unit_amount.normalize(), "f"), "currency": entry.currency,
        "amount_minor": format(charged.normalize(), "f") if charged else "0", "mode": entry.mode,
        "corrects": str(entry.corrects) if entry.corrects else None,
        "outcome": "correction" if corrected else cause,
        "reason": entry.reason if corrected else BY_CAUSE[cause].title,
    }


def _entries(org_id: int, invoice_id: int, line: int) -> Iterable[UsageEvent]:
    cursor: str | None = None
    while True:
        page = console.line_events(org_id, invoice_id, line, cursor=cursor, limit=PAGE)
        found = UsageEvent.objects.filter(org_id=org_id).in_bulk([row.event_id for row in page.data])
        yield from (found[row.event_id] for row in page.data)
        if page.next_cursor is None:
            return
        cursor = page.next_cursor


def _tariff(tariff: Any) -> dict[str, Any]:
    return {"scheme": tariff.scheme, "included": tariff.included, "package_size": tariff.package_size,
            "tiers": [[tier.up_to, format(tier.unit_amount, "f"), format(tier.flat_amount, "f")]
                      for tier in tariff.tiers]}


def _digest(model: str, version: int) -> str:
    return _digest_of[0](model, version) if _digest_of else ""


def _signer() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Signs any number of documents by the present key."""
    kid, key = receipt_keys.signer()
    return lambda payload: {"payload": payload, "kid": kid, "signature": _base64(key.sign(canonical(payload)))}


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
