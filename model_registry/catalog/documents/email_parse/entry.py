"""Reads a message with the standard library; HTML becomes text, links keep where they really lead."""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from email.message import EmailMessage
from typing import Any, cast

import lxml.html

from model_registry.catalog_kit import InvalidInput, Request, Result

HEADERS = ("from", "to", "cc", "reply-to", "subject", "date", "message-id", "return-path")
MOST_LINKS, MOST_FILES = 200, 100


def run(request: Request) -> Result:
    try:
        message = cast(EmailMessage, email.message_from_bytes(request.input["file"], policy=email.policy.default))
        values: list[dict[str, Any]] = [{"name": name, "value": _clean(str(message[name]))[:2000]}
                                        for name in HEADERS if message[name]]
        if not values:
            raise InvalidInput("no header of a message found", field="file")
        text, links = _body(message)
        parts = list(message.iter_attachments())[:MOST_FILES] if message.is_multipart() else []
        files = [_attachment(part) for part in parts]
    except InvalidInput:
        raise
    except Exception as error:  # the standard parser stumbles over some malformed headers
        raise InvalidInput("not a readable message", field="file") from error
    values.append({"name": "text", "value": text})
    values += [{"name": "link", "value": href, "note": shown} for shown, href in links]
    values += [{"name": "attachment", "value": name, "note": f"{kind}, {size} bytes, sha256 {digest}"}
               for name, kind, size, digest in files]
    warnings = [f"a link shows {shown} and leads to {href[:80]}" for shown, href in links if _deceives(shown, href)]
    return Result({"values": values, "links": len(links), "attachments": len(files)}, warnings=warnings[:10])


def _body(message: EmailMessage) -> tuple[str, list[tuple[str, str]]]:
    plain, html = (message.get_body(preferencelist=(kind,)) for kind in ("plain", "html"))
    links: list[tuple[str, str]] = []
    text = _clean(plain.get_content()) if plain is not None else ""
    if html is not None:
        content = _clean(html.get_content())
        root = lxml.html.document_fromstring(content) if content.strip() else None
        if root is not None:
            for anchor in root.iter("a"):
                if anchor.get("href"):
                    links.append((" ".join(anchor.text_content().split())[:200], str(anchor.get("href"))[:2000]))
            for element in root.xpath("//script|//style"):
                element.drop_tree()
            text = text or "\n".join(line.strip() for line in root.text_content().splitlines() if line.strip())
    if not links:
        links = [("", url) for url in re.findall(r"https?://[^\s<>\"]+", text)]
    return text.strip(), links[:MOST_LINKS]


def _attachment(part: Any) -> tuple[str, str, int, str]:
    data = part.get_payload(decode=True) or b""
    digest = hashlib.sha256(data).hexdigest()
    return _clean(part.get_filename() or "unnamed"), part.get_content_type(), len(data), digest


def _deceives(shown: str, href: str) -> bool:
    """The words name one host and the link another."""
    named = re.search(r"(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,})", shown.lower())
    real = re.match(r"https?://(?:[^@/]*@)?([^/:?#]+)", href.lower())
    if not named or not real:
        return False
    return not (real[1] == named[1] or real[1].endswith("." + named[1].removeprefix("www.")))


def _clean(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
