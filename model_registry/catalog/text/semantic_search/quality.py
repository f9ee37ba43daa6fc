"""A help desk's answers, and questions put in other words, written for this."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

HELP = {
    "How to reset a forgotten password": ("I can't log in any more", "my login details no longer work"),
    "What to do when a delivery is lost": ("My parcel never arrived", "the courier says delivered but I have nothing"),
    "Returning a damaged item": ("The screen was cracked when I opened the box", "it came broken, I want it replaced"),
    "How to cancel a subscription": ("I no longer want to be charged each month", "please stop my plan"),
    "Our opening hours in summer": ("When is the shop open in July?", "are you closed on Sundays in August"),
    "Changing the delivery address": ("I have moved house since I ordered", "send it to my office instead"),
    "Payment methods that we accept": ("Can I use a credit card?", "do you take bank transfer"),
    "How we protect your personal data": ("Who can see my information?", "is my privacy safe with you"),
    "Sizes and how to measure yourself": ("Will a medium fit me?", "which number is right for long feet"),
    "Gift vouchers and how long they last": ("Does my coupon expire?", "I want to give somebody credit for your shop"),
}


def measure(ask: Ask) -> list[Measure]:
    documents = list(HELP)
    ranks = []
    for document, queries in HELP.items():
        for query in queries:
            found = ask(query=query, documents=documents, parameters={"top": 10}).output["results"]
            ranks.append([r["text"] for r in found].index(document) + 1)
    data = f"{len(ranks)} reworded questions to {len(documents)} titles, written for this"
    return [Measure("right answer first", 100 * sum(r == 1 for r in ranks) / len(ranks), "%", data=data, at_least=70),
            Measure("right answer among three", 100 * sum(r <= 3 for r in ranks) / len(ranks), "%", data=data,
                    at_least=85),
            Measure("mean reciprocal rank", sum(1 / r for r in ranks) / len(ranks), data=data, at_least=0.8)]
