"""One simplified character, several traditional ones: the phrase decides."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

KNOWN = [
    ("traditional", "头发发展", "頭髮發展"),
    ("traditional", "皇后后天", "皇后後天"),
    ("traditional", "干净干部", "乾淨幹部"),
    ("traditional", "面条表面", "麪條表面"),
    ("simplified", "頭髮發展", "头发发展"),
    ("taiwan", "鼠标", "滑鼠"),
    ("taiwan", "软件", "軟體"),
    ("from-taiwan", "滑鼠", "鼠标"),
    ("simplified", "憂鬱的臺灣烏龜", "忧郁的台湾乌龟"),
]


def measure(ask: Ask) -> list[Measure]:
    right = sum(ask(text=a, parameters={"to": to}).values["text"] == b for to, a, b in KNOWN)
    return [
        Measure(
            "conversions right",
            right / len(KNOWN),
            "",
            data="9 cases in which one character becomes several",
            at_least=0.88,
        )
    ]
