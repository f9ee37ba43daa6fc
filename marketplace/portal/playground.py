"""What the playground element gets as JSON: form, stored example, price, words."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from marketplace.listings import playground as grants
from marketplace.portal import examples, field_words, labels, shelf, subscribing
from marketplace.portal.templatetags.portal import money


def configuration(user: Any, card: shelf.Card, *, static: bool = False) -> dict[str, Any]:
    """The element's configuration. `static`: only the stored result is shown, as on the front page."""
    m = card.manifest
    shown = examples.shown(card)
    base = {"model": card.name, "output": m.get("output", ""), "example": shown, "t": words(),
            "names": field_words.used(m, shown)}
    if static:
        return base
    return base | {
        "inputs": _titled(m.get("input") or {}), "parameters": _titled(m.get("parameters") or {}),
        "price": {"amount": str(card.amount.scaleb(-2)), "currency": card.currency, "unit": card.unit},
        "unitPrice": f"{money(card.amount, card.currency)} / {labels.unit(card.unit)}",
        "pool": card.pool, "signedIn": user.is_authenticated, "subscribed": subscribing.subscribed(user, card.name),
        "csrfCookie": settings.CSRF_COOKIE_NAME, "origin": settings.ENV.public_url,
        "key": grants.code_key(user) or "", "coldMs": (card.measured or {}).get("cold_start_ms"),
    }


def _titled(fields: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Each field with its words in the page's language."""
    found = {}
    for name, spec in fields.items():
        title = (spec.get("title_zh") if labels.chinese() else "") or spec.get("title")
        found[name] = {**spec, "label": title or field_words.title(name)}
    return found


def words() -> dict[str, str]:
    """The element's words."""
    return {
        "input": _("Input"), "output": _("Output"), "preview": _("Preview"), "code": _("Code"), "run": _("Run"),
        "follows": _("Follows the form, with your test key filled in. Runs as it stands."),
        "follows_blank": _("Follows the form. Put your key into TESSERA_API_KEY."),
        "this_run": _("This run"), "sign_up": _("Sign up to run"), "subscribe": _("Subscribe to run"),
        "copy": _("Copy"), "copied": _("Copied"), "stored": _("Stored example, free"), "running": _("Running…"),
        "starting": _("The first call loads the model; later ones are quick."), "expected": _("expected wait"),
        "failed": _("That did not work"), "again": _("Try again"), "upload": _("Upload"),
        "drop_hint": _("Drop, paste or choose a file"), "up_to": _("up to"), "record": _("Record"), "stop": _("Stop"),
        "camera": _("Camera"), "too_large": _("This file is too large."),
        "no_microphone": _("No microphone is allowed here."),
        "numbers": _("Numbers, separated by commas or lines; a CSV can be dropped"),
        "add_row": _("Add a row"), "remove_row": _("Remove row"),
        "paste_hint": _("Paste from a spreadsheet, or drop a CSV"),
        "bad_json": _("This is not valid JSON."), "nothing": _("Nothing was found."), "coverage": _("Coverage"),
        "compare": _("Before and after"), "mask": _("Mask"), "similarity": _("Cosine similarity"), "row": _("Row"),
        "map": _("The texts on a plane, by their two main directions"), "score": _("Score"), "reasons": _("Reasons"),
        "characters": _("characters"), "example": _("Example"), "points": _("points"), "measured": _("History"),
        "forecast": _("Forecast"), "band": _("Band"), "example_missing": _("Fill in the form and run it."),
        "passed": _("passed"), "not_passed": _("not passed"), "opacity": _("Opacity of the mask"), "play": _("Play"),
        "segments": _("segments"), "anomalies": _("anomalies"), "breaks": _("change points"), "download": _("Download"),
        "code_language": _("Language of the code"), "json": _("JSON"), "optional": _("optional"),
        "yes": _("yes"), "no": _("no"),
        "anomaly": _("anomaly"), "break": _("change point"), "shoot": _("Take the picture"),
        "no_camera": _("No camera is allowed here."),
        "lines": _("one a line"), "comma": _(", "),
    }
