"""What a user can do, and in how many clicks: the acceptance lines of the console and of a model's page."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import time

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import User, sign_up
from tests.browser.looks import holds_here

pytestmark = pytest.mark.browser
RUN_MS = 90_000


def picture() -> bytes:
    """A photograph-sized PNG without a face."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (160, 120), (40, 120, 90)).save(out, "PNG")
    return out.getvalue()


def test_a_playground_is_one_click_from_home_and_shows_a_result(page: Page) -> None:
    user = User(page)
    user.begin("/")
    expect(page.locator("ts-result .stage rect.shape").first).to_be_visible()
    user.click(page.locator("main .panel-h a").last)
    page.wait_for_url("**/models/**")
    expect(page.get_by_role("button", name="Run").or_(page.get_by_role("link", name="Sign up to run"))).to_be_visible()
    user.did("playground")
    expect(page.locator("ts-playground .stage rect.shape").first).to_be_visible()
    user.did("stored-result")


@pytest.mark.parametrize(("model", "drawing"), [
    ("face-detect", ".stage rect.shape"), ("person-segment", ".stage .tint"), ("face-anonymise", ".ba img + img"),
    ("barcode-create", ".stage img"), ("mol-draw", "img[src^='data:image/svg']"), ("pii-redact", "mark"),
    ("sentiment-en", ".meter"), ("text-embed", "table th"), ("voice-activity", "svg rect"),
    ("forecast-auto", "path.line2"), ("series-anomaly", "circle.hit"), ("change-points", "line.rule"),
    ("tabular-anomaly", ".meter"), ("vehicle-routing", "polyline"), ("job-shop", "svg rect"),
    ("ocr-document", "polygon"), ("speaker-verify", ".tag"), ("segment-pos-zh", "mark, .mark")])
def test_the_stored_result_is_drawn(page: Page, model: str, drawing: str) -> None:
    answer = page.goto(f"/models/{model}/")
    assert answer is not None
    assert answer.ok
    output = page.locator("ts-playground section[aria-label=Output]")
    expect(output.locator(drawing).first).to_be_attached()
    assert output.locator(".tree").count() == 0
    if drawing.split()[-1].startswith("img"):
        page.wait_for_function(
            "selector => document.querySelector(`ts-playground section[aria-label=Output] ${selector}`).naturalWidth",
            arg=drawing)
    if "tint" in drawing:  # the mask's picture has come and is no empty one
        mask = page.locator(drawing).evaluate("tint => getComputedStyle(tint).maskImage.slice(5, -2)")
        got = page.request.get(mask)
        assert got.ok
        assert got.headers["content-type"] == "image/png"


def test_own_file_in_two_json_in_one(member: Page) -> None:
    user = User(member)
    user.begin("/models/face-detect/")
    member.locator("input[type=file]").set_input_files(
        {"name": "plain.png", "mimeType": "image/png", "buffer": picture()})
    user.clicks += 1  # the button that opens the chooser
    user.click(member.get_by_role("button", name="Run"))
    expect(member.locator("ts-playground [data-meta]")).to_contain_text(" ms", timeout=RUN_MS)
    expect(member.get_by_text("Nothing was found.")).to_be_visible()
    user.did("own-file")
    user.click(member.get_by_role("button", name="JSON"))
    expect(member.locator("ts-playground .tree")).to_contain_text("boxes")
    user.did("json")


def test_code_in_two_clicks_runs_as_it_stands(member: Page) -> None:
    user = User(member)
    user.begin("/models/pii-redact/")
    member.locator("#in-text").fill("Call O'Neil at ana@example.org")
    user.click(member.get_by_role("button", name="cURL"))
    user.click(member.locator("[data-copy=snippet]"))
    user.did("code")
    code = member.evaluate("navigator.clipboard.readText()")
    assert "tsr_test_" in code
    answer = subprocess.run(["bash", "-c", code.replace("curl ", "curl -s ", 1)], capture_output=True, text=True,
                            timeout=60, check=True)
    assert "ana@example.org" in json.dumps(json.loads(answer.stdout)["output"]["spans"])
    member.get_by_role("button", name="Python").click()
    code = member.locator("#snippet").inner_text()
    compile(code, "snippet", "exec")
    assert "O'Neil" in code


@pytest.mark.provokes(422)
def test_a_refused_input_says_why_and_offers_to_try_again(member: Page) -> None:
    member.goto("/models/face-detect/")
    member.locator("input[type=file]").set_input_files(
        {"name": "fake.png", "mimeType": "image/png", "buffer": b"not a picture"})
    with member.expect_response("**/predictions") as told:
        member.get_by_role("button", name="Run").click()
    assert 400 <= told.value.status < 500
    expect(member.locator("ts-playground [role=alert]").get_by_role("button", name="Try again")).to_be_visible()


def test_subscribe_in_two_with_the_estimate_before(member: Page) -> None:
    user = User(member)
    user.begin("/models/language-id/")
    user.click(member.get_by_role("link", name="Subscribe", exact=True).first)
    expect(member.get_by_text("Estimate a month")).to_be_visible()
    user.click(member.get_by_role("button", name="Confirm subscription"))
    expect(member.get_by_text("Subscribed", exact=True)).to_be_visible()
    user.did("subscribe")
    user.begin("/console/subscriptions/")
    user.click(member.get_by_role("button", name="End language-id"))
    user.click(member.get_by_role("button", name="End it"))
    expect(member.get_by_role("row").filter(has_text="language")).to_have_count(0)


def test_key_in_three_rolled_in_two_revoked_after_a_question(member: Page) -> None:
    user = User(member)
    user.begin("/console/keys/")
    user.click(member.get_by_role("button", name="Create key").first)
    member.get_by_label("Name").fill("staging")
    user.click(member.get_by_role("button", name="Create", exact=True))
    secret = member.locator("#secret").inner_text()
    user.click(member.locator("[data-copy=secret]"))
    assert member.evaluate("navigator.clipboard.readText()") == secret
    user.did("create-key")

    user.click(member.get_by_role("button", name="Roll staging"))
    user.click(member.get_by_role("button", name="Roll key"))
    user.did("roll-key")
    assert member.locator("#secret").inner_text() != secret
    expect(member.get_by_text("Ends 20")).to_be_visible()  # the old one, for a day

    rows = member.get_by_role("row").filter(has_text="staging")
    member.get_by_role("button", name="Revoke staging").first.click()
    member.get_by_role("button", name="Keep it").click()
    expect(rows).to_have_count(2)
    member.get_by_role("button", name="Revoke staging").first.click()
    member.locator("#confirm [data-yes]").click()
    expect(rows).to_have_count(1)


def test_spend_at_once_by_model_in_one_csv_in_one(member: Page) -> None:
    user = User(member)
    user.begin("/console/")
    expect(member.get_by_text("Spend this month")).to_be_visible()
    user.did("spend")
    user.click(member.get_by_role("link", name="By key, model and day"))
    expect(member.get_by_role("heading", name="Usage")).to_be_visible()
    user.did("spend-by-model")
    with member.expect_download() as got:
        user.click(member.get_by_role("link", name="CSV"))
    assert got.value.suggested_filename.endswith(".csv")
    user.did("spend-csv")
    user.click(member.locator("summary").filter(has_text="Show as a table").or_(member.get_by_text("Nothing was used")))
    user.did("spend-table")


def test_limit_in_two_budget_with_alerts_in_two(member: Page) -> None:
    user = User(member)
    user.begin("/console/billing/")
    user.click(member.get_by_role("button", name="Set a limit"))
    member.get_by_label("Amount in USD").first.fill("250")
    user.click(member.get_by_role("button", name="Set limit"))
    expect(member.get_by_text("$250.00")).to_be_visible()
    user.did("limit")
    user.click(member.get_by_role("button", name="Budget with alerts"))
    member.locator("#b-name").fill("Everything")
    member.locator("#b-amount").fill("100")
    user.click(member.locator("#budget").get_by_role("button", name="Create"))
    expect(member.get_by_text("$100.00")).to_be_visible()
    user.did("alert")


def key_of(page: Page) -> str:
    """The test key that the pages write into code."""
    page.goto("/models/pii-redact/")
    return page.locator("#snippet").inner_text().split('"')[1]


def send(base_url: str, key: str, model: str, given: dict[str, str]) -> str:
    """Leaves a job behind; its id."""
    sent = httpx.post(f"{base_url}/api/v1/models/{model}/predictions", json={"input": given}, timeout=30,
                      headers={"Authorization": f"Bearer {key}", "Prefer": "respond-async"})
    assert sent.status_code == 202, sent.text
    return str(sent.json()["id"])


def test_why_a_job_failed_and_once_more(member: Page, base_url: str) -> None:
    key = key_of(member)
    torn = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"torn" * 20).decode()
    job = send(base_url, key, "face-detect", {"image": torn})
    expect_failed = {"Authorization": f"Bearer {key}"}
    for _attempt in range(150):
        told = httpx.get(f"{base_url}/api/v1/predictions/{job}", headers=expect_failed, timeout=30).json()
        if told["status"] == "failed":
            break
        time.sleep(0.2)
    user = User(member)
    user.begin("/console/jobs/")
    user.click(member.locator(f"a[href='/console/predictions/{job}/']"))
    expect(member.locator("[role=alert] code")).to_have_text(told["error"]["code"])
    expect(member.locator("[data-log] li").first).to_be_visible()
    user.did("why-failed")
    holds_here(member)
    user.click(member.get_by_role("button", name="Run again"))
    expect(member.get_by_text("It runs again, as a job of its own.")).to_be_visible()
    assert job not in member.url
    user.did("retry")


def test_the_first_call_runs_as_it_was_copied(member: Page) -> None:
    user = User(member)
    user.begin("/console/")
    user.click(member.locator("[data-copy=first]"))
    code = member.evaluate("navigator.clipboard.readText()")
    answer = subprocess.run(["bash", "-c", code.replace("curl ", "curl -s ", 1)], capture_output=True, text=True,
                            timeout=60, check=True)
    assert json.loads(answer.stdout)["status"] == "succeeded", answer.stdout
    user.did("first-call")


def test_a_job_is_followed_live(member: Page, base_url: str) -> None:
    job = send(base_url, key_of(member), "pii-redact", {"text": "ana@example.org"})
    member.goto(f"/console/predictions/{job}/")
    expect(member.locator("[data-status]")).to_have_text("Succeeded", timeout=RUN_MS)  # by its events, not by hand
    expect(member.locator("[data-log] li")).not_to_have_count(0)
    expect(member.locator("#output")).to_contain_text("ana@example.org")


def test_invite_with_a_role_in_two_and_join(member: Page, browser: Browser, base_url: str) -> None:
    context = browser.new_context(base_url=base_url)
    friend = context.new_page()
    email = sign_up(friend)
    user = User(member)
    user.begin("/console/team/")
    user.click(member.get_by_role("button", name="Invite"))
    member.get_by_label("Email").fill(email)
    member.get_by_label("Role", exact=True).select_option("viewer")
    user.click(member.get_by_role("button", name="Make the link"))
    user.did("invite")
    friend.goto(member.locator("#link").inner_text())
    friend.get_by_role("button", name="Join").click()
    friend.wait_for_url("**/console/")
    context.close()
    member.goto("/console/team/")
    expect(member.get_by_role("row").filter(has_text=email)).to_be_visible()
    member.goto("/console/audit/?check=1")
    expect(member.get_by_text("Every entry fits its predecessor.")).to_be_visible()
    expect(member.get_by_text("member.joined")).to_be_visible()


@pytest.mark.provokes(422)
def test_settings_keep_a_name_and_refuse_a_wrong_password(member: Page) -> None:
    member.goto("/console/settings/")
    member.get_by_label("Name of the organization").fill("Kestrel & Sons")
    member.get_by_role("button", name="Save").click()
    expect(member.locator(".toast")).to_have_text("The name was changed.")
    expect(member.locator("header")).to_contain_text("Kestrel & Sons")
    member.get_by_label("Current password").fill("wrong")
    member.get_by_label("New password").fill("another long one 5")
    with member.expect_response("**/settings/") as told:
        member.get_by_role("button", name="Change password").click()
    assert told.value.status == 422
    expect(member.locator("[name=current]")).to_be_focused()
