"""The shape of lists for Django REST framework: one serializer of a page for each serializer of an item.

It stands in the lowest package that knows Django, so that all above describe their lists alike.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from kernel import paging

PAGING = [OpenApiParameter("limit", int, description=f"1 to {paging.MAX_LIMIT}, {paging.DEFAULT_LIMIT} unless told"),
          OpenApiParameter("cursor", str, description="`next_cursor` of the page before")]


def page_of(item: type[serializers.Serializer[Any]], **more: serializers.Field[Any, Any, Any, Any]) -> Any:
    """`FooSerializer` → `FooPageSerializer` with data, has_more, next_cursor, and further fields of this list."""
    name = item.__name__.removesuffix("Serializer") + "PageSerializer"
    fields = {"data": item(many=True), "has_more": serializers.BooleanField(),
              "next_cursor": serializers.CharField(allow_null=True)}
    return type(name, (serializers.Serializer,), {"__module__": item.__module__, **fields, **more})


def page_size(request: Request, default: int = paging.DEFAULT_LIMIT) -> int:
    """`limit` of a list."""
    return paging.read_limit(request.query_params.get("limit"), default)


def cursor_of(request: Request) -> str | None:
    return request.query_params.get("cursor")
