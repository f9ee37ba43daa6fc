"""Section 10: one key, one run, one bill."""

from __future__ import annotations

from typing import Any

import httpx

from tessera_conformance.registry import check, need, same
from tessera_conformance.target import Target
from tessera_conformance.tensors import json_request


def _keyed(t: Target, key: str, **more: Any) -> httpx.Response:
    return t.call("POST", t.predictions_path, body={"input": t.text_input, **more}, headers={"Idempotency-Key": key})


@check("idempotency.replay", "10.1")
def replay(t: Target) -> None:
    """The same Idempotency-Key and body get the same answer, marked Idempotent-Replayed: true."""
    key = t.fresh()
    first, again = _keyed(t, key), _keyed(t, key)
    same((first.status_code, again.status_code), (200, 200), "the statuses")
    need("idempotent-replayed" not in first.headers, "the first answer says that it is a replay")
    same(again.headers.get("idempotent-replayed"), "true", "Idempotent-Replayed")
    same(again.content, first.content, "the second answer")


@check("idempotency.reuse", "10.1")
def reuse(t: Target) -> None:
    """The same key with another body is 422 idempotency_key_reused."""
    key = t.fresh()
    same(_keyed(t, key).status_code, 200, "the first status")
    t.refuses(_keyed(t, key, metadata={"another": "body"}), 422, "idempotency_key_reused", "native")


@check("idempotency.oip", "10.1")
def oip(t: Target) -> None:
    """The tensor dialect keeps the same promise."""
    headers = {"Idempotency-Key": t.fresh()}
    first, again = (t.good("POST", t.infer_path, body=json_request(t.inputs), headers=headers) for _ in range(2))
    same(again.headers.get("idempotent-replayed"), "true", "Idempotent-Replayed")
    same(again.content, first.content, "the second answer")


@check("idempotency.management", "10.1")
def management(t: Target) -> None:
    """So does a POST that runs no model: an upload that is begun twice is one."""
    body, headers = {"filename": "kit.bin", "bytes": 9}, {"Idempotency-Key": t.fresh()}
    first, again = (t.allowed("files", "POST", "/api/v1/uploads", status=201, body=body, headers=headers)
                    for _ in range(2))
    t.call("POST", f"/api/v1/uploads/{first.json()['id']}/cancel")
    same(again.headers.get("idempotent-replayed"), "true", "Idempotent-Replayed")
    same(again.json()["id"], first.json()["id"], "the upload")


@check("idempotency.scope", "10.2")
def scope(t: Target) -> None:
    """Different keys, and the same key on another path, are calls of their own."""
    key = t.fresh()
    ids = {_keyed(t, key).json()["id"], _keyed(t, t.fresh()).json()["id"]}
    same(len(ids), 2, "the number of predictions")
    path = f"/v2/models/{t.text_name}/generate"
    other = t.good("POST", path, body={"input": t.text_input}, headers={"Idempotency-Key": key})
    need("idempotent-replayed" not in other.headers, "another path replays")


@check("idempotency.too-long", "10.2")
def too_long(t: Target) -> None:
    """A key of more than 255 characters is 400 invalid_request."""
    t.refuses(_keyed(t, "x" * 256), 400, "invalid_request", "native")
