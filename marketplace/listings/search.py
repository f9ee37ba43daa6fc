"""Finding a model by what one types, in English or Chinese, with typos.

Postgres does the matching: a weighted text vector for words, and an array of short pieces of text under a GIN index for
everything else (the embedded Postgres carries no pg_trgm, and no text parser there cuts Chinese into words).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import F, FloatField, Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from marketplace.listings.models import Listing

CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
LATIN = re.compile(r"[a-z0-9]+")
ENOUGH = 0.5  # the share of a query's pieces that a listing must hold to match without a whole word
MAX_QUERY = 200


def pieces(text: str) -> set[str]:
    """Trigrams of Latin words, padded like pg_trgm's, and pairs of neighbouring Chinese characters (one if alone)."""
    lower = text.lower()
    found: set[str] = set()
    for word in LATIN.findall(lower):
        padded = f"  {word} "
        found.update(padded[i:i + 3] for i in range(len(padded) - 2))
    for run in CJK.findall(lower):
        found.update(run[i:i + 2] for i in range(len(run) - 1))
        if len(run) == 1:
            found.add(run)
    return found


class Texts(NamedTuple):
    """What the search reads of a listing: title weighs most, then topic (tags, task, industry), then body."""

    title: str
    topic: str
    body: str


def index(listings: Mapping[int, Texts]) -> None:
    """Writes what the search reads of listings, by their ids, in one statement."""
    if not listings:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE listings_listing SET grams = string_to_array(new.grams, ','), words =
               setweight(to_tsvector('english', new.title), 'A') || setweight(to_tsvector('english', new.topic), 'B')
               || setweight(to_tsvector('english', new.body), 'C')
               FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])
               AS new (id, grams, title, topic, body) WHERE listings_listing.id = new.id""",
            [list(listings), [",".join(_grams(texts)) for texts in listings.values()],
             *(list(column) for column in zip(*listings.values(), strict=True))])


def _grams(texts: Texts) -> list[str]:
    """Letters, digits, spaces and Chinese only: no comma is among them."""
    single = {char for part in texts for run in CJK.findall(part) for char in run}
    # The body is prose; its pieces would make everything look like everything.
    return sorted(pieces(f"{texts.title} {texts.topic}") | {p for p in pieces(texts.body) if CJK.match(p)} | single)


def matching(found: QuerySet[Listing], text: str) -> QuerySet[Listing]:
    """The listings that fit what was typed, annotated with `rank` (higher fits better)."""
    text = text[:MAX_QUERY].replace("\0", " ")
    asked = sorted(pieces(text))
    words = SearchQuery(" ".join(LATIN.findall(text.lower())), config="english", search_type="plain")
    share = RawSQL(  # the share of the asked pieces that the listing holds
        "(SELECT count(*)::float8 FROM unnest(%s::text[]) piece WHERE piece = ANY(listings_listing.grams)) / %s",
        [asked, max(len(asked), 1)], output_field=FloatField())
    ranked = found.annotate(share=share, hit=Coalesce(SearchRank(F("words"), words), Value(0.0)))
    chinese = [p for p in asked if CJK.match(p)]
    # Chinese must be there as typed; Latin may be a word of the text or look like one of the title.
    condition = Q(grams__contains=chinese) if chinese else Q()
    if len(chinese) < len(asked):
        condition &= Q(words=words) | Q(share__gte=ENOUGH)
    elif not asked:
        return found.none().annotate(rank=Value(0.0))
    return ranked.filter(condition).annotate(rank=F("share") + F("hit"))
