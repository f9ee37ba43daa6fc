"""The stock `openai` client, in an environment of its own, against the running product."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.client_environments import python_with
from tests.flows.conftest import SAMPLES, Customer, csrf

pytestmark = pytest.mark.stack


def test_every_call_of_the_stock_client(customer: Customer, demo: dict[str, str]) -> None:
    for model in ("text-embed", "pii-redact", "speech-recognise-en"):
        customer.subscribe(model)
    made = customer.session.post("/api/v1/api-keys", headers=csrf(customer.session), json={
        "name": "openai", "mode": "live", "scopes": ["predict", "files"]})
    assert made.status_code == 201, made.text
    sound = SAMPLES / "audio-cards.flac"
    script = Path(__file__).with_name("openai_calls.py")
    done = subprocess.run([python_with("openai"), script, demo["url"], made.json()["secret"], sound], text=True,
                          capture_output=True, timeout=150)
    assert done.returncode == 0, done.stderr[-3000:]
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert seen["models"] == ["pii-redact", "speech-recognise-en", "text-embed"]
    assert seen["model"] == "tessera"
    assert [size for size, _ in seen["embeddings"]] == [384, 384]
    assert [norm for _, norm in seen["embeddings"]] == pytest.approx([1, 1], abs=1e-3)
    assert seen["same"] < 1e-6
    assert seen["concurrent"] < 1e-6
    assert seen["heard"][0] == seen["heard"][1]
    assert seen["heard"][0] == "eight of spades four of clubs seven of hearts"
    assert seen["headers"]["x-request-id"]
    assert int(seen["headers"]["x-ratelimit-remaining-requests"]) < int(seen["headers"]["x-ratelimit-limit-requests"])
    assert seen["headers"]["x-ratelimit-reset-requests"].endswith("s")
    assert seen["moderations"] == [[True, {"pii": True, "pii/email": True}], [False, {"pii": False}]]
    assert seen["errors"] == {
        "unknown model": ["NotFoundError", 404, "model_not_found"],
        "chat": ["NotFoundError", 404, "model_not_found"],
        "bad key": ["AuthenticationError", 401, "invalid_api_key"],
        "not an embedder": ["BadRequestError", 400, "invalid_request"],
        "speech": ["NotFoundError", 404, "model_not_found"],
        "transcription": ["NotFoundError", 404, "model_not_found"],
        "no file": ["NotFoundError", 404, "not_found"],
        "purpose": ["UnprocessableEntityError", 422, "validation_error"],
    }
    assert seen["file"][1:] == ["batch", "in.jsonl", True]
    assert seen["listed"] is True
    assert seen["batch"] == ["completed", [6, 5, 1], {"order": "7"}]
    assert seen["output"] == [[f"line-{number}", 200, 384] for number in (0, 1, 2, 4, 5)]
    assert seen["batch errors"] == [["line-3", 404, "model_not_found"]]
    assert seen["batches"] is True
    assert (seen["cancel"], seen["canceled"]) == ("cancelling", "cancelled")
    assert seen["deleted"] is True
    usage = customer.usage()
    # seven embedding calls, one that was refused, five lines of the batch; two moderated texts; a sound, heard twice
    assert {model: usage[model]["events"] for model in usage} == {
        "text-embed": 12, "pii-redact": 2, "speech-recognise-en": 2}
