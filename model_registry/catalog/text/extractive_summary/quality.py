"""Articles with sentences from elsewhere mixed in: a summary must not pick them."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

TOPICS = [
    [
        "The glacier lost two metres of ice this summer.",
        "Scientists measure the glacier's ice every September.",
        "Warm air and little snow made the glacier shrink faster.",
        "If the warming goes on, the glacier will be gone in forty years.",
        "Less ice means less water for the valley in late summer.",
    ],
    [
        "The bank raised its interest rate by half a percent.",
        "Higher interest rates make loans more expensive for families.",
        "The bank says that inflation is still too high.",
        "Economists expect another rise of the interest rate in spring.",
        "House prices fell after the bank's last decision on rates.",
    ],
    [
        "The telescope found water vapour on a distant planet.",
        "The planet circles a small red star every nine days.",
        "Astronomers used the telescope for three nights.",
        "Water vapour does not mean that the planet has oceans.",
        "The team will look at the planet's atmosphere again next year.",
    ],
]
STRAY = [
    "My aunt keeps three cats and a parrot.",
    "The recipe needs two cups of flour.",
    "Our team lost the match on Saturday.",
]


def measure(ask: Ask) -> list[Measure]:
    picked = 0
    for topic in TOPICS:
        mixed = [topic[0], STRAY[0], topic[1], topic[2], STRAY[1], topic[3], STRAY[2], topic[4]]
        out = ask(text=" ".join(mixed), parameters={"sentences": 3}).output["results"]
        picked += sum(r["text"] in STRAY for r in out)
    return [Measure("stray sentences picked", picked, "of 9", data="3 texts with 3 strangers each", at_most=0)]
