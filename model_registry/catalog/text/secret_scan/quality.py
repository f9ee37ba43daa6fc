"""Made-up secrets in the formats of their issuers, put into code and logs; values that only look like some."""

from __future__ import annotations

import random
import string

from model_registry.catalog_kit.quality import Ask, Measure

LETTERS = string.ascii_letters + string.digits


def made(seed: int) -> dict[str, str]:
    """One secret of each kind; put together here, so that no scanner finds them in this file."""
    dice = random.Random(seed)

    def some(count: int, of: str = LETTERS) -> str:
        return "".join(dice.choice(of) for _ in range(count))

    return {"AWS_KEY": "AK" + "IA" + some(16, string.ascii_uppercase + string.digits),
            "GITHUB_TOKEN": "gh" + "p_" + some(36), "SLACK_TOKEN": "xo" + "xb-" + some(24, string.digits + "-a"),
            "STRIPE_KEY": "sk" + "_live_" + some(24), "GOOGLE_KEY": "AI" + "za" + some(35),
            "JWT": "ey" + "J" + some(20) + ".ey" + "J" + some(40) + "." + some(43)}


FRAMES = ("client = Client({!r})", "2026-03-12 10:00:01 INFO using {} for upload", "export VALUE={}")
HARMLESS = ("commit 3f2a9c1b7d5e4f60918273645a5b6c7d8e9f0a1b", "uuid 123e4567-e89b-12d3-a456-426614174000",
            "password: changeme", "token = os.environ['TOKEN']", "https://example.org/path?page=2",
            "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "secret: please ask Maria",
            "the api_key parameter is required", "AKIA is a prefix", "def password_strength(text): return len(text)")


def measure(ask: Ask) -> list[Measure]:
    right = total = 0
    for seed in range(4):
        for kind, secret in made(seed).items():
            for frame in FRAMES:
                out = ask(text=frame.format(secret)).output
                right += secret not in out["redacted"] and [s["label"] for s in out["spans"]] in ([kind],
                                                                                                  ["ASSIGNED_SECRET"])
                total += 1
    false = sum(bool(ask(text=text).output["spans"]) for text in HARMLESS)
    return [Measure("secrets found and masked", 100 * right / total, "%", at_least=90,
                    data=f"{total} lines with made-up secrets of six issuers"),
            Measure("harmless lines reported", false, f"of {len(HARMLESS)}", at_most=2,
                    data="hashes, identifiers, code about secrets")]
