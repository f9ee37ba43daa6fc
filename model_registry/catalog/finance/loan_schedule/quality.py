"""A published annuity (200,000 at 6.5 % over 30 years: 1,264.14 a month) and sums that must hold to the cent."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    known = ask(problem={"principal_minor": 20_000_000, "annual_rate": 0.065, "months": 360}).output
    off = 0
    for kind in ("annuity", "equal-principal", "bullet"):
        for principal, rate, months in (
            (123_457, 0.199, 11),
            (999_999_999, 0.0, 7),
            (5, 0.5, 3),
            (1_000_003, 0.031, 240),
        ):
            rows = ask(
                problem={"principal_minor": principal, "annual_rate": rate, "months": months}, parameters={"kind": kind}
            ).output["rows"]
            off += abs(sum(r["principal"] for r in rows) - principal) + abs(rows[-1]["left"])
            off += sum(abs(r["payment"] - r["interest"] - r["principal"]) for r in rows)
    plain = ask(problem={"principal_minor": 10**9, "annual_rate": 0.12, "months": 24}).output["summary"][
        "effective_rate"
    ]
    return [
        Measure(
            "payment error",
            abs(known["rows"][0]["payment"] - 126_414),
            "cents",
            data="published mortgage table",
            at_most=0,
        ),
        Measure("cents that do not add up", off, "cents", data="12 loans of 3 kinds", at_most=0),
        Measure("effective rate error", abs(plain - (1.01**12 - 1)), "", data="1 % a month", at_most=1e-6),
    ]
