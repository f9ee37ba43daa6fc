"""The documentation's chapters: markdown in docs/guide/<language>/<slug>.md, the one source of the pages and the tests.

A chapter begins with `# Title`. `## Title {#name}` is a heading with an anchor of its own. In text and code stand
`{{ origin }}` (where this platform is), `{{ grpc }}` (host:port) and `{{ key }}` (the reader's test key); `{{ codes }}`
alone on a line is the table of problem codes. No HTML: it is shown as text. Code runs in tests/flows/test_docs.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

GUIDE: Path = settings.ROOT / "docs" / "guide"
LANGUAGES = ("en", "zh")
TITLES = {"sh": "Shell", "python": "Python", "javascript": "JavaScript", "java": "Java", "json": "JSON",
          "http": "HTTP", "yaml": "YAML", "console": "Shell", "env": "Shell", "text": ""}
TABLE = ('<div class="card scroll my-4" tabindex="0"><table class="table">', "</table></div>")
_NAMED = re.compile(r"\s*\{#([a-z0-9-]+)\}$")
_PLACE = re.compile(r"\{\{ (\w+) \}\}")


def language() -> str:
    """The one of LANGUAGES that this request is answered in."""
    return "zh" if (get_language() or "").startswith("zh") else "en"


@lru_cache(maxsize=256)
def source(slug: str, lang: str) -> str:
    """A chapter's markdown; English where it is not translated. Raises FileNotFoundError for what is no chapter."""
    path = GUIDE / lang / f"{slug}.md"
    return (path if path.exists() else GUIDE / "en" / f"{slug}.md").read_text(encoding="utf-8")


def title(slug: str, lang: str) -> str:
    """What stands behind the first #."""
    return source(slug, lang).partition("\n")[0].removeprefix("#").strip()


def page(slug: str, lang: str, values: Mapping[str, str]) -> SafeString:
    """A chapter as HTML, its places filled: `values` is text except `codes`, which is HTML already."""
    def fill(place: re.Match[str]) -> str:
        found = values.get(place[1], "")
        return str(found) if isinstance(found, SafeString) else escape(found)

    html = _rendered(slug, lang).replace("<p>{{ codes }}</p>", "{{ codes }}")
    return mark_safe(_PLACE.sub(fill, html))  # noqa: S308  our own markdown, and escaped values


@lru_cache(maxsize=256)
def _rendered(slug: str, lang: str) -> str:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("fence", _fence)
    markdown.add_render_rule("table_open", lambda *_: f"{TABLE[0]}\n")
    markdown.add_render_rule("table_close", lambda *_: f"{TABLE[1]}\n")
    tokens = markdown.parse(source(slug, lang))
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            words = (tokens[place + 1].children or [])[-1:]
            for word in words:
                if named := _NAMED.search(word.content):
                    token.attrSet("id", named[1])
                    word.content = word.content[:named.start()]
    return str(markdown.renderer.render(tokens, markdown.options, {"slug": slug}))


def _fence(renderer: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: EnvType) -> str:
    """Code as the portal shows it: with its language and a button that copies it."""
    name = tokens[place].info.split(" ")[0] or "text"
    return render_to_string("cotton/code.html", {
        "title": TITLES[name], "id": f"{env['slug']}-{place}", "slot": tokens[place].content.rstrip("\n")})
