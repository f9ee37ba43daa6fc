"""Which form an answer takes, and that a problem is JSON whatever was asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from billing.api import CsvRenderer
from kernel.problems import Problem


class Table(APIView):
    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    renderer_classes = [JSONRenderer, CsvRenderer]
    columns = ["model", "units"]

    def get(self, request: Request) -> Response:
        if "refuse" in request.query_params:
            raise Problem("invalid_request", "no")
        return Response({"data": [{"model": "a", "units": 2}] if "full" in request.query_params else []})


def ask(query: str = "", accept: str = "*/*") -> tuple[int, str, str]:
    answer = Table.as_view()(APIRequestFactory().get(f"/?{query}", HTTP_ACCEPT=accept)).render()
    return answer.status_code, answer.headers["Content-Type"].partition(";")[0], answer.content.decode()


def test_nobody_is_turned_away_for_what_he_accepts() -> None:
    assert ask(accept="image/png") == (200, "application/json", '{"data":[]}')
    assert ask(accept="nonsense") == (200, "application/json", '{"data":[]}')
    assert ask("full", accept="text/csv") == (200, "text/csv", "model,units\r\na,2\r\n")


def test_options_tell_nothing_in_any_form() -> None:
    for query in ("", "format=csv"):
        answer = Table.as_view()(APIRequestFactory().options(f"/?{query}")).render()
        assert (answer.status_code, json.loads(answer.content)["code"]) == (405, "method_not_allowed")


def test_an_empty_table_has_its_columns() -> None:
    assert ask("format=csv") == (200, "text/csv", "model,units\r\n")


@pytest.mark.parametrize(("query", "accept"), [
    ("format=AAA", "*/*"), ("refuse", "text/csv"), ("refuse&format=csv", "*/*")])
def test_a_problem_is_json(query: str, accept: str) -> None:
    status, kind, text = ask(query, accept)
    assert (status, kind, json.loads(text)["code"]) == (400, "application/problem+json", "invalid_request")
