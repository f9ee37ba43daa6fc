"""What `make billing-proofs` promises is held by tests that are there."""

from __future__ import annotations

import pytest

from benchmarks.billing.proofs import PROMISES
from config.env import ROOT


@pytest.mark.parametrize("test", sorted({test for tests in PROMISES.values() for test in tests}))
def test_each_promise_names_a_test_that_exists(test: str) -> None:
    path, _, name = test.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text() if name else (ROOT / path).is_file()
