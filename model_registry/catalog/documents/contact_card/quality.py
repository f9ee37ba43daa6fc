"""Drawn cards whose fields are known."""

from __future__ import annotations

from typing import Any

from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import text_page

CARDS = (
    ("US", ("Maria Gonzalez", "Head of Logistics", "Northwind Tools Inc", "+1 202 555 0147",
            "maria.g@northwind-tools.com",
            "www.northwind-tools.com"),
     {"name": "Maria Gonzalez", "title": "Head of Logistics", "company": "Northwind Tools Inc", "phone": "+12025550147",
      "email": "maria.g@northwind-tools.com", "web": "www.northwind-tools.com"}),
    ("DE", ("Jonas Weber", "Sales Manager", "Weber Antriebe GmbH", "Tel. 030 901820", "jweber@antriebe.de",
            "12 Main Street"),
     {"name": "Jonas Weber", "title": "Sales Manager", "company": "Weber Antriebe GmbH", "phone": "+4930901820",
      "email": "jweber@antriebe.de", "address": "12 Main Street"}),
)
CHINESE = {"name": "李晓明", "title": "销售经理", "company": "上海明德科技有限公司", "phone": "+8613912345678",
           "email": "li.xm@mingde.cn"}


def card(lines: tuple[str, ...], *, chinese: bool = False) -> Any:
    return text_page([(40, 40 + 52 * i, line) for i, line in enumerate(lines)], (640, 380), 28, chinese=chinese)


def samples() -> dict[str, Any]:
    return {"card.png": card(CARDS[0][1]),
            "card-zh.png": card(("李晓明", "销售经理", "上海明德科技有限公司", "手机 13912345678",
                                 "li.xm@mingde.cn"), chinese=True)}


def measure(ask: Ask) -> list[Measure]:
    right = total = 0
    cases = [(card(lines), region, wanted) for region, lines, wanted in CARDS]
    for picture, region, wanted in [*cases, (ask.sample("card-zh.png"), "CN", CHINESE)]:
        found = ask(image=picture, parameters={"region": region}).values
        right += sum(found.get(k) == v for k, v in wanted.items())
        total += len(wanted)
    return [Measure("fields read exactly", 100 * right / total, "%", at_least=90, data="three drawn cards, 17 fields")]
