"""Transpilation by sqlglot's parsers and generators."""

from __future__ import annotations

import sqlglot
from sqlglot.errors import ParseError, SqlglotError, TokenError

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.sql import described, dialect


def run(request: Request) -> Result:
    p = request.parameters
    try:
        parsed = sqlglot.transpile(
            request.input["sql"],
            read=dialect(p["source"]),
            write=dialect(p["target"]),
            pretty=p["pretty"],
            unsupported_level=sqlglot.ErrorLevel.IGNORE,
        )
        noted: list[str] = []
        try:
            sqlglot.transpile(
                request.input["sql"],
                read=dialect(p["source"]),
                write=dialect(p["target"]),
                unsupported_level=sqlglot.ErrorLevel.RAISE,
            )
        except SqlglotError as error:
            noted = [str(error)[:300]]
    except (ParseError, TokenError) as error:
        raise InvalidInput(described(error), field="sql") from None
    except (SqlglotError, RecursionError):
        raise InvalidInput("this SQL can't be parsed", field="sql") from None
    statements = [s for s in parsed if s]
    if not statements:
        raise InvalidInput("there is no statement", field="sql")
    return Result(
        {
            "values": [
                {"name": "sql", "value": ";\n".join(statements)},
                {"name": "statements", "value": len(statements)},
            ]
        },
        warnings=noted,
    )
