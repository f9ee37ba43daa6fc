"""Compiles the portal's .po files to .mo without the gettext programs."""

from __future__ import annotations

import ast
import struct
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


def read_po(text: str) -> dict[str, str]:
    """msgid → msgstr of a catalogue without contexts; a plural's key is both its forms, as gettext files them."""
    messages: dict[str, str] = {}
    key = value = ""
    target = ""
    for line in [*text.splitlines(), 'msgid ""']:
        line = line.strip()
        if line.startswith("msgid "):
            if target == "msgstr" and value:
                messages[key] = value
            target, key, value = "msgid", ast.literal_eval(line[6:]), ""
        elif line.startswith("msgid_plural "):
            key += "\0" + ast.literal_eval(line[13:])
        elif line.startswith(("msgstr ", "msgstr[0] ")):
            target, value = "msgstr", ast.literal_eval(line.partition(" ")[2])
        elif line.startswith('"'):
            if target == "msgid":
                key += ast.literal_eval(line)
            else:
                value += ast.literal_eval(line)
    return messages


def write_mo(messages: dict[str, str]) -> bytes:
    """The binary form that gettext reads: sorted keys, two tables of (length, offset), then the strings."""
    pairs = sorted((key.encode(), value.encode()) for key, value in messages.items())
    start = 28 + 16 * len(pairs)
    keys, values, blob = [], [], b""
    for column, table in ((0, keys), (1, values)):
        for pair in pairs:
            table += [len(pair[column]), start + len(blob)]
            blob += pair[column] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 28 + 16 * len(pairs))
    return head + struct.pack(f"<{4 * len(pairs)}I", *keys, *values) + blob


class Command(BaseCommand):
    help = "Compile the portal's translations."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for folder in settings.LOCALE_PATHS:
            for po in Path(folder).rglob("*.po"):
                po.with_suffix(".mo").write_bytes(write_mo(read_po(po.read_text("utf-8"))))
