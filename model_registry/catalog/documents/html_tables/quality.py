"""A page with two tables, one of them with merged cells."""

from __future__ import annotations

from typing import Any

from model_registry.catalog_kit.quality import Ask, Measure

PAGE = """<html><body><h1>Report</h1><table><tr><th>City</th><th>People</th><th>Since</th></tr>
<tr><td>Oslo</td><td>709,037</td><td>1048</td></tr><tr><td>Rome</td><td>2,748,109</td><td>-753</td></tr></table>
<table><thead><tr><th rowspan=2>Region</th><th colspan=2>Sales</th></tr><tr><th>2023</th><th>2024</th></tr></thead>
<tr><td>North</td><td>1.5</td><td>2.25</td></tr><tr><td>South</td><td>3</td><td>n/a</td></tr></table></body></html>"""


def samples() -> dict[str, Any]:
    return {"report.html": PAGE.encode()}


def measure(ask: Ask) -> list[Measure]:
    first, second = (ask(file=PAGE.encode(), parameters={"index": i}).output for i in (0, 1))
    right = [first["columns"] == ["City", "People", "Since"], first["rows"][0]["People"] == 709037,
             first["rows"][1] == {"City": "Rome", "People": 2748109, "Since": -753}, first["summary"]["tables"] == 2,
             second["columns"] == ["Region", "Sales", "Sales (3)"], second["rows"][0]["Region"] == "Region",
             second["rows"][0]["Sales"] == 2023, second["rows"][1] == {"Region": "North", "Sales": 1.5,
                                                                       "Sales (3)": 2.25},
             second["rows"][2]["Sales (3)"] == "n/a"]
    return [Measure("facts read right", 100 * sum(right) / len(right), "%", data="two tables, one with merged cells",
                    at_least=100)]
