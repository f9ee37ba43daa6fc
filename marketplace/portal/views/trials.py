"""Compare on your data: upload labelled rows, see what a run costs, run it, see who is right how often for how much."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.problems import Problem
from marketplace.listings import labelled, playground, scoring, trials
from marketplace.listings import selectors as listings
from marketplace.portal import labels, shelf
from marketplace.portal.views import member

WIDE, HIGH, LEFT, TOP, RIGHT, FOOT = 720, 300, 52, 16, 24, 40  # of the picture, in its own units
SHOWN_ROWS = 50
CUT = 160  # characters of a text in a table


@dataclass(frozen=True, slots=True)
class Point:
    """A model in the picture of cost and accuracy; `low` and `high` are the ends of its whisker."""

    x: float
    y: float
    low: float
    high: float
    title: str
    best: bool
    at: tuple[float, float, str]  # of the title: x, y, text-anchor


def states() -> dict[str, str]:
    return {"draft": _("Not run yet"), "running": _("Running"), "done": _("Done"), "canceled": _("Cancelled")}


def answers() -> dict[str, str]:
    """What of an output is held against the label, by the kind of the output."""
    return {
        "label_scores": _("the label with the highest score"), "report": _("the verdict"),
        "spans": _("the kind that covers most of the text, or none"), "codes": _("the first code"),
        "ocr": _("the whole text"), "segments": _("the words in order"), "boxes": _("the number of boxes"),
        "key_values": _("the value named text, or the first one"), "ranked": _("the first entry"),
        "tokens": _("the tags in order"),
    }


def kinds() -> dict[str, str]:
    return {"text": _("Texts"), "image": _("Pictures"), "audio": _("Sounds"), "bytes": _("Files")}


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """The organization's comparisons, and the form of a new one."""
    org = member.organization(request, "jobs:read")
    words = states()
    rows = [{"trial": one, "task": labels.task(one.task), "state": words[one.state], "models": len(one.runs.all())}
            for one in trials.trials(org)]
    return _form(request, {"rows": rows, "runs": member.allowed(request, org, "predict")})


@login_required
@require_http_methods(["POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Reads the upload; nothing is called yet."""
    org = member.organization(request, "predict")
    task, _dot, kind = request.POST.get("group", "").rpartition(".")
    upload = request.FILES.get("file")
    try:
        if upload is None:
            raise Problem("validation_error", _("Choose a file with labelled rows."))
        if upload.size is None or upload.size > labelled.MAX_BYTES:
            raise Problem("payload_too_large", _("At most %(n)s MiB.") % {"n": labelled.MAX_BYTES >> 20})
        made = trials.draft(org=org, actor=request.user, task=task, kind=kind,  # type: ignore[arg-type]
                            models=request.POST.getlist("model"), filename=upload.name or "", content=upload.read())
    except Problem as problem:
        if problem.status not in (413, 422):
            raise
        return _form(request, {"rows": [], "runs": True, "problem": problem}, status=problem.status)
    return redirect("trial", trial_id=made.pk)


def _form(request: HttpRequest, more: dict[str, Any], status: int = 200) -> HttpResponse:
    """The page with the form. `?m=` chooses models, as the comparison's address does."""
    named = request.POST.getlist("model") or request.GET.getlist("m")
    groups = [{"value": f"{one.task}.{one.kind}", "title": labels.task(one.task), "kind": kinds()[one.kind],
               "packed": one.kind != "text", "cards": shelf.cards(one.listings),
               "chosen": {row.name for row in one.listings} & set(named)} for one in trials.groups()]
    groups.sort(key=lambda group: str(group["title"]))
    asked = request.POST.get("group", "")
    picked = next((one for one in groups if one["value"] == asked),
                  max(groups, key=lambda one: len(one["chosen"])) if groups else None)
    return render(request, "console/trials.html", {
        "nav": "trials", "groups": groups, "picked": picked, "max_rows": labelled.MAX_ROWS,
        "max_mb": labelled.MAX_BYTES >> 20, **more}, status=status)


@login_required
@require_GET
def trial(request: HttpRequest, trial_id: int) -> HttpResponse:
    """A draft with its price, a run with its progress, or what came of it."""
    org = member.organization(request, "jobs:read")
    found = trials.trial(org, trial_id)
    scores = trials.settle(found)
    cards = {card.name: card for card in shelf.cards(listings.by_names([one.run.name for one in scores]))}
    mine = listings.subscribed_models(org)
    rows = [{"score": one, "run": one.run, "card": cards.get(one.run.name), "subscribed": one.run.name in mine,
             "percent": round(one.progress * 100), "per_1000": one.per_1000.quantize(Decimal("0.0001")),
             "answer": answers().get(cards[one.run.name].output, "") if one.run.name in cards else ""}
            for one in scores]
    totals: dict[str, Decimal] = {}
    for one in scores:
        totals[one.run.currency] = totals.get(one.run.currency, Decimal(0)) + one.run.estimate
    context = {
        "nav": "trials", "trial": found, "task": labels.task(found.task), "state": states()[found.state], "rows": rows,
        "count": len(found.labels), "labels": sorted(set(found.labels))[:40],
        "totals": [(minor, currency) for currency, minor in totals.items()],
        "runs": member.allowed(request, org, "predict"), "done": found.state in ("done", "canceled"),
        "ready": sum(1 for one in scores if one.run.ended), "picture": picture(scores, cards),
        "disagreements": _disagreements(found, scores) if found.state in ("done", "canceled") else [],
    }
    if not request.headers.get("HX-Request"):
        return render(request, "console/trial.html", context)
    if found.state == "running":
        return render(request, "console/_trial_runs.html", context)
    return HttpResponse(headers={"HX-Refresh": "true"})  # the whole page says that it ended


@login_required
@require_POST
def change(request: HttpRequest, trial_id: int, action: str) -> HttpResponse:
    """Runs a draft, ends a run, or forgets a draft."""
    org = member.organization(request, "predict")
    if action == "run":
        trials.start(org=org, actor=request.user, trial_id=trial_id,  # type: ignore[arg-type]
                     grant=playground.grant(request))
        return redirect("trial", trial_id=trial_id)
    if action != "cancel":
        raise Problem("not_found")
    was = trials.trial(org, trial_id).state
    trials.cancel(org=org, actor=request.user, trial_id=trial_id)  # type: ignore[arg-type]
    if was == "draft":
        messages.success(request, _("The upload was forgotten. Nothing was called."))
        return redirect("trials")
    messages.success(request, _("The run was told to stop."))
    return redirect("trial", trial_id=trial_id)


def picture(scores: list[trials.Score], cards: dict[str, shelf.Card]) -> dict[str, Any] | None:
    """Cost against accuracy: each model a point with its interval, those that nothing beats on one line."""
    told = [one for one in scores if one.run.answered and one.run.ended]
    if len({one.run.currency for one in told}) != 1:
        return None
    most = max(one.per_1000 for one in told) or Decimal(1)
    step = Decimal(10) ** most.adjusted()
    top = next(edge for edge in (step, step * 2, step * 5, step * 10) if edge >= most)

    def down(share: float) -> float:
        return round(TOP + (1 - share) * (HIGH - TOP - FOOT), 1)

    def across(cost: Decimal) -> float:
        return round(LEFT + float(cost / top) * (WIDE - LEFT - RIGHT), 1)

    points: list[Point] = []
    places = [(across(one.per_1000), down(one.accuracy)) for one in told]
    taken = [(x - 8, y - 8, x + 8, y + 8) for x, y in places]
    for one, (x, y) in zip(told, places, strict=True):
        title = one.run.name
        title = cards[title].title if title in cards else title
        points.append(Point(x, y, down(one.low), down(one.high), title, one.best, _place(x, y, title, taken)))
    line = sorted((point.x, point.y) for point in points if point.best)
    return {
        "width": WIDE, "height": HIGH, "left": LEFT, "right": WIDE - RIGHT, "foot": HIGH - FOOT, "points": points,
        "line": " ".join(f"{x},{y}" for x, y in line), "currency": told[0].run.currency,
        "grid": [{"y": down(share), "value": round(share * 100)} for share in (0, .25, .5, .75, 1)],
        "ticks": [{"x": across(top * part / 4), "value": top * part / 4} for part in range(5)],
    }


def _place(x: float, y: float, title: str, taken: list[tuple[float, float, float, float]]) -> tuple[float, float, str]:
    """Where a point's title fits: beside it, or a line or more above or below, clear of points and other titles."""
    long = sum(12.5 if ord(letter) > 0x2E80 else 6.8 for letter in title)
    for dy in (4, -12, 20, -28, 36, -44):
        for dx, anchor in ((10, "start"), (-10, "end")):
            left = x + dx if anchor == "start" else x + dx - long
            box = (left - 4, y + dy - 11, left + long + 4, y + dy + 3)
            if left < LEFT or box[2] > WIDE:
                continue
            if not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
                taken.append(box)
                return x + dx, y + dy, anchor
    return x, y - 12, "middle"


def _disagreements(found: Any, scores: list[trials.Score]) -> list[dict[str, Any]]:
    """The first rows that some model got wrong, with what each said."""
    rows = []
    for place, label in enumerate(found.labels):
        said = [one.run.answers[place] if place < len(one.run.answers) else None for one in scores]
        right = [text is not None and scoring.plain(text) == scoring.plain(label) for text in said]
        if not all(right):
            rows.append({"number": place + 1, "label": label[:CUT], "said": [
                (None if text is None else text[:CUT] or "—", fits) for text, fits in zip(said, right, strict=True)]})
            if len(rows) == SHOWN_ROWS:
                break
    return rows
