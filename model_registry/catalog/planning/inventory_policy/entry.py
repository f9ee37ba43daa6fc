"""Economic order quantity, reorder point with safety stock, and the newsvendor's quantity."""

from __future__ import annotations

import math

from scipy.stats import norm

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    p = request.input["problem"]
    mean, sd = p["demand_mean"], p["demand_sd"]
    values = []
    if "holding_cost" in p and "order_cost" in p:
        quantity = math.sqrt(2 * mean * p["order_cost"] / p["holding_cost"])
        values += [{"name": "order_quantity", "value": round(quantity, 6), "unit": "units"},
                   {"name": "periods_between_orders", "value": round(quantity / mean, 6)},
                   {"name": "order_and_holding_cost", "value": round(math.sqrt(2 * mean * p["order_cost"]
                                                                             * p["holding_cost"]), 6),
                    "note": "a period"}]
    if "lead_time" in p:
        level = p.get("service_level", 0.95)
        spread = math.sqrt(p["lead_time"] * sd**2 + (mean * p.get("lead_time_sd", 0.0)) ** 2)
        safety = float(norm.ppf(level)) * spread
        loss = spread * float(norm.pdf(norm.ppf(level)) - norm.ppf(level) * (1 - level))
        values += [{"name": "safety_stock", "value": round(safety, 6), "unit": "units"},
                   {"name": "reorder_point", "value": round(mean * p["lead_time"] + safety, 6), "unit": "units"},
                   {"name": "expected_shortage", "value": round(loss, 6), "unit": "units", "note": "in each cycle"}]
    if "price" in p and "unit_cost" in p:
        under, over = p["price"] - p["unit_cost"], p["unit_cost"] - p.get("salvage", 0.0)
        if under <= 0 or over <= 0:
            raise InvalidInput("the price must be above the cost and the cost above the salvage value",
                               field="problem/price")
        ratio = under / (under + over)
        z = float(norm.ppf(ratio))
        profit = under * mean - (under + over) * sd * float(norm.pdf(z))
        values += [{"name": "critical_ratio", "value": round(ratio, 6)},
                   {"name": "season_quantity", "value": round(mean + z * sd, 6), "unit": "units"},
                   {"name": "expected_profit", "value": round(profit, 6)}]
    if not values:
        raise InvalidInput("give order_cost and holding_cost, or lead_time, or price and unit_cost", field="problem")
    return Result({"values": values})
