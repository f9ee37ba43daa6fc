"""Checks signed receipts and recomputes an invoice from them, without asking the platform anything.

Needs the extra ``tessera-sdk[receipts]``. Amounts are exact fractions of minor units, rounded once a line.
"""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Json = dict[str, Any]


class Forged(ValueError):
    """A signature that does not fit, or a key that nobody published."""


@dataclass(slots=True)
class Verdict:
    """What `verify_invoice` found. `stated` lines are late, carried or otherwise of another period: their receipts are
    counted, their amounts are taken as the statement gives them."""

    invoice: str
    currency: str
    total: int
    receipts: int = 0
    recomputed: int = 0
    stated: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.faults


def check(document: Json, keys: Json) -> Json:
    """The payload of a signed document. Raises Forged."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    known = {key["kid"]: key["x"] for key in keys["keys"] if key.get("crv") == "Ed25519"}
    if document["kid"] not in known:
        raise Forged(f"the key {document['kid']} is not published")
    payload: Json = document["payload"]
    words = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    try:
        Ed25519PublicKey.from_public_bytes(_bytes(known[document["kid"]])).verify(_bytes(document["signature"]), words)
    except InvalidSignature:
        raise Forged(f"the signature of {payload.get('id') or payload.get('invoice')} does not fit") from None
    return payload


def verify_invoice(parts: Iterable[Json], keys: Json) -> Verdict:
    """Recomputes an invoice from its bundle (`GET /api/v1/invoices/{id}/receipts`, one object a line)."""
    given = iter(parts)
    statement = check(next(given)["statement"], keys)
    verdict = Verdict(statement["invoice"], statement["currency"], statement["total"])
    lines: list[Json] = statement["lines"]
    behind: dict[int, list[Json]] = defaultdict(list)
    seen: set[str] = set()
    for part in given:
        paper = check(part["receipt"], keys)
        number = part["line"]
        verdict.receipts += 1
        if paper["id"] in seen:
            verdict.faults.append(f"receipt {paper['id']} is used twice")
        seen.add(paper["id"])
        line = lines[number] if 0 <= number < len(lines) else {}
        same = all(paper[name] == line.get(name) for name in ("model", "unit"))
        if not same or paper["org"] != statement["org"] or paper["currency"] != statement["currency"] \
                or paper["mode"] != "live" or paper["occurred_at"][:10] < line.get("period", ""):
            verdict.faults.append(f"receipt {paper['id']} does not belong to line {number}")
        behind[number].append(paper)
    _lines(lines, behind, verdict)
    if sum(line["amount"] for line in lines) != statement["subtotal"]:
        verdict.faults.append("the lines do not add up to the subtotal")
    if statement["subtotal"] - statement["discount"] - statement["credit"] + statement["tax"] != statement["total"]:
        verdict.faults.append("subtotal, discount, credit and tax do not make the total")
    return verdict


def _lines(lines: list[Json], behind: dict[int, list[Json]], verdict: Verdict) -> None:
    pools: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for number, line in enumerate(lines):
        if line["model"] and sum(paper["units"] for paper in behind[number]) != line["units"]:
            verdict.faults.append(f"line {number}: the receipts' units are not {line['units']}")
        if line["type"] != "usage":
            verdict.stated += 1
        elif line["pool"]:
            pools[line["pool"], line["period"]].append(line)
        else:
            want = _amount(line, behind[number])
            verdict.recomputed += 1
            if want != line["amount"]:
                verdict.faults.append(f"line {number}: {line['amount']} is stated, the receipts make {want}")
    for (pool, _), members in pools.items():
        units, included = (sum(line[name] for line in members) for name in ("units", "included"))
        want = _amount({**members[0], "units": units, "included": included}, [])
        verdict.recomputed += len(members)
        if want != sum(line["amount"] for line in members):
            verdict.faults.append(f"pool {pool}: the receipts make {want}")


def _amount(line: Json, papers: list[Json]) -> int:
    """Minor units of a line: its tariff, or without one what the receipts recorded; rounded once, half up."""
    tariff = line["tariff"]
    billable = max(line["units"] - line["included"], 0)
    if billable == 0:
        return 0
    if tariff is None:
        exact = sum((Fraction(paper["unit_amount_minor"]) * paper["units"] for paper in papers), Fraction(0))
    else:
        exact = _rated(tariff, billable)
    return int((max(exact, Fraction(0)) * 2 + 1) // 2)


def _rated(tariff: Json, billable: int) -> Fraction:
    tiers = [(up_to, Fraction(each), Fraction(flat)) for up_to, each, flat in tariff["tiers"]]
    if tariff["scheme"] == "package":
        total: Fraction = -(-billable // tariff["package_size"]) * tiers[0][1]
        return total
    if tariff["scheme"] == "volume":
        _, each, flat = next(tier for tier in tiers if tier[0] is None or billable <= tier[0])
        return billable * each + flat
    total, low = Fraction(0), 0
    for up_to, each, flat in tiers:
        if billable <= low:
            break
        high = billable if up_to is None else min(billable, up_to)
        total += (high - low) * each + flat
        low = high
    return total


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
