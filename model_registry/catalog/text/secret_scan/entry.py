"""Secrets by their published formats, and random-looking values assigned to telling names."""

from __future__ import annotations

import math
import re
from collections import Counter

from model_registry.catalog_kit import Request, Result

FORMATS = tuple((label, re.compile(pattern)) for label, pattern in (
    ("PRIVATE_KEY", r"-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----[A-Za-z0-9+/=\s]{0,8000}"
                    r"(?:-----END (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----)?"),
    ("AWS_KEY", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("GITHUB_TOKEN", r"\bgh[pousr]_[A-Za-z0-9]{36}\b"),
    ("SLACK_TOKEN", r"\bxox[abprs]-[A-Za-z0-9-]{10,72}\b"),
    ("STRIPE_KEY", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,99}\b"),
    ("GOOGLE_KEY", r"\bAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])"),
    ("JWT", r"\beyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,2000}"),
    ("URL_PASSWORD", r"(?<=://)[^\s/:@]{1,64}:[^\s/@]{3,128}(?=@)"),
))
ASSIGNED = re.compile(r"(?i)\b[\w-]{0,30}(?:password|passwd|secret|token|api_?key)[\"']?\s{0,3}[:=]\s{0,3}[\"']?"
                      r"([^\s\"',;]{8,200})")
LEAST_BITS = 3.0  # Shannon entropy per character; words and dates lie below


def _bits(text: str) -> float:
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def run(request: Request) -> Result:
    text = request.input["text"]
    found = [(m.start(), m.end(), label) for label, pattern in FORMATS for m in pattern.finditer(text)]
    found += [(m.start(1), m.end(1), "ASSIGNED_SECRET") for m in ASSIGNED.finditer(text) if _bits(m[1]) >= LEAST_BITS]
    spans, pieces, at = [], [], 0
    for start, end, label in sorted(found, key=lambda f: f[0]):
        if start >= at:
            spans.append({"start": start, "end": end, "label": label, "text": text[start:end]})
            pieces += [text[at:start], f"[{label}]"]
            at = end
    return Result({"text": text, "spans": spans, "redacted": "".join([*pieces, text[at:]])})
