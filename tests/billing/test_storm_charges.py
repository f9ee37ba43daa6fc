"""The storm over charges, short; and the same without idempotency keys, which must be seen to charge twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.stack
ROOT = Path(__file__).resolve().parents[2]


def storm(*arguments: str) -> dict[str, int]:
    done = subprocess.run([sys.executable, "-m", "benchmarks.billing.storm_charges", *arguments], cwd=ROOT,
                          capture_output=True, text=True, check=False, timeout=200)
    assert done.stdout, done.stderr[-2000:]
    figures: dict[str, int] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def test_each_invoice_is_charged_once() -> None:
    found = storm("--kills", "12", "--invoices", "30")
    assert found["kills"] >= 10
    assert (found["double_charged"], found["not_charged"], found["wrong_amounts"]) == (0, 0, 0)
    assert found["charged_minor"] == found["owed_minor"]
    assert found["gapless"]
    assert found["lost_percent"] >= 5  # little is asked in a short storm, so its share varies


def test_without_keys_the_storm_charges_twice() -> None:
    assert storm("--kills", "8", "--invoices", "40", "--no-key")["double_charged"] > 0
