"""Two versions compared by what came of their answers: outcomes are recorded later and tested for significance."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, Sum

from kernel import clock, ids
from kernel.problems import FieldError, Problem
from model_registry import selectors, significance
from model_registry.access import Caller
from model_registry.models import Model, Outcome

ALPHA = 0.05
AnsweredBy = Callable[[UUID], tuple[str, int] | None]  # the id of a billed answer → its model and version

_answered_by: list[AnsweredBy] = []


def use_answers(source: AnsweredBy) -> None:
    """config/wiring.py hands it over."""
    _answered_by[:] = [source]


def record(*, caller: Caller, name: str, outcomes: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Keeps what came of answers: of a prediction by its id (then its version is known), or of a subject of the
    provider's own that a version answered. One outcome a metric and subject; a repeat changes nothing.

    Raises validation_error with every fault; then nothing is kept."""
    model = selectors.own_model(name, org_id=caller.org_id)
    known = set(selectors.versions(model).values_list("number", flat=True))
    faults: list[FieldError] = []
    rows = []
    for i, said in enumerate(outcomes):
        version, subject = said.get("version"), said.get("subject") or ""
        if said.get("prediction"):
            subject, version = said["prediction"], _version_of(model, said["prediction"])
            if version is None:
                faults.append(FieldError(f"/outcomes/{i}/prediction", "no answer of this model has this id",
                                         "not_found"))
        elif version not in known:
            faults.append(FieldError(f"/outcomes/{i}/version", "no such version", "version_not_found"))
        elif not subject:
            faults.append(FieldError(f"/outcomes/{i}/subject", "name a prediction, or a version and a subject",
                                     "required"))
        if not math.isfinite(said["value"]):
            faults.append(FieldError(f"/outcomes/{i}/value", "must be finite"))
        rows.append(Outcome(model=model, version=version or 0, metric=said["metric"], value=said["value"],
                            subject=subject, at=said.get("at") or clock.now()))
    if faults:
        raise Problem("validation_error", "these outcomes can't be kept", errors=faults)
    before = Outcome.objects.filter(model=model).count()
    Outcome.objects.bulk_create(rows, ignore_conflicts=True)
    kept = Outcome.objects.filter(model=model).count() - before
    return {"recorded": kept, "repeated": len(rows) - kept}


def _version_of(model: Model, prediction: str) -> int | None:
    """The version behind a prediction's id or a receipt's."""
    event = ids.unprefixed("pred", prediction)
    if event is None:
        try:
            event = UUID(prediction)
        except ValueError:
            return None
    if not _answered_by:
        raise RuntimeError("nobody knows of answers: config/wiring.py calls use_answers")
    found = _answered_by[0](event)
    return found[1] if found is not None and found[0] == model.name else None


def report(model: Model, *, metric: str = "", since: datetime | None = None) -> dict[str, Any]:
    """How the versions did by a metric since a moment (unless told: the latest change of traffic), each against the
    first version with weight; in two statements."""
    changed = selectors.traffic_changes(model).first()
    begin = since or (changed.at if changed is not None else model.created_at)
    found = Outcome.objects.filter(model=model, at__gte=begin)
    metrics = sorted(set(found.values_list("metric", flat=True)))
    chosen = metric or (metrics[0] if metrics else "")
    rows = {row["version"]: row for row in found.filter(metric=chosen).values("version").annotate(
        count=Count("pk"), total=Sum("value"), squares=Sum(F("value") * F("value")),
        odd=Count("pk", filter=~Q(value__in=(0.0, 1.0))))}
    binary = bool(rows) and not any(row["odd"] for row in rows.values())
    targets = {t["version"]: t for t in model.traffic if t["weight"]}
    order = [*targets, *sorted(set(rows) - set(targets))]
    samples = {number: significance.Sample(row["count"], row["total"], row["squares"]) if (row := rows.get(number))
               else significance.Sample(0, 0.0, 0.0) for number in order}
    control, tests = (order[0] if order else None), max(len(order) - 1, 1)
    variants = []
    for number in order:
        sample, target = samples[number], targets.get(number, {})
        shown: dict[str, Any] = {
            "version": number, "label": target.get("label", ""), "weight": target.get("weight", 0),
            "outcomes": sample.count, "mean": sample.mean if sample.count else None,
            "deviation": math.sqrt(sample.variance) if sample.count > 1 else None,
            "effect": None, "interval": None, "p_value": None, "method": None, "significant": None}
        if control is not None and number != control:
            seen = significance.compare(samples[control], sample, binary=binary)
            shown |= {"effect": seen.effect if sample.count and samples[control].count else None,
                      "interval": list(seen.interval) if seen.interval else None, "p_value": seen.p_value,
                      "method": seen.method,
                      "significant": None if seen.p_value is None else seen.p_value < ALPHA / tests}
        variants.append(shown)
    return {"model": model.name, "metric": chosen, "metrics": metrics, "binary": binary, "since": begin,
            "control": control, "alpha": ALPHA / tests, "variants": variants}
