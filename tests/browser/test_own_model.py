"""A net of one's own: chosen, read, corrected, uploaded, checked; the page may be loaded again on the way."""

from __future__ import annotations

import secrets

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import User
from tests.browser.looks import holds_here
from tests.flows.own_model_kit import linear_net

pytestmark = pytest.mark.browser


def test_a_file_is_read_and_uploaded_and_survives_a_reload(member: Page) -> None:
    user = User(member)
    user.begin("/provider/models/")
    user.click(member.get_by_role("link", name="Bring a model").first)
    net = linear_net([[1, 0], [0, 1]], [0, 0.5], doc="reload")
    member.get_by_label("ONNX file or zip bundle").set_input_files(
        {"name": "net.onnx", "mimeType": "application/octet-stream", "buffer": net})
    user.clicks += 1  # the button that opens the chooser
    user.click(member.get_by_role("button", name="Read it"))
    expect(member.get_by_role("heading", name="What was read")).to_be_visible()
    member.reload()
    expect(member.get_by_role("row").filter(has_text="scores")).to_contain_text("FP32")

    name = f"net{secrets.token_hex(3)}"
    member.get_by_label("Name").fill(name)
    member.get_by_label("Title").fill("Two scores")
    member.get_by_label("One sentence about it").fill("Tells two kinds apart.")
    user.click(member.get_by_role("button", name="Upload and check"))
    expect(member.get_by_text("Version 1 is being checked.")).to_be_visible()
    user.did("upload")
    expect(member.get_by_role("heading", level=1)).to_contain_text(name)
    holds_here(member)

    # The version's page follows the checks by itself.
    member.goto(f"{member.url}v/1/")
    expect(member.get_by_role("row", name="Triton serves it beside the old version")).to_be_visible(timeout=60_000)
    expect(member.get_by_role("status").filter(has_text="Ready")).to_be_visible()
    expect(member.get_by_role("heading", name="Lineage")).to_be_visible()


def test_a_file_that_would_run_code_is_refused_with_its_remedy(member: Page) -> None:
    member.goto("/provider/models/new/")
    expect(member.get_by_label("Repository")).to_be_visible()
    member.get_by_label("ONNX file or zip bundle").set_input_files(
        {"name": "net.onnx", "mimeType": "application/octet-stream", "buffer": b"\x80\x04\x95nothing good."})
    member.get_by_role("button", name="Read it").click()
    expect(member.locator("main [role=alert]")).to_contain_text("a pickle, which runs code")
    expect(member.locator("main [role=alert]")).to_contain_text("export to ONNX")
    expect(member.get_by_role("button", name="Read it")).to_be_visible()  # and another can be chosen
