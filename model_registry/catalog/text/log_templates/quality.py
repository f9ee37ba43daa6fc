"""Logs written from known templates: are its groups those templates?"""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure

TEMPLATES = ("Accepted password for {user} from {ip} port {n}", "Failed password for {user} from {ip} port {n}",
             "Connection closed by {ip}", "session opened for user {user} by uid={n}",
             "Received block blk_{n} of size {n} from {ip}", "Deleting block blk_{n} file /data/{n}",
             "PacketResponder {n} for block blk_{n} terminating", "Disk /dev/sd{n} is {n} percent full",
             "Worker {n} started in {n} ms", "GET /api/v1/models/{n} returned 200 in {n} ms")
USERS = ("alice", "bob", "root", "admin", "carol", "backup")


def measure(ask: Ask) -> list[Measure]:
    random, lines, truth = np.random.default_rng(0), [], []
    for _ in range(1500):
        kind = int(random.integers(len(TEMPLATES)))
        line = TEMPLATES[kind]
        while "{n}" in line:
            line = line.replace("{n}", str(random.integers(1, 99_999)), 1)
        lines.append(line.replace("{ip}", f"10.0.{random.integers(256)}.{random.integers(256)}").replace(
            "{user}", USERS[int(random.integers(len(USERS)))]))
        truth.append(kind)
    rows = ask(lines=lines).output["rows"]
    counts = sorted(row["count"] for row in rows)
    kinds = [truth[row["first"]] for row in rows]
    exact = sum(row["count"] == truth.count(kind) and kinds.count(kind) == 1
                for row, kind in zip(rows, kinds, strict=True))
    return [Measure("templates found exactly", 100 * exact / len(TEMPLATES), "%", at_least=90,
                    data="1,500 lines from ten templates with users, addresses and numbers",
                    method="same lines in the group, by count"),
            Measure("groups", len(counts), "of 10", data="the same", at_most=12)]
