"""Bodies of a new version that are JSON, but not what they should be: refused, never a failure of ours."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from kernel.problems import Problem
from model_registry import own_api


def sent(body: Any) -> Request:
    return Request(APIRequestFactory().post("/", body, format="json"), parsers=[JSONParser()])


@pytest.mark.parametrize("body", [[None, None], ["upload_id"], "upload_id", 7])
def test_a_body_that_is_no_object(body: Any) -> None:
    with pytest.raises(Problem) as refused:
        own_api._stored(sent(body), 1)
    assert refused.value.code == "validation_error"


@pytest.mark.parametrize("manifest", [[1], 7, True])
def test_a_manifest_that_is_neither_text_nor_an_object(manifest: Any) -> None:
    with pytest.raises(Problem) as refused:
        own_api._manifest(sent({"manifest": manifest}))
    assert [fault.pointer for fault in refused.value.errors] == ["/manifest"]
