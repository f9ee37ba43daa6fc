"""Pages composed here of an article and of menus, advertising and comments: what is kept and what goes."""

from __future__ import annotations

from typing import Any

from model_registry.catalog_kit.quality import Ask, Measure

TOPICS = ("the new tram line", "a bridge over the river", "the harvest of this year", "the repair of the museum roof")


def page(number: int) -> tuple[bytes, list[str], list[str]]:
    topic = TOPICS[number]
    article = [f"The town council decided on Tuesday about {topic}, after a debate of more than five hours.",
               f"Supporters said that {topic} would help the whole region, while others asked about its cost.",
               f"According to the plans, work on {topic} begins in spring and takes at least eighteen months."]
    rest = ["Subscribe to our newsletter", "Ten tricks for better sleep", "Cookie settings", "All rights reserved"]
    paragraphs = "".join(f"<p>{p}</p>" for p in article)
    html = f"""<html lang="en"><head><title>Council decides on {topic}</title>
    <meta name="author" content="Jane Doe">
    <meta property="article:published_time" content="2024-05-1{number}"></head><body>
    <nav><ul><li><a href="/">Home</a></li><li><a href="/s">{rest[0]}</a></li></ul></nav>
    <aside class="ad"><a href="/x">{rest[1]}</a></aside><main><article><h1>Council decides on {topic}</h1>{paragraphs}
    </article></main><footer><a href="/c">{rest[2]}</a> {rest[3]}</footer></body></html>"""
    return html.encode(), article, rest


def samples() -> dict[str, Any]:
    return {"page.html": page(0)[0]}


def measure(ask: Ask) -> list[Measure]:
    kept = dropped = fields = 0
    for number in range(4):
        html, article, rest = page(number)
        values = ask(file=html).values
        kept += sum(sentence in values["text"] for sentence in article)
        dropped += sum(words not in values["text"] for words in rest)
        fields += (values.get("title") == f"Council decides on {TOPICS[number]}") + (values.get("author") == "Jane Doe")
        fields += values.get("date") == f"2024-05-1{number}"
    return [Measure("paragraphs kept", 100 * kept / 12, "%", data="four composed pages", at_least=100),
            Measure("pieces of menus and advertising taken out", 100 * dropped / 16, "%", data="the same", at_least=90),
            Measure("titles, authors and dates right", 100 * fields / 12, "%", data="the same", at_least=90)]
