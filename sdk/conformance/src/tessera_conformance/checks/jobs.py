"""Section 12: asynchronous predictions."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tessera_conformance.registry import check, member, need, same
from tessera_conformance.target import Target
from tessera_conformance.tensors import alike

ENDED = ("succeeded", "failed", "canceled")


def submit(t: Target, **more: Any) -> httpx.Response:
    """The text model on its example, as a job."""
    headers = {"Prefer": "respond-async", **more.pop("headers", {})}
    return t.good("POST", t.predictions_path, status=202, body={"input": t.text_input, **more}, headers=headers)


def ended(t: Target, job: dict[str, Any]) -> dict[str, Any]:
    """The job when it has ended."""
    def look() -> dict[str, Any] | None:
        seen: dict[str, Any] = t.document("GET", f"/api/v1/predictions/{job['id']}")
        return seen if seen["status"] in ENDED else None
    found: dict[str, Any] = t.until(look, "the end of the job", 60)
    return found


@check("jobs.submit", "12.1")
def submitted(t: Target) -> None:
    """Prefer: respond-async is answered 202 with Location, Retry-After, Preference-Applied and a queued Prediction."""
    answer = submit(t)
    job = answer.json()
    need(job["status"] in ("queued", "starting", "processing"), f"`status` is {job['status']!r}")
    need(answer.headers.get("location", "").endswith(f"/api/v1/predictions/{job['id']}"), "Location leads elsewhere")
    need(answer.headers.get("retry-after", "").isdigit(), "Retry-After is missing")
    same(answer.headers.get("preference-applied"), "respond-async", "Preference-Applied")
    need({"get", "cancel", "events"} <= member(job, "urls", dict).keys(), "`urls` lacks get, cancel or events")


@check("jobs.result", "12.2")
def result(t: Target) -> None:
    """A job ends as succeeded with the output and the cost of the same call made at once."""
    done, at_once = ended(t, submit(t).json()), t.predict().json()
    same(done["status"], "succeeded", "`status`")
    need(alike(done["output"], at_once["output"], 1e-5), "another output than at once")
    same(done["usage"]["cost"], at_once["usage"]["cost"], "the cost")


@check("jobs.wait", "12.1")
def wait(t: Target) -> None:
    """Prefer: wait=n gets the answer itself where it comes within n seconds."""
    same(t.predict(headers={"Prefer": "wait=30"}).json()["status"], "succeeded", "`status`")


@check("jobs.events", "12.3")
def events(t: Target) -> None:
    """…/events tells the steps as server-sent events with ids, and the prediction itself as the last one."""
    job = submit(t).json()
    seen: list[tuple[str, str, Any]] = []
    with t.http.stream("GET", f"/api/v1/predictions/{job['id']}/events", timeout=30,
                       headers={"X-API-Key": t.key, "Accept": "text/event-stream"}) as stream:
        same(stream.status_code, 200, "the status")
        event: dict[str, str] = {}
        for line in stream.iter_lines():
            name, _, value = line.partition(":")
            if line:
                event[name] = value.strip()
            elif "data" in event:
                seen.append((event.get("id", ""), event.get("event", ""), json.loads(event["data"])))
                event = {}
                if seen[-1][1] == "prediction":
                    break
    need(seen and seen[-1][1] == "prediction", f"the events are {[kind for _, kind, _ in seen]}")
    same(seen[-1][2]["status"], "succeeded", "the last status")
    need(all(number for number, _, _ in seen[:-1]), "an event has no id")


@check("jobs.list", "12.4")
def listed(t: Target) -> None:
    """GET /api/v1/predictions lists the job."""
    job = submit(t).json()
    rows = t.document("GET", "/api/v1/predictions", params={"limit": 50})["data"]
    need(job["id"] in {row["id"] for row in rows}, "it is not listed")


@check("jobs.cancel", "12.5")
def cancel(t: Target) -> None:
    """…/cancel on a job that has ended leaves it as it ended."""
    done = ended(t, submit(t).json())
    answer = t.call("POST", f"/api/v1/predictions/{done['id']}/cancel")
    need(answer.status_code in (200, 409), f"the status is {answer.status_code}")
    same(ended(t, done)["status"], done["status"], "the status after it")


@check("jobs.idempotent", "12.1")
def idempotent(t: Target) -> None:
    """The same Idempotency-Key makes one job."""
    headers = {"Idempotency-Key": t.fresh()}
    ids = {submit(t, headers=dict(headers)).json()["id"] for _ in range(3)}
    same(len(ids), 1, "the number of jobs")


@check("jobs.stranger", "12.4")
def stranger(t: Target) -> None:
    """An id that is not the caller's is 404 not_found."""
    t.refuses(t.call("GET", "/api/v1/predictions/pred_" + "0" * 32), 404, "not_found", "native")
