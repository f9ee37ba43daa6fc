"""`python -m benchmarks.billing.proofs`: billing's promises, each held by tests of the suite, with what they counted.

Runs those tests on a Postgres and a Redis of its own, prints a row a promise, and as its last line one JSON object.
The exit status is 1 where a promise does not hold, or where a test that should hold it is gone.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from benchmarks.billing.services import own_services
from config.env import ROOT

# promise → what pytest is given
PROMISES: dict[str, tuple[str, ...]] = {
    "accounts_equal_fractions": (
        "tests/billing/test_statement.py::test_a_thousand_accounts_equal_the_fractions",
        "tests/billing/test_statement.py::test_pools_equal_the_fractions_and_share_by_largest_remainder",
        "tests/billing/test_rating.py"),
    "hard_limit": (
        "tests/billing/test_meter.py::test_48_callers_cant_overspend_a_hard_limit",
        "tests/billing/test_meter.py::test_48_processes_cant_overspend_a_hard_limit",
        "tests/billing/test_meter.py::test_no_hold_leaks_past_its_time"),
    "prepaid_balance": (
        "tests/billing/test_purse.py",
        "tests/billing/test_prepaid.py::test_prepaid_limit_is_what_is_left",
        "tests/billing/test_prepaid.py::test_who_pays_in_advance_is_never_asked_for_more",
        "tests/billing/test_prepaid.py::test_a_refund_cannot_take_credit_that_calls_have_used"),
    "redis_wiped": ("tests/billing/test_meter_reconcile.py",),
    "months": ("tests/billing/test_months.py",),
    "webhook_orders": ("tests/billing/test_webhooks.py::test_every_order_of_a_flow_ends_in_one_state",),
    "webhooks_refused": ("tests/billing/test_webhooks.py::test_what_stripe_did_not_send_now_gets_400",),
    "requests_refused": ("tests/billing/test_sandbox_contract.py::test_a_mutated_request_is_refused",),
    "broken_controls_seen": (
        "tests/billing/test_storm_controls.py::test_answering_first_loses",
        "tests/billing/test_storm_controls.py::test_a_fresh_id_for_each_attempt_doubles",
        "tests/billing/test_storm_controls.py::test_repeating_without_a_key_doubles",
        "tests/billing/test_storm_charges.py::test_without_keys_the_storm_charges_twice",
        "tests/billing/test_meter.py::test_check_then_increment_does_overspend",
        "tests/billing/test_rating.py::test_rounding_each_event_is_wrong_and_seen",
        "tests/billing/test_statement.py::test_billing_what_came_since_is_wrong_and_seen",
        "tests/billing/test_webhooks.py::test_the_library_alone_takes_the_future"),
    "no_float": ("tests/architecture/test_no_float_in_billing.py",),
}


@dataclass
class Counts:
    """What pytest says of one promise; a pytest plugin."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(report.nodeid)
        elif report.when == "call" and report.skipped:
            self.failed.append(f"{report.nodeid} (skipped)")
        elif report.when == "call":
            self.passed += 1
            for name, value in report.user_properties:
                self.figures[name] = self.figures.get(name, 0) + value


def main() -> int:
    import pytest

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(PROMISES), action="append", help="one promise; may be repeated")
    given = parser.parse_args()
    os.chdir(ROOT)
    found: dict[str, dict[str, Any]] = {}
    with own_services("billing-proofs"):
        for promise in given.only or PROMISES:
            counts, began = Counts(), time.monotonic()
            code = pytest.main(["-q", "--no-header", "--no-summary", "-p", "no:cacheprovider", "--reuse-db",
                                *PROMISES[promise]], plugins=[counts])
            found[promise] = {"holds": code == 0 and not counts.failed and counts.passed > 0, "tests": counts.passed,
                              **counts.figures, "seconds": round(time.monotonic() - began, 1)}
            if counts.failed:
                found[promise]["failed"] = counts.failed
    print()
    for promise, figures in found.items():
        said = ", ".join(f"{name} {value}" for name, value in figures.items() if name != "holds")
        print(f"  {promise:<26}{'holds' if figures['holds'] else 'FAILS':<7}{said}")
    print(json.dumps({"holds": all(figures["holds"] for figures in found.values()), **found}))
    return 0 if all(figures["holds"] for figures in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
