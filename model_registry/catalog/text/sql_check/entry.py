"""Parse errors, risky habits, unknown columns, and lineage by sqlglot's optimiser."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify

from model_registry.catalog_kit import InvalidInput, Request, Result, check
from model_registry.catalog_kit.sql import described, dialect


def run(request: Request) -> Result:
    sql, read = request.input["sql"], dialect(request.parameters["dialect"])
    tables = request.input["tables"]
    try:
        statements = [s for s in sqlglot.parse(sql, read=read) if s is not None]
    except (ParseError, TokenError) as error:
        return Result(
            {
                "verdict": "does not parse",
                "score": 0.0,
                "checks": [check("parses", False, 1, described(error))],
                "lineage": [],
            }
        )
    except (SqlglotError, RecursionError):
        raise InvalidInput("this SQL can't be parsed", field="sql") from None
    if not statements:
        raise InvalidInput("there is no statement", field="sql")
    checks = [check("parses", True, len(statements), f"{len(statements)} statement(s)")]
    stars = sum(1 for s in statements for _ in s.find_all(exp.Star) if not isinstance(_.parent, exp.Count))
    unbound = [
        type(s).__name__.lower()
        for s in statements
        if isinstance(s, exp.Delete | exp.Update) and not s.args.get("where")
    ]
    crossed = sum(
        1
        for s in statements
        for j in s.find_all(exp.Join)
        if not (j.args.get("on") or j.args.get("using") or j.args.get("method") or j.kind == "CROSS")
        and not s.find(exp.Where)
    )
    null = sum(
        1
        for s in statements
        for e in s.find_all(exp.EQ, exp.NEQ)
        if isinstance(e.right, exp.Null) or isinstance(e.left, exp.Null)
    )
    wild = sum(
        1
        for s in statements
        for k in s.find_all(exp.Like)
        if isinstance(k.expression, exp.Literal) and str(k.expression.this).startswith("%")
    )
    checks += [
        check("no SELECT *", stars == 0, stars, "name the columns"),
        check("UPDATE and DELETE have WHERE", not unbound, len(unbound), ", ".join(unbound) or "none without"),
        check("joins have a condition", crossed == 0, crossed, "a join without one multiplies rows"),
        check("NULL compared by IS", null == 0, null, "= NULL is never true"),
        check("no leading wildcard", wild == 0, wild, "LIKE '%…' can't use an index"),
    ]
    flows: list[dict[str, object]] = []
    first = statements[0]
    if isinstance(first, exp.Query):
        schema = {t: dict.fromkeys(cs, "text") for t, cs in tables.items()} if tables else None
        try:
            qualified = qualify(first.copy(), schema=schema, dialect=read, validate_qualify_columns=bool(schema))
            if schema:
                checks.append(check("columns exist", True, 0, "all columns are in the tables given"))
            for name in qualified.named_selects[:50]:
                node = lineage(name, first.copy(), schema=schema, dialect=read)
                ends = sorted(
                    {
                        f"{n.expression.name}.{n.name.rsplit('.', 1)[-1].strip(chr(34))}"
                        for n in node.walk()
                        if isinstance(n.expression, exp.Table)
                    }
                )
                flows.append({"column": name, "sources": ends})
        except SqlglotError as error:
            checks.append(check("columns exist", False, 1, str(error)[:200]))
    passed = sum(bool(c["passed"]) for c in checks)
    return Result(
        {
            "verdict": "clean" if passed == len(checks) else "findings",
            "score": round(passed / len(checks), 4),
            "checks": checks,
            "lineage": flows,
        }
    )
