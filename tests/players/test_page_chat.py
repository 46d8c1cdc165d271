"""People talk in a room of the page: real browsers, a real server, a line that breaks."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.chromium import Faults, browsing
from tests.support.server import Server
from tests.support.severing import LINE_BROKE, severable
from tests.support.talking import come_in, say


@pytest.fixture
def two(chromium: Browser, server: Server) -> Iterator[tuple[Page, Page]]:
    """Two visitors, each with a browser profile of their own."""
    with ExitStack() as stack:
        ann: tuple[Page, Faults] = stack.enter_context(browsing(chromium, server.url))
        bob: tuple[Page, Faults] = stack.enter_context(browsing(chromium, server.url))
        yield ann[0], bob[0]


def test_two_talk_and_one_is_seen_leaving(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "talk", "ann")
    come_in(bob, "talk", "bob")
    expect(ann.get_by_text("bob joined")).to_be_visible()
    expect(ann.locator(".chat-count")).to_contain_text("2 people here")
    say(ann, "hello bob")
    expect(bob.locator(".message-body")).to_have_text(["hello bob"])
    say(bob, "hello ann")
    expect(ann.locator(".message-body")).to_have_text(["hello bob", "hello ann"])
    bob.context.close()
    expect(ann.get_by_text("bob left")).to_be_visible()
    expect(ann.locator(".chat-count")).to_contain_text("1 person here")


def test_what_people_write_is_only_ever_text(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "text", "<i>ann</i>")
    come_in(bob, "text", "bob")
    markup = "<img src=x onerror=alert(1)> & <b>loud</b>"
    say(ann, markup)
    expect(bob.locator(".message-body")).to_have_text([markup])
    assert bob.locator(".message img, .message b b, .message-body b").count() == 0


def test_a_broken_line_keeps_every_message_and_doubles_none(chromium: Browser, server: Server) -> None:
    with (
        severable(server.port) as line,
        browsing(chromium, line.url) as (ann, faults),
        browsing(chromium, server.url) as (bob, _),
    ):
        faults.allowed.append(LINE_BROKE)
        come_in(ann, "line", "ann")
        come_in(bob, "line", "bob")
        say(ann, "before")
        expect(bob.locator(".message-body")).to_have_text(["before"])
        line.cut()
        expect(ann.get_by_text(re.compile(r"Offline since"))).to_be_visible()
        say(ann, "one while away")
        say(ann, "two while away")
        expect(ann.locator(".message.is-pending")).to_have_count(2)
        say(bob, "meanwhile")
        expect(bob.locator(".message-body")).to_have_text(["before", "meanwhile"])
        line.mend()
        everything = ["before", "meanwhile", "one while away", "two while away"]
        for page in (ann, bob):
            expect(page.locator(".message:not(.is-pending) .message-body")).to_have_text(everything)
        expect(ann.locator(".message.is-pending")).to_have_count(0)
        expect(ann.get_by_text("Offline since")).to_have_count(0)


def test_a_message_sent_twice_is_one_message(chromium: Browser, server: Server) -> None:
    """The acknowledgement is lost with the line: the same nonce goes again, the room keeps one message."""
    with (
        severable(server.port) as line,
        browsing(chromium, line.url) as (ann, faults),
        browsing(chromium, server.url) as (bob, _),
    ):
        faults.allowed.append(LINE_BROKE)
        ann.add_init_script(
            """
            const write = WebSocket.prototype.send;
            window.sent = [];
            WebSocket.prototype.send = function (text) { sent.push(text); write.call(this, text); };
            const hear = Object.getOwnPropertyDescriptor(WebSocket.prototype, "onmessage").set;
            Object.defineProperty(WebSocket.prototype, "onmessage", {set(listener) {
              hear.call(this, listener && ((event) => {
                const frame = JSON.parse(event.data);
                const lost = window.deaf && (frame.type === "ack" || frame.type === "message");
                if (!lost) listener(event);
              }));
            }});
            """
        )
        come_in(ann, "twice", "ann")
        come_in(bob, "twice", "bob")
        ann.evaluate("window.deaf = true")
        say(ann, "only once")
        expect(bob.locator(".message-body")).to_have_text(["only once"])
        expect(ann.locator(".message.is-pending")).to_have_count(1)
        line.cut()
        expect(ann.get_by_text("Offline since")).to_be_visible()
        ann.evaluate("window.deaf = false")
        line.mend()
        expect(ann.locator(".message:not(.is-pending) .message-body")).to_have_text(["only once"])
        say(ann, "the end")
        expect(bob.locator(".message-body")).to_have_text(["only once", "the end"])
        expect(ann.locator(".message:not(.is-pending) .message-body")).to_have_text(["only once", "the end"])


def test_too_fast_is_only_slower(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "fast", "ann")
    come_in(bob, "fast", "bob")
    written = [f"line {number}" for number in range(70)]
    field = ann.get_by_label("Write to")
    for body in written:
        field.fill(body)
        field.press("Enter")
    expect(bob.locator(".message-body")).to_have_text(written)


def test_one_who_reads_back_is_left_in_peace(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "scroll", "ann")
    come_in(bob, "scroll", "bob")
    for number in range(40):
        say(bob, f"old {number}")
    expect(ann.locator(".message-body")).to_have_count(40)
    log = ann.get_by_role("log")
    at_end = "log => log.scrollHeight - log.scrollTop - log.clientHeight < 2"
    assert log.evaluate(at_end)
    log.evaluate("log => (log.scrollTop = 100)")
    log.evaluate("() => new Promise(requestAnimationFrame)")
    for number in range(3):
        say(bob, f"new {number}")
    pill = ann.get_by_role("button", name="3 new")
    expect(pill).to_be_visible()
    assert log.evaluate("log => log.scrollTop") == 100
    pill.click()
    assert log.evaluate(at_end)
    expect(pill).to_have_count(0)


def test_a_draft_and_a_name_outlive_a_reload(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server.url) as (ann, _):
        come_in(ann, "draft", "ann")
        ann.get_by_label("Write to").fill("half a thou")
        ann.reload()
        expect(ann.get_by_label("Write to")).to_have_value("half a thou")
        say(ann, "whole")
        expect(ann.locator(".message-head b")).to_have_text("ann")
        me = json.loads(ann.evaluate("localStorage['veza.name']"))
        assert me == "ann"


def test_a_name_that_is_refused_says_why(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server.url) as (page, _):
        page.goto("/r/names")
        page.get_by_label("What should people call you?").fill("a\u202eb")
        page.get_by_role("button", name="Join").click()
        expect(page.get_by_role("alert")).to_contain_text("U+202E")
        page.get_by_label("What should people call you?").fill("ann")
        page.get_by_role("button", name="Join").click()
        expect(page.locator(".chat-count")).to_be_visible()
