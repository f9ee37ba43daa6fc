"""Faults of many kinds among usual lines of a web service."""

from __future__ import annotations

import random

from sklearn.metrics import roc_auc_score

from model_registry.catalog_kit.quality import Ask, Measure

USUAL = [
    "user {n} logged in from 10.0.0.{n}",
    "cache hit for key {n}",
    "request GET /home took {n} ms",
    "job {n} finished in {n} s",
    "request POST /orders took {n} ms",
    "heartbeat ok from node-{n}",
    "session {n} expired",
    "sent mail {n} to queue",
]
ODD = [
    "kernel panic: out of memory in pid {n}",
    "disk /dev/sda1 is 99% full",
    "connection to database refused after {n} tries",
    "certificate expires in {n} hours",
    "request GET /home failed with status 500",
    "user {n} failed to log in: bad password",
    "stack overflow at 0x{n}ff",
    "job {n} aborted: checksum mismatch",
    "unauthorised access to /etc/shadow",
    "replica {n} is out of sync",
]


def measure(ask: Ask) -> list[Measure]:
    rng = random.Random(0)

    def line(shape: str) -> str:
        return shape.format(n=rng.randint(1, 9999))

    normal = [line(rng.choice(USUAL)) for _ in range(800)]
    usual, odd = [line(rng.choice(USUAL)) for _ in range(200)], [line(s) for s in ODD]
    out = ask(normal=normal, lines=usual + odd, parameters={"top": 2000}).output["rows"]
    score = {r["index"]: r["score"] for r in out}
    auc = roc_auc_score([0] * 200 + [1] * 10, [score[i] for i in range(210)])
    return [Measure("ROC AUC", float(auc), "", data="10 faults among 200 usual lines", at_least=0.98)]
