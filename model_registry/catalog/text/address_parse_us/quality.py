"""Addresses with their parts written out."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

KNOWN = [
    (
        "123 Main St Apt 4B, Springfield, IL 62704",
        {
            "AddressNumber": "123",
            "StreetName": "Main",
            "PlaceName": "Springfield",
            "StateName": "IL",
            "ZipCode": "62704",
        },
    ),
    ("PO Box 991, Austin TX 78701", {"USPSBoxID": "991", "PlaceName": "Austin", "StateName": "TX", "ZipCode": "78701"}),
    (
        "350 Fifth Avenue, New York, NY 10118",
        {"AddressNumber": "350", "StreetName": "Fifth", "PlaceName": "New York", "ZipCode": "10118"},
    ),
    (
        "1 Infinite Loop, Cupertino, CA 95014",
        {"AddressNumber": "1", "PlaceName": "Cupertino", "StateName": "CA", "ZipCode": "95014"},
    ),
    (
        "742 Evergreen Terrace, Springfield, OR 97477",
        {"AddressNumber": "742", "StreetName": "Evergreen", "StateName": "OR"},
    ),
]


def measure(ask: Ask) -> list[Measure]:
    right = total = 0
    for text, parts in KNOWN:
        found = {s["label"]: s["text"] for s in ask(text=text).output["spans"]}
        right += sum(found.get(k) == v for k, v in parts.items())
        total += len(parts)
    return [Measure("parts right", right / total, "", data="21 parts of 5 addresses", at_least=0.9)]
