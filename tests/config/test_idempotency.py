"""Idempotency-Key on Django's POSTs: one run, the same answer again, and nobody gets another's secret."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from redis.exceptions import ConnectionError as Away
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from config import idempotency
from marketplace.accounts.permissions import KeyPrincipal


class Things(APIView):
    """Makes a thing with each call; what came in is in `made`."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (JSONParser, MultiPartParser)
    made: ClassVar[list[Any]] = []

    def post(self, request: Request) -> Response:
        if "meanwhile" in request.data:
            self.made.append(ask("k", {"meanwhile": 1}))
        if "refuse" in request.data:
            return Response({"code": "no"}, status=422)
        self.made.append([file.read().decode() for file in request.FILES.values()])
        if "nothing" in request.data:
            return Response(status=204)
        text = "x" * (idempotency.MAX_ANSWER if "large" in request.data else 1)
        return Response({"secret": f"tsr_{len(self.made)}", "text": text}, status=201, headers={"Location": "/1"})


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> LocMemCache:
    kept = LocMemCache("idempotency", {})
    kept.clear()
    monkeypatch.setattr(idempotency, "cache", kept)
    Things.made.clear()
    return kept


def ask(key: str | None, body: Any = None, *, caller: int = 1, organization: int | None = 7, path: str = "/things",
        form: bool = False) -> HttpResponse:
    """The answer, through the middleware and DRF, to a key of an organization."""
    def answered(request: HttpRequest) -> HttpResponse:
        response = Things.as_view()(request)
        return response.render() if isinstance(response, Response) else response

    request = APIRequestFactory().post(path, body or {}, format="multipart" if form else "json",
                                       **({"HTTP_IDEMPOTENCY_KEY": key} if key is not None else {}))
    request.user = KeyPrincipal(caller, 7, (), "live")
    request._force_auth_user = request.user
    request.organization_id = organization
    return idempotency.KeepAnswers(answered)(request)  # type: ignore[return-value]


def code_of(response: HttpResponse) -> str:
    return str(json.loads(response.content)["code"])


def test_a_repeat_gets_the_first_answer_and_makes_nothing(store: LocMemCache) -> None:
    first, again = ask("k", {"name": "a"}), ask("k", {"name": "a"})
    assert len(Things.made) == 1
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Location"] == "/1"
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert "tsr_1" not in str(store._cache)  # a secret that is shown once lies nowhere readable


@pytest.mark.parametrize("other", [{"path": "/others"}, {"organization": 8}, {"key": "l"}, {"key": None},
                                   {"organization": None}])
def test_another_path_organization_or_key_is_another_call(other: dict[str, Any]) -> None:
    ask("k", {"name": "a"})
    assert "Idempotent-Replayed" not in ask(**{"key": "k", "body": {"name": "a"}, **other}).headers
    assert len(Things.made) == 2


def test_who_is_refused() -> None:
    ask("k", {"name": "a"})
    refused = [ask("k", {"name": "b"}), ask("k", {"name": "a"}, caller=2), ask("k" * 256), ask("")]
    assert [(r.status_code, code_of(r)) for r in refused] == [
        (422, "idempotency_key_reused"), (409, "conflict"), (400, "invalid_request"), (400, "invalid_request")]
    assert len(Things.made) == 1


def test_what_failed_may_be_tried_again() -> None:
    assert [ask("k", {"refuse": 1}).status_code for _ in range(2)] == [422, 422]
    assert ask("k", {"name": "a"}).status_code == 201


def test_who_comes_while_the_first_runs_is_told_to_wait() -> None:
    assert ask("k", {"meanwhile": 1}).status_code == 201
    meanwhile = Things.made[0]
    assert (meanwhile.status_code, code_of(meanwhile)) == (409, "idempotency_in_progress")
    assert meanwhile.headers["Retry-After"] == "1"


def test_a_form_is_known_again_under_another_boundary() -> None:
    def form(text: bytes) -> dict[str, Any]:
        return {"purpose": "batch", "file": SimpleUploadedFile("a.txt", text)}

    first = ask("k", form(b"one"), form=True)
    again, other = ask("k", form(b"one"), form=True), ask("k", form(b"two"), form=True)
    assert Things.made == [["one"]]  # and the view read all of it
    assert again.content == first.content
    assert code_of(other) == "idempotency_key_reused"


def test_an_answer_without_a_body_and_one_that_is_too_large() -> None:
    empty = [ask("e", {"nothing": 1}) for _ in range(2)]
    assert [(r.status_code, r.content, r.headers.get("Content-Type")) for r in empty] == [(204, b"", None)] * 2
    assert ask("l", {"large": 1}).status_code == 201
    assert code_of(ask("l", {"large": 1})) == "conflict"
    assert len(Things.made) == 2


def test_a_store_that_is_away_refuses_rather_than_makes_twice(monkeypatch: pytest.MonkeyPatch,
                                                              store: LocMemCache) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise Away("no")

    monkeypatch.setattr(store, "add", away)
    assert code_of(ask("k")) == "overloaded"
    assert Things.made == []
    assert ask(None).status_code == 201
