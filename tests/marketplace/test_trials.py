"""Comparisons on own data, up to the batches that run them: prices by value, who may, and what a stranger sees."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
import pytest

from inference_backend.jobs import batches, files
from kernel.contracts import Grant
from kernel.problems import Problem
from marketplace.accounts import services as accounts
from marketplace.listings import services as listings
from marketplace.listings import trials
from model_registry import services as registry
from tests.marketplace.conftest import MANIFEST, NAMES, ROWS, parse

pytestmark = [pytest.mark.django_db, pytest.mark.stack]
DATA = b"text,label\n" + b"a" * 2500 + b",x\nb,y\n"


@pytest.fixture
def classifiers(db: None) -> list[str]:
    """Two models of one task that take a text, and one of another."""
    names = ["mood-a", "mood-b", "language"]
    for name, task in zip(names, ["sentiment-analysis", "sentiment-analysis", "language-identification"], strict=True):
        row = (name, *ROWS[0][1:5], task, "text", "finance", "x")
        text = MANIFEST.format(**dict(zip(NAMES, row, strict=True)))
        text = text.replace("image: {kind: image, max_bytes: 1000000}", "text: {kind: text}")
        text = text.replace("output: key_values", "output: label_scores").replace("unit: image", "unit: 1k_chars")
        registry.register_manifest(manifest=parse(text), digest="d1")
    listings.stock_shelf()
    return names


def draft(org: Any, user: Any, **more: Any) -> Any:
    return trials.draft(org=org, actor=user, **{
        "task": "sentiment-analysis", "kind": "text", "models": ["mood-a", "mood-b"], "filename": "a.csv",
        "content": DATA, **more})


def grant_of(org: Any, *models: str) -> Grant:
    return Grant(key_id=1, key_hash="a", org_id=org.pk, mode="live", scopes=("predict",), models=models,
                 rate_per_minute=60, concurrency=4, monthly_limit_minor=None, monthly_units=None, currency="USD")


def test_a_draft_is_priced_and_calls_nothing(classifiers, account):
    user, org = account()
    made = draft(org, user)
    assert [(group.task, [row.name for row in group.listings]) for group in trials.groups()] == [
        ("sentiment-analysis", ["mood-a", "mood-b"])]
    assert [(run.name, run.units, run.estimate, run.batch_id) for run in made.runs.all()] == [
        ("mood-a", 4, Decimal("0.6"), None), ("mood-b", 4, Decimal("0.6"), None)]  # 3 + 1 thousands at 0.15 cents
    assert batches.batches_of(org_id=org.pk, limit=5) == ([], False)


@pytest.mark.parametrize("more", [{"models": ["mood-a"]}, {"models": ["mood-a", "language"]}, {"task": "none"},
                                  {"content": b"text,label\n"}])
def test_what_can_t_be_compared_is_refused(classifiers, account, more):
    user, org = account()
    with pytest.raises(Problem, match="validation_error"):
        draft(org, user, **more)


def test_a_run_is_one_batch_a_model_under_the_person_s_grant(classifiers, account):
    user, org = account()
    made = trials.start(org=org, actor=user, trial_id=draft(org, user).pk, grant=grant_of(org))
    found = {batch.pk: batch for batch in batches.batches_of(org_id=org.pk, limit=5)[0]}
    for run in made.runs.all():
        batch = found[run.batch_id]
        assert batch.endpoint == f"/api/v1/models/{run.name}/predictions"
        granted = Grant.load(batch.grant)
        assert set(granted.models) == {"mood-a", "mood-b"}
        assert (granted.key_id, granted.org_id) == (1, org.pk)
        with files.open_content(files.file_of(org_id=org.pk, file_id=batch.input_file_id)) as content:
            assert [orjson.loads(line)["input"] for line in content] == [{"text": "a" * 2500}, {"text": "b"}]
    with pytest.raises(Problem, match="invalid_state"):
        trials.start(org=org, actor=user, trial_id=made.pk, grant=grant_of(org))


def test_a_stranger_finds_nothing_and_a_viewer_runs_nothing(classifiers, account):
    user, org = account()
    made = draft(org, user)
    stranger, others = account()
    for act in (lambda: trials.trial(others, made.pk), lambda: trials.cancel(org=others, actor=stranger,
                                                                             trial_id=made.pk),
                lambda: trials.start(org=others, actor=stranger, trial_id=made.pk, grant=grant_of(others))):
        with pytest.raises(Problem, match="not_found"):
            act()
    token = accounts.invite(org=org, actor=user, email=stranger.email, role="viewer")
    accounts.accept_invitation(token=token if isinstance(token, str) else token[1], user=stranger)
    with pytest.raises(Problem, match="permission_denied"):
        trials.start(org=org, actor=stranger, trial_id=made.pk, grant=grant_of(org))


def test_a_forgotten_draft_is_gone(classifiers, account):
    user, org = account()
    made = draft(org, user)
    trials.cancel(org=org, actor=user, trial_id=made.pk)
    assert trials.trials(org) == []
