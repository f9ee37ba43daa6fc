"""Comparing models on an organization's own data: read, priced, run as batches through the one path, scored.

    draft ──▶ running ──▶ done
                 └──────▶ canceled

A trial calls nothing itself: each model gets a batch of the jobs package, whose lines are authorised, metered and
billed like any other call of the organization. Nothing is called before its owner has seen what it costs.
"""

from __future__ import annotations

import base64
import io
import math
import wave
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from django.db import transaction

from billing.services import open_account
from inference_backend.jobs import batches, files
from kernel import clock
from kernel.contracts import Grant
from kernel.money import EXPONENTS
from kernel.problems import FieldError, Problem
from marketplace.accounts.audit import Actor, record
from marketplace.accounts.selectors import Organization, authorize
from marketplace.listings import labelled, scoring, selectors
from marketplace.listings.labelled import Row
from marketplace.listings.models import Listing, Trial, TrialRun
from model_registry import selectors as registry

KINDS = ("text", "image", "audio", "bytes")
AT_ONCE = range(2, 6)  # models of a trial
LIFETIME_S = 30 * 86_400  # of what was uploaded
SESSION = "playground:trial"  # the grant of a person's session, not of a key that could be revoked meanwhile
ENDED = {"completed", "failed", "canceled", "expired"}
SOUND_BYTES = 16_000  # a second of packed sound, where the file doesn't say how long it is


@dataclass(frozen=True, slots=True)
class Group:
    """Models that can be held against each other: one task, one kind of input."""

    task: str
    kind: str
    listings: tuple[Listing, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """A run as its page shows it. Money in minor units; shares 0 to 1."""

    run: TrialRun
    progress: float
    accuracy: float
    low: float
    high: float
    per_1000: Decimal
    best: bool  # on the frontier of cost and accuracy
    reason: str


def groups() -> list[Group]:
    """What can be compared today: every task of the shelf with two models or more that take the same kind of input."""
    found: dict[tuple[str, str], list[Listing]] = defaultdict(list)
    shelf = selectors.on_shelf().filter(model__state="active").select_related("model").defer("model__example")
    for row in shelf.order_by("name"):
        for kind in KINDS:
            if row.model.manifest.get("output") in scoring.ANSWERS and fields_for(row.model.manifest, kind):
                found[row.model.task, kind].append(row)
    return [Group(task, kind, tuple(rows)) for (task, kind), rows in sorted(found.items()) if len(rows) > 1]


def fields_for(manifest: Mapping[str, Any], kind: str) -> tuple[str, str] | None:
    """The input field that takes one value of this kind, and the one that takes the labels to choose from (or "").

    None where the model needs more than that.
    """
    given: Mapping[str, Any] = manifest.get("input") or {}
    field = next((name for name, spec in given.items() if spec["kind"] == kind), None)
    needed = {name for name, spec in given.items() if not spec.get("optional") and spec.get("default") is None}
    labels = "labels" if given.get("labels", {}).get("kind") == "texts" else ""
    return (field, labels) if field and needed <= {field, labels} else None


def trials(org: Organization) -> list[Trial]:
    """The newest hundred, with their runs."""
    return list(Trial.objects.filter(organization=org).prefetch_related("runs")[:100])


def trial(org: Organization, trial_id: int) -> Trial:
    """A trial of this organization. Raises Problem not_found."""
    found = Trial.objects.filter(organization=org, pk=trial_id).first()
    if found is None:
        raise Problem("not_found", "no such comparison")
    return found


def draft(*, org: Organization, actor: Actor, task: str, kind: str, models: Sequence[str], filename: str,
          content: bytes) -> Trial:
    """Reads labelled data and prices a run of each model over it. Nothing is called.

    Raises Problem validation_error, payload_too_large, permission_denied.
    """
    authorize(org, actor, "predict")
    group = next((one for one in groups() if (one.task, one.kind) == (task, kind)), None)
    chosen = [row for row in group.listings if row.name in models] if group else []
    if len(chosen) not in AT_ONCE:
        detail = f"choose {AT_ONCE.start} to {AT_ONCE.stop - 1} models of one task"
        raise Problem("validation_error", detail, errors=[FieldError("/models", detail)])
    _refuse_gated(org, (row.name for row in chosen))
    rows = labelled.read(filename, content, kind)
    prices = registry.current_prices()
    with transaction.atomic():
        stored = files.create(
            org_id=org.pk, filename=(filename or "rows")[-200:], content_type="application/jsonl", internal=True,
            purpose="trial", lifetime_s=LIFETIME_S,
            chunks=(orjson.dumps({"value": row.value, "label": row.label}) + b"\n" for row in rows))
        made = Trial.objects.create(organization=org, task=task, kind=kind, filename=stored.filename,
                                    rows_file=stored.pk, labels=[row.label for row in rows])
        for position, row in enumerate(chosen):
            price = prices.get(row.name)
            units = sum(units_of(one, kind, price.unit if price else "call") for one in rows)
            TrialRun.objects.create(trial=made, name=row.name, position=position, units=units,
                                    estimate=units * price.amount if price else Decimal(0),
                                    currency=price.currency if price else "USD")
    return made


def units_of(row: Row, kind: str, unit: str) -> int:
    """The units of work that one row will be billed as, as near as can be told before it runs."""
    if unit == "1k_chars" and kind == "text":
        return max(1, math.ceil(len(row.value) / 1000))
    if unit == "second" and kind == "audio":
        sound = base64.b64decode(row.value)
        try:
            with wave.open(io.BytesIO(sound)) as file:
                return max(1, math.ceil(file.getnframes() / file.getframerate()))
        except (wave.Error, EOFError, ZeroDivisionError):
            return max(1, math.ceil(len(sound) / SOUND_BYTES))
    return 1


def start(*, org: Organization, actor: Actor, trial_id: int, grant: Grant) -> Trial:
    """Runs a draft under a person's grant. Models that the organization isn't subscribed to run, too: whoever starts
    must be allowed to subscribe then. Raises Problem invalid_state, permission_denied, not_found.
    """
    authorize(org, actor, "predict")
    with transaction.atomic():
        found = Trial.objects.select_for_update().filter(organization=org, pk=trial_id).first()
        if found is None:
            raise Problem("not_found", "no such comparison")
        if found.state != Trial.State.DRAFT:
            raise Problem("invalid_state", f"this comparison is {found.state}")
        runs = list(found.runs.all())
        names = tuple(run.name for run in runs)
        if not set(names) <= set(grant.models):
            authorize(org, actor, "subscriptions:manage")
        _refuse_gated(org, names)
        open_account(org_id=org.pk)
        session = replace(grant, key_hash=f"{SESSION}:{found.pk}", models=tuple({*grant.models, *names}))
        rows = list(_rows(found))
        for run in runs:
            model = selectors.listing(run.name).model
            line = files.create(org_id=org.pk, filename=f"trial-{found.pk}-{run.name}.jsonl", purpose="batch",
                                content_type="application/jsonl", lifetime_s=LIFETIME_S,
                                chunks=_lines(rows, found, model.manifest))
            batch, _ = batches.create(grant=session, endpoint=f"/api/v1/models/{run.name}/predictions",
                                      input_file_id=line.pk, metadata={"trial": found.pk})
            run.batch_id = batch.pk
            run.save(update_fields=["batch_id"])
        found.state = Trial.State.RUNNING
        found.save(update_fields=["state"])
        record(org=org, actor=actor, action="trial.started", target=f"trial:{found.pk}",
               after={"models": list(names), "rows": len(rows)})
    return found


def _refuse_gated(org: Organization, names: Iterable[str]) -> None:
    """A comparison is no way around a provider's approval."""
    mine = selectors.subscribed_models(org)
    for name in names:
        if name not in mine and selectors.needs_approval(org, selectors.listing(name).model):
            raise Problem("approval_required", f"the provider of {name} decides who may call it: ask for access",
                          model=name)


def cancel(*, org: Organization, actor: Actor, trial_id: int) -> None:
    """Ends a running trial: what was called stays on the bill. A draft is forgotten."""
    authorize(org, actor, "predict")
    found = trial(org, trial_id)
    if found.state == Trial.State.DRAFT:
        found.delete()
        return
    for run in found.runs.filter(ended=False).exclude(batch_id=None):
        try:
            batches.cancel(org_id=org.pk, batch_id=run.batch_id)
        except Problem as problem:
            if problem.code != "invalid_state":  # it has just ended
                raise


def settle(found: Trial) -> list[Score]:
    """The runs with their figures so far; those that have ended since are scored and kept."""
    runs = list(found.runs.all())
    if found.state == Trial.State.RUNNING:
        open_runs = [run for run in runs if not run.ended]
        states = {run.pk: batches.batch_of(org_id=found.organization_id, batch_id=run.batch_id) for run in open_runs}
        for run in open_runs:
            if states[run.pk].status in ENDED:
                _score(found, run, states[run.pk])
        if all(run.ended for run in runs):
            canceled = any(batch.status == "canceled" for batch in states.values())
            found.state = Trial.State.CANCELED if canceled else Trial.State.DONE
            found.ended_at = clock.now()
            found.save(update_fields=["state", "ended_at"])
        progress = {pk: (batch.succeeded + batch.failed) / batch.total if batch.total else 0.0
                    for pk, batch in states.items()}
    else:
        progress = {}
    told = [run for run in runs if run.ended and run.answered]
    best = scoring.frontier([(_per_1000(run), run.correct / len(found.labels)) for run in told])
    front = {told[place].pk for place in best}
    scores = []
    for run in runs:
        low, high = scoring.wilson(run.correct, len(found.labels)) if run.ended else (0.0, 1.0)
        scores.append(Score(run, 1.0 if run.ended else progress.get(run.pk, 0.0), run.correct / len(found.labels), low,
                            high, _per_1000(run), run.pk in front, run.reason))
    return scores


def _per_1000(run: TrialRun) -> Decimal:
    return run.cost / run.answered * 1000 if run.answered else Decimal(0)


def _rows(found: Trial) -> Iterator[Row]:
    with files.open_content(files.file_of(org_id=found.organization_id, file_id=found.rows_file)) as content:
        for line in content:
            row = orjson.loads(line)
            yield Row(row["value"], row["label"])


def _lines(rows: Sequence[Row], found: Trial, manifest: Mapping[str, Any]) -> Iterator[bytes]:
    """One call a row; custom_id is the row's place."""
    fields = fields_for(manifest, found.kind)
    if fields is None:
        raise Problem("invalid_state", "a model of this comparison takes another input by now")
    field, labels = fields
    choice = {labels: sorted(set(found.labels))} if labels else {}
    for place, row in enumerate(rows):
        yield orjson.dumps({"custom_id": str(place), "input": {field: row.value, **choice}}) + b"\n"


def _score(found: Trial, run: TrialRun, batch: Any) -> None:
    """Reads a batch's answers and keeps what they come to. A row without an answer counts as wrong."""
    kind = str(selectors.listing(run.name).model.manifest.get("output"))
    answers: list[str | None] = [None] * len(found.labels)
    times, cost = [], Decimal(0)
    for line in _read(found, batch.output_file_id):
        body = line["response"]["body"]
        answers[int(line["custom_id"])] = scoring.answer(kind, body["output"])[:500]
        usage = body["usage"]
        cost += Decimal(str(usage["cost"])).scaleb(EXPONENTS[usage["currency"]])
        began, ended = (datetime.fromisoformat(body[name]) for name in ("created_at", "completed_at"))
        times.append((ended - began).total_seconds() * 1000)
    pairs = zip(answers, found.labels, strict=True)
    run.correct = sum(said is not None and scoring.plain(said) == scoring.plain(label) for said, label in pairs)
    run.answered, run.answers, run.cost = len(times), answers, cost
    run.p50_ms, run.p95_ms = scoring.nearest_rank(times, .5), scoring.nearest_rank(times, .95)
    run.reason = _reason(found, batch)
    run.ended = True
    run.save()


def _reason(found: Trial, batch: Any) -> str:
    if batch.errors:
        return str(batch.errors[0]["message"])
    for line in _read(found, batch.error_file_id):
        body = (line.get("response") or {}).get("body") or line.get("error") or {}
        return str(body.get("detail") or body.get("message") or "")
    return ""


def _read(found: Trial, file_id: Any) -> Iterator[dict[str, Any]]:
    if file_id is None:
        return
    with files.open_content(files.file_of(org_id=found.organization_id, file_id=file_id)) as content:
        for line in content:
            yield orjson.loads(line)
