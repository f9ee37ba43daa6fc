"""Every page as a picture: light and dark, desktop and mobile, English and Chinese, into docs/screenshots.

`make screenshots` runs it against a running instance. docs/screenshots/.gitignore names the few that are committed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
PAGES = {
    "home": "/", "catalogue": "/models/", "industries": "/collections/", "compare":
    "/compare/?m=pii-redact&m=sentiment-en&m=language-id", "pricing": "/pricing/", "status": "/status/",
    "model-image": "/models/face-detect/", "model-series": "/models/forecast-auto/",
    "model-table": "/models/tabular-anomaly/", "model-audio": "/models/voice-activity/",
    "model-text": "/models/pii-redact/", "model-api": "/models/face-detect/?tab=api",
    "model-overview": "/models/face-detect/?tab=overview", "docs": "/docs/",
    "docs-operation": "/docs/api/predictions_create/", "signup": "/signup/", "not-found": "/nowhere/",
    "console": "/console/", "usage": "/console/usage/", "keys": "/console/keys/", "billing": "/console/billing/",
    "subscriptions": "/console/subscriptions/", "jobs": "/console/jobs/", "webhooks": "/console/webhooks/",
    "team": "/console/team/", "audit": "/console/audit/", "settings": "/console/settings/",
    "trials": "/console/trials/", "notices": "/console/notices/", "own-models": "/provider/models/",
    "new-model": "/provider/models/new/", "earnings": "/provider/", "security": "/console/security/",
    "organization": "/console/organization/", "model-plan": "/models/job-shop/",
    "model-mask": "/models/person-segment/",
    "model-benchmarks": "/models/face-detect/?tab=benchmarks", "subscribe": "/models/forecast-auto/subscribe/",
}
SIZES = {"desktop": (1440, 900), "mobile": (390, 844)}
LANGUAGES = {"en": "en", "zh": "zh-hans"}
THEMES = ("light", "dark")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=list(PAGES), help="names of pages")
    parser.add_argument("--looks", nargs="*", help="names of looks, such as desktop-dark-zh; all of them otherwise")
    arguments = parser.parse_args()
    demo = json.loads((Path(os.environ.get("TESSERA_VAR") or ROOT / "var") / "demo.json").read_text())
    out = ROOT / "docs" / "screenshots"
    out.mkdir(parents=True, exist_ok=True)
    url = os.environ.get("TESSERA_TEST_URL") or demo["url"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        state = _signed_in(browser, url, demo)
        count = sum(_pictures(browser, url, state, out, arguments.only, size, theme, language)
                    for size in SIZES for theme in THEMES for language in LANGUAGES
                    if not arguments.looks or f"{size}-{theme}-{language}" in arguments.looks)
    print(json.dumps({"pictures": count, "folder": str(out.relative_to(ROOT))}))
    return 0


def _signed_in(browser: Browser, url: str, demo: dict[str, str]) -> object:
    context = browser.new_context(base_url=url)
    page = context.new_page()
    page.goto("/login/")
    page.fill("[name=email]", demo["email"])
    page.fill("[name=password]", demo["password"])
    page.click("main form button")
    page.wait_for_url("**/console/")
    state = context.storage_state()
    context.close()
    return state


def _pictures(browser: Browser, url: str, state: object, out: Path, names: list[str], size: str, theme: str,
              language: str) -> int:
    width, height = SIZES[size]
    context = browser.new_context(base_url=url, viewport={"width": width, "height": height}, storage_state=state,
                                  reduced_motion="reduce")
    context.add_cookies([{"name": "theme", "value": theme, "url": url},
                         {"name": "django_language", "value": LANGUAGES[language], "url": url}])
    page = context.new_page()
    for name in names:
        page.goto(PAGES[name], wait_until="networkidle")
        page.screenshot(path=out / f"{name}-{size}-{theme}-{language}.jpg", type="jpeg", quality=78)
    context.close()
    return len(names)


if __name__ == "__main__":
    sys.exit(main())
