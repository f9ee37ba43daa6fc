"""A fixed-rate bond by QuantLib: give clean_price or yield, get the other and the sensitivities."""

from __future__ import annotations

import QuantLib as ql

from model_registry.catalog_kit import InvalidInput, Request, Result

DAYS = {
    "30/360": ql.Thirty360(ql.Thirty360.BondBasis),
    "ACT/365": ql.Actual365Fixed(),
    "ACT/360": ql.Actual360(),
    "ACT/ACT": ql.ActualActual(ql.ActualActual.ISMA),
}
FREQUENCIES = {1: ql.Annual, 2: ql.Semiannual, 4: ql.Quarterly, 12: ql.Monthly}


def date(text: str, field: str) -> ql.Date:
    try:
        year, month, day = map(int, text.split("-"))
        return ql.Date(day, month, year)
    except RuntimeError:
        raise InvalidInput("not a date from 1901 to 2199", field=f"problem/{field}") from None


def run(request: Request) -> Result:
    p = request.input["problem"]
    if ("clean_price" in p) == ("yield" in p):
        raise InvalidInput("give either clean_price or yield", field="problem")
    settlement, maturity = date(p["settlement"], "settlement"), date(p["maturity"], "maturity")
    if not settlement < maturity:
        raise InvalidInput("settlement must be before maturity", field="problem/settlement")
    frequency = FREQUENCIES[p["frequency"]]
    ql.Settings.instance().evaluationDate = settlement
    schedule = ql.Schedule(
        settlement - ql.Period(2, ql.Years),
        maturity,
        ql.Period(frequency),
        ql.NullCalendar(),
        ql.Unadjusted,
        ql.Unadjusted,
        ql.DateGeneration.Backward,
        False,
    )
    days = DAYS[p.get("day_count", "30/360")]
    bond = ql.FixedRateBond(0, 100.0, schedule, [p["coupon"]], days)
    try:
        if "yield" in p:
            rate = p["yield"]
            clean = bond.cleanPrice(rate, days, ql.Compounded, frequency, settlement)
        else:
            clean = p["clean_price"]
            rate = bond.bondYield(ql.BondPrice(clean, ql.BondPrice.Clean), days, ql.Compounded, frequency, settlement)
        quoted = ql.InterestRate(rate, days, ql.Compounded, frequency)
        modified = ql.BondFunctions.duration(bond, quoted, ql.Duration.Modified, settlement)
        macaulay = ql.BondFunctions.duration(bond, quoted, ql.Duration.Macaulay, settlement)
        convexity = ql.BondFunctions.convexity(bond, quoted, settlement)
    except RuntimeError:
        raise InvalidInput("no yield fits this price", field="problem") from None
    accrued = bond.accruedAmount(settlement)
    flows = [
        {"date": c.date().ISO(), "amount": round(c.amount(), 6)} for c in bond.cashflows() if c.date() > settlement
    ]
    return Result(
        {
            "values": [
                {"name": "clean_price", "value": round(clean, 6), "unit": "per 100"},
                {"name": "accrued_interest", "value": round(accrued, 6), "unit": "per 100"},
                {"name": "dirty_price", "value": round(clean + accrued, 6), "unit": "per 100"},
                {"name": "yield", "value": round(rate, 9)},
                {"name": "modified_duration", "value": round(modified, 6), "unit": "years"},
                {"name": "macaulay_duration", "value": round(macaulay, 6), "unit": "years"},
                {"name": "convexity", "value": round(convexity, 6)},
                {"name": "value_of_a_basis_point", "value": round(modified * (clean + accrued) / 10_000, 8)},
            ],
            "cash_flows": flows,
        }
    )
