"""Main text and metadata by trafilatura, from the bytes alone: nothing is fetched."""

from __future__ import annotations

import functools
from typing import Any

from model_registry.catalog_kit import InvalidInput, Request, Result


@functools.cache
def _extract() -> Any:
    import trafilatura

    return trafilatura.bare_extraction


def run(request: Request) -> Result:
    data = request.input["file"]
    if b"<" not in data[:100_000]:
        raise InvalidInput("not an HTML page", field="file")
    try:
        document = _extract()(data.decode("utf-8", "replace").replace("\x00", ""), with_metadata=True,
                              include_comments=False, include_tables=True)
    except Exception as error:  # malformed markup; to the caller it is one fault
        raise InvalidInput("the page can't be read", field="file") from error
    found = document.as_dict() if document is not None else {}
    text = str(found.get("text") or "").strip()
    if not text:
        raise InvalidInput("no article found in the page", field="file")
    values = [{"name": name, "value": str(found[name])[:2000]}
              for name in ("title", "author", "date", "sitename", "description", "language") if found.get(name)]
    values += [{"name": "text", "value": text}, {"name": "words", "value": len(text.split())}]
    return Result({"values": values})
