"""Links to a moment of a track."""

from playwright.sync_api import Browser, expect

from tests.support.chromium import browsing
from tests.support.noting import note, wait_until_said
from tests.support.player import CURRENT, NOTE_BEGINNING, position, wait_until_past
from tests.support.server import Server

# What a browser says to a page that plays before anybody has touched it.
FORBID_AUTOPLAY = """HTMLMediaElement.prototype.play = () =>
  Promise.reject(new DOMException("touch the page first", "NotAllowedError"))"""


def test_a_link_opens_at_its_moment_and_another_is_made(
    chromium: Browser, server: Server, track_id: str
) -> None:
    with browsing(chromium, server.url, permissions=["clipboard-read", "clipboard-write"]) as (page, _):
        page.add_init_script(NOTE_BEGINNING)
        page.goto(f"/t/{track_id}?t=0:28")
        wait_until_past(page, 28.2)
        assert 28 <= page.evaluate("begun") < 32
        expect(page).to_have_url(f"{server.url}/t/{track_id}")
        page.keyboard.press(" ")
        page.wait_for_function(f"() => {CURRENT}.paused")
        second = int(position(page))
        note(page, ".track-tools [role=status]")
        page.locator(".track-tools button").filter(has_text="Copy link to this moment").click()
        wait_until_said(page, ".track-tools [role=status]", "Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == f"{server.url}/t/{track_id}?t={second}"


def test_where_sound_may_not_begin_by_itself_the_moment_waits(
    chromium: Browser, server: Server, track_id: str
) -> None:
    with browsing(chromium, server.url) as (page, _):
        page.add_init_script(FORBID_AUTOPLAY)
        page.goto(f"/t/{track_id}?t=28s")
        page.wait_for_function(f"() => {CURRENT}.readyState >= 3")
        player = page.get_by_role("region", name="Player")
        expect(player.locator(".player-clock")).to_have_text("0:28 / 0:40")
        expect(player.get_by_role("button", name="Play", exact=True)).to_be_visible()
        assert position(page) == 28


def test_a_moment_behind_the_end_is_the_end_and_nonsense_is_nothing(
    chromium: Browser, server: Server, track_id: str
) -> None:
    with browsing(chromium, server.url) as (page, _):
        page.goto(f"/t/{track_id}?t=soon")
        expect(page.get_by_role("heading", name="Long Wave")).to_be_visible()
        assert page.evaluate(f"{CURRENT}.paused")
        page.goto(f"/t/{track_id}?t=9h")
        page.wait_for_function(f"() => {CURRENT}.ended")
        assert abs(position(page) - 40) < 0.1
