"""``tessera verify-invoice BUNDLE --keys KEYS``: recomputes an invoice offline from its signed receipts."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tessera.receipts import Forged, verify_invoice


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where the invoice holds, 1 where it does not, 2 where the files can't be read."""
    parser = argparse.ArgumentParser(prog="tessera", description="Tools of the Tessera SDK.")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify-invoice", help="recompute an invoice offline from its signed receipts")
    verify.add_argument("bundle", type=Path, help="what GET /api/v1/invoices/{id}/receipts gave")
    verify.add_argument("--keys", type=Path, required=True, help="/.well-known/tessera-receipt-keys.json, kept earlier")
    given = parser.parse_args(arguments)
    try:
        keys = json.loads(given.keys.read_text())
        with given.bundle.open() as lines:
            verdict = verify_invoice((json.loads(line) for line in lines if line.strip()), keys)
    except Forged as error:
        print(f"FORGED: {error}")
        return 1
    except (OSError, ValueError, KeyError, StopIteration) as error:
        print(f"can't read it: {error!r}", file=sys.stderr)
        return 2
    for fault in verdict.faults:
        print(f"FAULT: {fault}")
    print(f"{verdict.invoice}: {verdict.receipts} receipts, {verdict.recomputed} lines recomputed, {verdict.stated} as "
          f"stated, total {verdict.total} minor units {verdict.currency}: "
          + ("holds" if verdict.holds else "DOES NOT HOLD"))
    return 0 if verdict.holds else 1


if __name__ == "__main__":
    sys.exit(main())
