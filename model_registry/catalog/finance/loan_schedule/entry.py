"""Repayment tables in exact minor units; the effective yearly rate of the flows."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext

from model_registry.catalog_kit import Request, Result


def rounded(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def effective_rate(received: int, payments: list[int]) -> float:
    """The yearly rate at which the payments are worth what was received, by bisection."""
    low, high = -0.9999, 10.0

    def worth(monthly: float) -> float:
        total, factor = 0.0, 1.0
        for payment in payments:
            factor /= 1 + monthly
            total += payment * factor
        return total

    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if worth(middle) > received else (low, middle)
    return (1 + low) ** 12 - 1


def run(request: Request) -> Result:
    p, kind = request.input["problem"], request.parameters["kind"]
    left, months = p["principal_minor"], p["months"]
    with localcontext() as context:
        context.prec = 50
        rate = Decimal(str(p["annual_rate"])) / 12
        if kind == "annuity":
            even = (
                rounded(Decimal(left) * rate / (1 - (1 + rate) ** -months)) if rate else rounded(Decimal(left) / months)
            )
        rows = []
        for month in range(1, months + 1):
            interest = rounded(left * rate)
            if month == months:
                principal = left
            elif kind == "annuity":
                principal = min(max(even - interest, 0), left)
            elif kind == "equal-principal":
                principal = min(rounded(Decimal(p["principal_minor"]) / months), left)
            else:
                principal = 0
            left -= principal
            rows.append(
                {
                    "month": month,
                    "payment": principal + interest,
                    "interest": interest,
                    "principal": principal,
                    "left": left,
                }
            )
    payments = [r["payment"] for r in rows]
    received = p["principal_minor"] - p.get("fee_minor", 0)
    summary = {"total_interest": sum(r["interest"] for r in rows), "total_paid": sum(payments)}
    if received > 0:
        summary["effective_rate"] = round(effective_rate(received, payments), 6)
    return Result({"columns": ["month", "payment", "interest", "principal", "left"], "rows": rows, "summary": summary})
