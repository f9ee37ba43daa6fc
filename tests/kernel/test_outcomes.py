"""The billing table: complete, and true to its rule."""

from __future__ import annotations

import typing

import pytest

from kernel import outcomes
from kernel.problems import CODES


def test_each_cause_has_one_rule() -> None:
    assert [rule.cause for rule in outcomes.RULES] == list(typing.get_args(outcomes.Cause))
    assert len(outcomes.BY_CAUSE) == len(outcomes.RULES)


@pytest.mark.parametrize("rule", outcomes.RULES, ids=lambda rule: rule.cause)
def test_nothing_is_billed_before_the_answer_is_complete(rule: outcomes.Rule) -> None:
    assert outcomes.charge(rule.cause, answered=False) == "none"


def test_what_is_never_billed() -> None:
    never = {rule.cause for rule in outcomes.RULES if rule.answered == "none"}
    assert never == {"replay", "refused", "failed", "ledger_away", "shadow", "test_mode"}
    assert {rule.cause for rule in outcomes.RULES if rule.answered == "cached"} == {"cache_hit"}


@pytest.mark.parametrize("code", CODES)
def test_no_problem_is_billed_while_the_call_runs(code: str) -> None:
    cause = outcomes.cause_of(code, CODES[code][0])
    assert cause in {"refused", "failed", "deadline", "cancelled"}
    assert outcomes.charge(cause, answered=False) == "none"


def test_the_table_names_every_rule() -> None:
    text = outcomes.as_markdown()
    assert text.count("\n") == len(outcomes.RULES) + 1
    assert all(rule.detail in text for rule in outcomes.RULES)
