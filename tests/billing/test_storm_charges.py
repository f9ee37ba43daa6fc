"""The broken control of the storm over charges: without idempotency keys it must be seen to charge twice. The storm
itself runs beside the tests, `make billing-storm ARGS=--short`."""

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


def test_without_keys_the_storm_charges_twice() -> None:
    assert storm("--kills", "8", "--invoices", "40", "--no-key")["double_charged"] > 0
