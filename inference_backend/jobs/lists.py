"""The shape of lists for Django REST framework: one serializer of a page for each serializer of an item.

It stands in the lowest package that knows Django, so that all above describe their lists alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from kernel import paging

Row = TypeVar("Row", bound=Model)
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


def listed(request: Request, rows: QuerySet[Row], render: Callable[[Row], Any], *, by: str = "pk",
           newest_first: bool = True) -> dict[str, Any]:
    """The page that a request asks for, of rows that are ordered by `by`, a whole number that no two share."""
    limit, past = page_size(request), paging.read_cursor(cursor_of(request), paging.natural)
    if past:
        rows = rows.filter(**{f"{by}__{'lt' if newest_first else 'gt'}": past[0]})
    page = paging.Page.of(list(rows[:limit + 1]), limit, lambda row: paging.write_cursor(getattr(row, by)))
    return page.document([render(row) for row in page.items])


def cursor_of(request: Request) -> str | None:
    return request.query_params.get("cursor")
