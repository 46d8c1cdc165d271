"""What people do with what was said in a room of the page: answer, edit, delete, react, pin, look back."""

import os
import re
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.chromium import browsing
from tests.support.server import Server, running_server
from tests.support.talking import come_in, fill_room, say


def message(page: Page, text: str) -> Locator:
    return page.locator(".message:not(.is-pending)").filter(has=page.locator(".message-body", has_text=text))


def do(page: Page, text: str, tool: str) -> None:
    """Point at a message, and press one of its tools."""
    message(page, text).hover()
    message(page, text).get_by_role("button", name=tool, exact=True).click()


def test_an_answer_shows_what_it_answers(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "answers", "ann")
    come_in(bob, "answers", "bob")
    say(ann, "who is there?")
    expect(message(bob, "who is there?")).to_be_visible()
    do(bob, "who is there?", "Reply")
    expect(bob.locator(".composer-about")).to_contain_text("Answering ann: who is there?")
    bob.keyboard.press("Escape")
    expect(bob.locator(".composer-about")).to_have_count(0)
    do(bob, "who is there?", "Reply")
    expect(bob.get_by_label("Write to")).to_be_focused()
    bob.keyboard.type("me")
    bob.keyboard.press("Enter")
    expect(message(ann, "me").locator(".message-quote")).to_contain_text("ann who is there?")
    message(ann, "me").locator(".message-quote").click()
    expect(message(ann, "who is there?")).to_be_focused()


def test_ones_own_words_can_be_edited_and_deleted(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "edits", "ann")
    come_in(bob, "edits", "bob")
    say(ann, "a mistkae")
    expect(message(bob, "a mistkae")).to_be_visible()
    message(bob, "a mistkae").hover()
    expect(message(bob, "a mistkae").get_by_role("button", name="Reply")).to_be_visible()
    expect(message(bob, "a mistkae").get_by_role("button", name="Edit")).to_have_count(0)
    expect(message(ann, "a mistkae")).to_be_visible()
    ann.get_by_label("Write to").press("ArrowUp")
    expect(ann.get_by_label("Write to")).to_have_value("a mistkae")
    ann.get_by_label("Write to").fill("a mistake")
    ann.keyboard.press("Enter")
    for page in (ann, bob):
        expect(page.locator(".message-body")).to_have_text(["a mistake"])
        expect(page.get_by_text("(edited)")).to_be_visible()
    expect(ann.get_by_label("Write to")).to_have_value("")
    do(ann, "a mistake", "Delete")
    ann.get_by_role("button", name="Delete it").click()
    for page in (ann, bob):
        expect(page.get_by_text("This message was deleted")).to_be_visible()
        expect(page.locator(".message-body")).to_have_count(0)


def test_reactions_are_counted_and_taken_back(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "reactions", "ann")
    come_in(bob, "reactions", "bob")
    say(ann, "a song")
    do(bob, "a song", "React")
    message(bob, "a song").get_by_role("button", name="React with 🔥").click()
    fire = message(ann, "a song").locator(".reaction")
    expect(fire).to_have_text(["🔥1"])
    fire.click()
    for page in (ann, bob):
        expect(message(page, "a song").locator(".reaction")).to_have_text(["🔥2"])
        expect(message(page, "a song").get_by_role("button", name="🔥, 2")).to_have_attribute(
            "aria-pressed", "true"
        )
    fire.click()
    expect(message(bob, "a song").locator(".reaction")).to_have_text(["🔥1"])
    bob.reload()
    expect(message(bob, "a song").get_by_role("button", name="🔥, 1")).to_have_attribute(
        "aria-pressed", "true"
    )


def test_one_can_scroll_back_to_the_beginning(chromium: Browser, tmp_path: Path) -> None:
    with (
        running_server(tmp_path, messages_burst=1000) as server,
        browsing(chromium, server.url) as (ann, _),
    ):
        fill_room(server, "past", 180)
        come_in(ann, "past", "ann")
        expect(message(ann, "line 179.")).to_be_visible()
        log = ann.get_by_role("log")
        expect(ann.locator(".message-body")).to_have_count(100)
        log.evaluate("log => (log.scrollTop = 300)")
        anchor = message(ann, "line 85.")
        before = anchor.bounding_box()
        expect(message(ann, "line 30.")).to_have_count(1)
        after = anchor.bounding_box()
        assert before and after and abs(before["y"] - after["y"]) < 5  # what is read stays where it is
        log.evaluate("log => (log.scrollTop = 0)")
        expect(message(ann, "line 0.")).to_have_count(1)
        expect(ann.get_by_text("This is where #past begins")).to_be_visible()
        assert ann.locator(".message-body").all_inner_texts() == [f"line {number}." for number in range(180)]


def test_the_keyboard_alone_is_enough(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "keys", "ann")
    come_in(bob, "keys", "bob")
    for body in ("first", "second", "third"):
        say(bob, body)
    expect(message(ann, "third")).to_be_visible()
    ann.get_by_role("log").focus()
    ann.keyboard.press("ArrowUp")
    ann.keyboard.press("ArrowUp")
    expect(message(ann, "second")).to_be_focused()
    ann.keyboard.press("e")  # not one's own
    expect(ann.locator(".composer-about")).to_have_count(0)
    ann.keyboard.press("Tab")
    ann.keyboard.press("Enter")  # the first tool: react
    ann.keyboard.press("Shift+Tab")
    ann.keyboard.press("Enter")
    expect(message(bob, "second").locator(".reaction")).to_have_count(1)
    ann.get_by_role("log").focus()
    ann.keyboard.press("ArrowUp")
    ann.keyboard.press("r")
    expect(ann.locator(".composer-about")).to_contain_text("Answering bob: third")
    ann.keyboard.type("yes")
    ann.keyboard.press("Enter")
    expect(message(bob, "yes").locator(".message-quote")).to_contain_text("third")


HOSTILE = """<img src=x onerror="alert(1)"> **<b>bold</b>** [x](javascript:alert(1))
> <script>alert(2)</script>
`</code><svg onload=alert(3)>` https://x.org/"onmouseover="alert(4) [ok](https://x.org/)
```
</code></pre><iframe srcdoc="x">
```
"""


def test_markdown_is_drawn_and_markup_is_not(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "hostile", "ann")
    come_in(bob, "hostile", "bob")
    field = ann.get_by_label("Write to")
    field.fill(HOSTILE)
    field.press("Enter")
    body = bob.locator(".message-body")
    expect(body).to_contain_text("<img src=x onerror=")
    assert body.locator("img, script, svg, iframe, b").count() == 0
    expect(body.locator("strong")).to_have_text("<b>bold</b>")
    expect(body.locator("blockquote")).to_have_text("<script>alert(2)</script>")
    expect(body.locator("pre code")).to_have_text('</code></pre><iframe srcdoc="x">')
    links = body.locator("a")
    expect(links).to_have_text(["https://x.org/", "ok"])
    for link in links.all():
        assert link.get_attribute("href") == "https://x.org/"
        assert re.search("noopener", link.get_attribute("rel") or "")
    names = body.evaluate("it => [...it.querySelectorAll('*')].flatMap((each) => each.getAttributeNames())")
    assert not [name for name in names if name.startswith("on")]


def test_a_link_to_a_moment_plays_it_in_the_room(
    two: tuple[Page, Page], track_id: str, server: Server
) -> None:
    ann, bob = two
    come_in(ann, "moments", "ann")
    come_in(bob, "moments", "bob")
    say(ann, f"hear {server.url}/t/{track_id}?t=12 !")
    moment = bob.locator(".moment")
    expect(moment).to_have_text("Long Wave0:12")
    moment.click()
    expect(bob.get_by_label("Player").get_by_role("button", name="Pause", exact=True)).to_be_visible()
    assert bob.url.endswith("/r/moments")
    expect(bob.get_by_label("Player")).to_contain_text(re.compile("0:1[2-9]"))


def test_what_is_pinned_is_in_sight(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "pins", "ann")
    come_in(bob, "pins", "bob")
    say(ann, "read *this* first")
    say(ann, "and then this")
    expect(message(ann, "and then this")).to_be_visible()
    do(ann, "read this first", "Pin")
    pins = bob.locator(".chat-pins")
    expect(pins).to_contain_text("read this first")
    bob.reload()
    expect(pins).to_contain_text("read this first")
    pins.click()
    bob.get_by_role("button", name="Show it where it was said").click()
    expect(message(bob, "read this first")).to_be_focused()
    do(ann, "read this first", "Unpin")
    expect(pins).to_have_count(0)


def test_what_was_refused_can_be_sent_again(chromium: Browser, tmp_path: Path) -> None:
    with (
        running_server(tmp_path) as server,
        browsing(chromium, server.url) as (ann, _),
    ):
        come_in(ann, "again", "ann")
        said = ann.locator(".message-body")
        ann.evaluate(
            """() => {
              const write = WebSocket.prototype.send;
              WebSocket.prototype.send = function (text) {
                const longer = '"body":"' + "x".repeat(4000);
                write.call(this, window.kind ? text : text.replace('"body":"', longer));
              };
            }"""
        )
        say(ann, "too long on its way")
        expect(ann.get_by_role("alert")).to_contain_text("Not sent: body is")
        ann.evaluate("window.kind = true")
        ann.get_by_role("button", name="Try again").click()
        expect(ann.get_by_role("alert")).to_have_count(0)
        expect(said).to_have_text(["too long on its way"])


def test_who_is_here_and_who_writes_is_shown(two: tuple[Page, Page]) -> None:
    ann, bob = two
    come_in(ann, "people", "ann")
    come_in(bob, "people", "bob")
    ann.locator(".chat-count").click()
    people = ann.get_by_role("dialog").get_by_role("listitem")
    expect(people).to_have_count(2)
    assert sorted(each.split("\n")[1] for each in people.all_inner_texts()) == ["ann", "bob"]
    ann.keyboard.press("Escape")
    expect(ann.locator(".chat-count")).to_be_focused()
    bob.get_by_label("Write to").press_sequentially("hm")
    expect(ann.locator(".typists")).to_have_text("bob is typing")
    bob.keyboard.press("Enter")
    expect(message(ann, "hm")).to_be_visible()
    expect(ann.locator(".typists")).to_have_text("")


def give_orders(server: Server, room: str, *lines: str) -> None:
    """Say lines in a room as somebody who may do everything."""
    veza = (sys.executable, "-c", "from streamer.cli import main; main()")
    env = {"VEZA_DATA_DIR": str(server.data_dir), "PATH": os.environ["PATH"]}
    command = [*veza, "token", "op", "--operator"]
    token = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.strip()
    command = [*veza, "say", room, "--server", server.url, "--token", token, "--password", "sesame"]
    subprocess.run(command, input="\n".join(lines), text=True, check=True)


def test_a_door_a_notice_and_being_sent_out(two: tuple[Page, Page], server: Server) -> None:
    ann, _ = two
    come_in(ann, "den", "ann")
    give_orders(server, "den", "/policy password sesame", "/kick ann too loud")
    shut = ann.get_by_text("You are not in this room")
    expect(shut).to_contain_text("too loud")
    ann.get_by_role("button", name="Come in").click()
    expect(shut).to_contain_text("asks for a password")
    ann.get_by_label("Password of the room").fill("wrong")
    ann.get_by_role("button", name="Come in").click()
    expect(shut).to_contain_text("password")
    ann.get_by_label("Password of the room").fill("sesame")
    ann.get_by_role("button", name="Come in").click()
    expect(shut).to_have_count(0)
    say(ann, "/help")
    expect(ann.locator(".chat-notice")).to_contain_text("/report NAME")
    say(ann, "back again")
    expect(message(ann, "back again")).to_be_visible()
    expect(ann.locator(".message.is-pending")).to_have_count(0)
