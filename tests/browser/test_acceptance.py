"""What a user can do, and in how many clicks: the acceptance lines of the console and of a model's page."""

from __future__ import annotations

import io
import json
import subprocess

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import User, sign_up

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
    expect(page.locator("ts-playground .stage rect.shape").first).to_be_visible()
    assert user.clicks <= 2


@pytest.mark.parametrize(("model", "drawing"), [
    ("face-detect", ".stage rect.shape"), ("person-segment", ".stage img + img"), ("face-anonymise", ".ba img + img"),
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
    if "img" in drawing:
        page.wait_for_function(
            "selector => document.querySelector(`ts-playground section[aria-label=Output] ${selector}`).naturalWidth",
            arg=drawing)


def test_own_file_in_two_json_in_one(member: Page) -> None:
    user = User(member)
    user.begin("/models/face-detect/")
    member.locator("input[type=file]").set_input_files(
        {"name": "plain.png", "mimeType": "image/png", "buffer": picture()})
    user.clicks += 1  # the button that opens the chooser
    user.click(member.get_by_role("button", name="Run"))
    expect(member.locator("ts-playground [data-meta]")).to_contain_text(" ms", timeout=RUN_MS)
    expect(member.get_by_text("Nothing was found.")).to_be_visible()
    assert user.clicks == 2
    user.clicks = 0
    user.click(member.get_by_role("button", name="JSON"))
    expect(member.locator("ts-playground .tree")).to_contain_text("boxes")
    assert user.clicks == 1


def test_code_in_two_clicks_runs_as_it_stands(member: Page) -> None:
    user = User(member)
    user.begin("/models/pii-redact/")
    member.locator("#in-text").fill("Call O'Neil at ana@example.org")
    user.click(member.get_by_role("button", name="cURL"))
    user.click(member.locator("[data-copy=snippet]"))
    assert user.clicks == 2
    code = member.evaluate("navigator.clipboard.readText()")
    assert "tsr_test_" in code
    answer = subprocess.run(["bash", "-c", code.replace("curl ", "curl -s ", 1)], capture_output=True, text=True,
                            timeout=60, check=True)
    assert "ana@example.org" in json.dumps(json.loads(answer.stdout)["output"]["spans"])
    member.get_by_role("button", name="Python").click()
    code = member.locator("#snippet").inner_text()
    compile(code, "snippet", "exec")
    assert "O'Neil" in code


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
    assert user.clicks <= 3
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
    assert user.clicks == 3

    user.clicks = 0
    user.click(member.get_by_role("button", name="Roll staging"))
    user.click(member.get_by_role("button", name="Roll key"))
    assert user.clicks == 2
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
    user.click(member.get_by_role("link", name="Usage", exact=True).first)
    expect(member.get_by_role("heading", name="Usage")).to_be_visible()
    with member.expect_download() as got:
        user.click(member.get_by_role("link", name="CSV"))
    assert got.value.suggested_filename.endswith(".csv")
    assert user.clicks == 2


def test_limit_in_two_budget_with_alerts_in_two(member: Page) -> None:
    user = User(member)
    user.begin("/console/billing/")
    user.click(member.get_by_role("button", name="Set a limit"))
    member.get_by_label("Amount in USD").first.fill("250")
    user.click(member.get_by_role("button", name="Set limit"))
    expect(member.get_by_text("$250.00")).to_be_visible()
    assert user.clicks <= 3
    user.clicks = 0
    user.click(member.get_by_role("button", name="Budget with alerts"))
    member.locator("#b-name").fill("Everything")
    member.locator("#b-amount").fill("100")
    user.click(member.locator("#budget").get_by_role("button", name="Create"))
    expect(member.get_by_text("$100.00")).to_be_visible()
    assert user.clicks <= 3


def test_why_a_job_failed_and_once_more(member: Page, base_url: str) -> None:
    member.goto("/models/face-detect/")
    key = member.locator("#snippet").inner_text().split('"')[1]
    sent = httpx.post(f"{base_url}/api/v1/models/face-detect/predictions", headers={
        "Authorization": f"Bearer {key}", "Prefer": "respond-async"}, timeout=30, json={
        "input": {"image": "aGVsbG8="}})
    user = User(member)
    if sent.status_code == 202:
        user.begin("/console/jobs/")
        for _attempt in range(30):
            if member.locator("tr .tag-bad").count():
                break
            member.wait_for_timeout(500)
            member.reload()
        user.click(member.locator("tbody tr a.mono").first)
        expect(member.locator("[role=alert] code")).to_be_visible()
        expect(member.locator("[data-log] li").first).to_be_visible()
        user.clicks = 0
        user.click(member.get_by_role("button", name="Run again"))
        member.wait_for_url("**/console/predictions/**")
        expect(member.locator("tr .tag-bad, [data-status]").first).to_be_visible()
        assert user.clicks == 1
    else:
        assert sent.status_code == 422, sent.text


def test_a_job_is_followed_live(member: Page, base_url: str) -> None:
    member.goto("/models/pii-redact/")
    key = member.locator("#snippet").inner_text().split('"')[1]
    sent = httpx.post(f"{base_url}/api/v1/models/pii-redact/predictions", headers={
        "Authorization": f"Bearer {key}", "Prefer": "respond-async"}, timeout=30,
        json={"input": {"text": "ana@example.org"}})
    assert sent.status_code == 202
    member.goto(f"/console/predictions/{sent.json()['id']}/")
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
    assert user.clicks <= 3
    friend.goto(member.locator("#link").inner_text())
    friend.get_by_role("button", name="Join").click()
    friend.wait_for_url("**/console/")
    context.close()
    member.goto("/console/team/")
    expect(member.get_by_role("row").filter(has_text=email)).to_be_visible()
    member.goto("/console/audit/?check=1")
    expect(member.get_by_text("Every entry fits its predecessor.")).to_be_visible()
    expect(member.get_by_text("member.joined")).to_be_visible()


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
