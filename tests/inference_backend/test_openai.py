"""The OpenAI dialect on doubles: what runs, what is refused before it costs, and the shapes of both."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from doubles import Bench, faces, grant, route
from test_gateway import Answer, call

from kernel.contracts import Price, Route


def entry(model: str, task: str, kinds: dict[str, Any], **changes: Any) -> Route:
    return route(model, task=task, runtime="host", host="host-text", input_kinds=kinds,
                 price=Price("call", faces().price.amount, "USD", 1), **changes)


ROUTES = [
    entry("embed", "text-embedding", {"texts": {"kind": "texts"}}),
    entry("pii", "pii-detection", {"text": {"kind": "text"}}),
    entry("words", "text-analysis", {"text": {"kind": "text"}}),
    entry("hear", "speech-recognition", {"audio": {"kind": "audio"}},
          parameters={"language": {"kind": "choice", "choices": ["en"], "default": "en"}}),
    entry("speak", "speech-synthesis", {"text": {"kind": "text"}},
          parameters={"voice": {"kind": "choice", "choices": ["low", "high"], "default": "low"}}),
]


def bench(answer: dict[str, Any], *, models: tuple[str, ...] = ("embed", "pii", "words", "hear", "speak")) -> Bench:
    made = Bench(grants=[grant(models=models)], routes=ROUTES)
    made.triton.answer = {"units": {}, **answer}
    return made


async def post(made: Bench, path: str, body: Any, **headers: str) -> Answer:
    answer = await call(made, "POST", f"/v1/{path}", body, **headers)
    assert answer is not None
    return answer


def form(**parts: Any) -> bytes:
    chunks = []
    for name, value in parts.items():
        head = f'--B\r\nContent-Disposition: form-data; name="{name}"'
        if isinstance(value, bytes):
            head += '; filename="a.wav"\r\nContent-Type: audio/wav'
        chunks.append(head.encode() + b"\r\n\r\n" + (value if isinstance(value, bytes) else value.encode()) + b"\r\n")
    return b"".join(chunks) + b"--B--\r\n"


MULTIPART = {"content_type": "multipart/form-data; boundary=B"}


async def test_embeddings_as_floats_and_as_base64() -> None:
    made = bench({"output": {"embeddings": [[0.5, -1.0], [0.25, 2.0]]}})
    floats = await post(made, "embeddings", {"model": "embed", "input": ["a b", "c"]})
    assert [item["embedding"] for item in floats.json["data"]] == [[0.5, -1.0], [0.25, 2.0]]
    assert floats.json["usage"] == {"prompt_tokens": 3, "total_tokens": 3}
    assert floats.headers["x-ratelimit-limit-requests"] == "60"
    packed = await post(made, "embeddings", {"model": "embed", "input": "a", "encoding_format": "base64"})
    assert np.frombuffer(base64.b64decode(packed.json["data"][0]["embedding"]), "<f4").tolist() == [0.5, -1.0]


async def test_moderation_says_what_the_model_looks_for_and_nothing_else() -> None:
    made = bench({"output": {"text": "x", "spans": [{"label": "EMAIL", "start": 0, "end": 5, "score": 0.9}]}})
    answer = await post(made, "moderations", {"input": ["a", {"type": "text", "text": "b"}]})
    assert answer.status == 200, answer.body
    assert answer.json["model"] == "pii"
    assert answer.json["results"][0] == {
        "flagged": True, "categories": {"pii": True, "pii/email": True},
        "category_scores": {"pii": 0.9, "pii/email": 0.9},
        "category_applied_input_types": {"pii": ["text"], "pii/email": ["text"]}}
    assert len(made.ledger.events) == 2
    again = await post(made, "moderations", {"input": "a"}, idempotency_key="k")
    same = await post(made, "moderations", {"input": "a"}, idempotency_key="k")
    assert again.body == same.body
    assert len(made.ledger.events) == 3


async def test_transcription_gives_text_and_segments() -> None:
    made = bench({"output": {"duration": 2.0, "segments": [{"start": 0.0, "end": 1.0, "label": "seven", "score": 1.0},
                                                          {"start": 1.0, "end": 2.0, "label": "one", "score": 1.0}]}})
    body = form(file=b"RIFF....", model="hear", language="en")
    plain = await post(made, "audio/transcriptions", body, **MULTIPART)
    assert plain.json == {"text": "seven one"}
    assert made.triton.requests[-1]["parameters"] == {"language": "en"}
    text = await post(made, "audio/transcriptions", form(file=b"R", model="hear", response_format="text"), **MULTIPART)
    assert (text.body, text.headers["content-type"]) == (b"seven one\n", "text/plain; charset=utf-8")
    full = await post(made, "audio/transcriptions", form(file=b"R", model="hear", response_format="verbose_json"),
                      **MULTIPART)
    assert [segment["text"] for segment in full.json["segments"]] == ["seven", "one"]


async def test_speech_is_the_models_own_sound() -> None:
    made = bench({"output": {"duration": 1.0, "audio": {"$media": 0}}, "media": [{"content_type": "audio/wav"}]})
    answer = await post(made, "audio/speech", {"model": "speak", "input": "hi", "voice": "high"})
    assert answer.status == 200, answer.body
    assert (answer.body, answer.headers["content-type"]) == (b"PNG", "audio/wav")
    assert made.triton.requests[-1] == {"input": {"text": "hi"}, "parameters": {"voice": "high"}}


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("embeddings", {"model": "none", "input": "x"}, 404, "model_not_found"),
        ("embeddings", {"model": "words", "input": "x"}, 400, "invalid_request"),
        ("embeddings", {"model": "embed", "input": [1, 2]}, 400, "invalid_request"),
        ("embeddings", {"model": "embed", "input": "x", "dimensions": 5}, 400, "invalid_request"),
        ("embeddings", {"input": "x"}, 400, "invalid_request"),
        ("moderations", {"input": "x", "model": "words"}, 404, "model_not_found"),
        ("moderations", {"input": []}, 400, "invalid_request"),
        ("moderations", {"input": [{"type": "image_url"}]}, 400, "invalid_request"),
        ("audio/speech", {"model": "words", "input": "x", "voice": "a"}, 404, "model_not_found"),
        ("audio/speech", {"model": "speak", "input": "x", "response_format": "mp3"}, 400, "invalid_request"),
        ("audio/speech", {"model": "speak", "input": "x", "voice": "alloy"}, 422, "validation_error"),
        ("chat/completions", {"model": "x", "messages": []}, 404, "model_not_found"),
        ("images/generations", {"prompt": "x"}, 404, "model_not_found"),
        ("nothing", {}, 404, "not_found"),
        ("files", {}, 403, "insufficient_scope"),
        ("batches", {"endpoint": "/v1/embeddings"}, 404, "not_found"),
    ],
)
async def test_refusals_cost_nothing(path: str, body: Any, status: int, code: str) -> None:
    made = bench({"output": {"text": "x"}})
    answer = await post(made, path, body)
    assert (answer.status, answer.json["error"]["code"]) == (status, code), answer.body
    assert set(answer.json["error"]) == {"message", "type", "param", "code"}
    assert not made.ledger.events
    assert not made.triton.calls


async def test_without_a_model_for_it_a_call_says_so() -> None:
    made = bench({"output": {}}, models=("words",))
    answer = await post(made, "moderations", {"input": "x"})
    assert answer.status == 404
    assert "no model that can moderate text is open to this key" in answer.json["error"]["message"]
    heard = await post(made, "audio/transcriptions", form(file=b"R", model="whisper-1"), **MULTIPART)
    assert heard.json["error"]["code"] == "model_not_found"
