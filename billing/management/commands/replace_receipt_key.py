"""`manage.py replace_receipt_key`: a new key pair for receipts now, as after a leak; old receipts stay checkable."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from billing import receipt_keys


class Command(BaseCommand):
    help = "Replaces the key pair that usage receipts are signed by; the old public half stays published."

    def handle(self, *args: Any, **options: Any) -> None:
        old, _ = receipt_keys.signer()
        receipt_keys.replace(kid=old)
        self.stdout.write(f"{old} is retired, receipts are signed by {receipt_keys.signer()[0]}")
