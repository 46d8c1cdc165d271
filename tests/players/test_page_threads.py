"""What was said in a room of the page, found again: threads beside it, and the search."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.chromium import browsing
from tests.support.server import Server, running_server
from tests.support.talking import come_in, fill_room, say


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with running_server(folder, messages_burst=1000) as running:
        yield running


def said(where: Page | Locator) -> Locator:
    return where.locator(".message:not(.is-pending) .message-body")


def test_a_thread_is_read_and_answered_beside_the_room(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "threads", "ann")
    come_in(bob, "threads", "bob")
    say(ann, "which key?")
    say(ann, "and which tempo?")
    room = bob.get_by_role("log", name="Messages")
    expect(said(room)).to_have_count(2)
    room.focus()
    bob.keyboard.press("ArrowUp")
    bob.keyboard.press("ArrowUp")
    bob.keyboard.press("t")
    panel = bob.get_by_role("complementary", name="Thread")
    expect(said(panel)).to_have_text(["which key?"])
    expect(panel.get_by_label("Answer in this thread")).to_be_focused()
    bob.keyboard.type("e minor")
    bob.keyboard.press("Enter")
    expect(said(panel)).to_have_text(["which key?", "e minor"])
    expect(said(room)).to_have_text(["which key?", "and which tempo?", "e minor"])
    ann.get_by_role("button", name="1 reply").click()
    beside = ann.get_by_role("complementary", name="Thread")
    expect(said(beside)).to_have_text(["which key?", "e minor"])
    beside.get_by_label("Answer in this thread").fill("thanks")
    beside.get_by_role("button", name="Send").click()
    expect(said(panel)).to_have_text(["which key?", "e minor", "thanks"])
    expect(said(room)).to_have_count(4)
    panel.get_by_label("Answer in this thread").press("ArrowUp")
    bob.keyboard.press("ControlOrMeta+A")
    bob.keyboard.type("e major")
    bob.keyboard.press("Enter")
    for page in (panel, beside):
        expect(said(page)).to_have_text(["which key?", "e major", "thanks"])
    bob.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(room.locator(".message").first).to_be_focused()
    expect(room.get_by_role("button", name="2 replies")).to_be_visible()
    ann.reload()
    expect(ann.get_by_role("button", name="2 replies")).to_be_visible()


def test_what_was_said_long_ago_is_found_and_shown(chromium: Browser, server: Server) -> None:
    fill_room(server, "long", 180)
    with browsing(chromium, server.url) as (ann, _):
        come_in(ann, "long", "ann")
        log = ann.get_by_role("log", name="Messages")
        expect(said(log)).to_have_count(100)
        ann.get_by_role("button", name="Search in #long").focus()
        ann.keyboard.press("Enter")
        panel = ann.get_by_role("complementary", name="Search in #long")
        expect(panel.get_by_label("Words to look for")).to_be_focused()
        ann.keyboard.type("nowhere")
        expect(panel.get_by_role("status")).to_have_text("Nobody has said “nowhere” here")
        ann.keyboard.press("ControlOrMeta+A")
        ann.keyboard.type("lin 12")
        expect(panel.get_by_role("status")).to_have_text("11 messages")
        expect(panel.get_by_role("listitem").last).to_contain_text("line 12.")
        panel.get_by_role("listitem").last.get_by_role("button", name="Show it where it was said").press(
            "Enter"
        )
        expect(log.locator(".message:focus")).to_contain_text("line 12.")
        expect(log.get_by_text("messages in between")).to_be_attached()
        log.get_by_role("button", name="Show them").click()
        expect(said(log)).to_have_count(180)
        assert said(log).all_inner_texts() == [f"line {number}." for number in range(180)]
        panel.get_by_role("button", name="Close").click()
        expect(panel).to_have_count(0)
