"""Listening to a show on the page: on its home, in its room, and wherever one goes meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from tests.support.account import ask, token_of
from tests.support.broadcaster import broadcasting, make_key
from tests.support.chromium import browsing
from tests.support.long import make_long
from tests.support.looks import LOOKS, look_at
from tests.support.server import Server
from tests.support.talking import come_in
from tests.support.waiting import wait_until

TRACK_PLAYS = "() => document.querySelector('audio[data-deck=current]').currentTime > 0.5"


@pytest.fixture(scope="module")
def song(folder: Path) -> Path:
    tags = ("-metadata", "title=Long Wave", "-metadata", "artist=The Sweeps")
    return make_long(folder / "song.mp3", times=30, options=tags)


HEARD_MS = """async () => {
  const app = document.querySelector("script[type=module]").src;
  const line = await import(app.replace("app.js", "line.js"));
  return line.socket.media.media;
}"""


# How a show is is asked for now and then, too; what is pushed must be enough.
NEVER_ASK_BY_THE_CLOCK = """
const later = window.setTimeout;
window.setTimeout = (act, ms, ...more) => ms === 15_000 ? 0 : later(act, ms, ...more);
"""


def wait_until_heard(page: Page) -> None:
    """Until sound has come on for half a second from here."""
    start = wait_until(lambda: page.evaluate(HEARD_MS), "something is heard")
    wait_until(lambda: (page.evaluate(HEARD_MS) or 0) > start + 500, "the sound comes on")


def wait_until_silent(page: Page) -> None:
    wait_until(lambda: page.evaluate(HEARD_MS) is None, "nothing is heard")


def test_a_show_is_heard_on_every_screen_until_it_ends(chromium: Browser, server: Server, song: Path) -> None:
    key = make_key(server, "den")
    with browsing(chromium, server.url) as (page, _):
        come_in(page, "den", "ann")
        with broadcasting(server, "den", song, key):
            stage = page.get_by_label("The show", exact=True)
            expect(stage).to_contain_text("The Sweeps - Long Wave")
            stage.get_by_role("button", name="Listen to the show").click()
            wait_until_heard(page)
            expect(stage.get_by_role("button", name="s behind")).to_be_visible()
            page.get_by_role("link", name="Listen", exact=True).click()
            expect(page.get_by_role("heading", name="Live now")).to_be_visible()
            wait_until_heard(page)
            player = page.get_by_label("Player", exact=True)
            expect(player).to_contain_text("The Sweeps - Long Wave")
            page.get_by_role("heading", name="Live now").click()  # nothing has the focus
            page.keyboard.press("Space")
            wait_until_silent(page)
            page.keyboard.press("Space")
            wait_until_heard(page)
            player.get_by_role("link", name="The Sweeps").click()
            stage.get_by_role("button", name="From the beginning").click()
            page.wait_for_function(TRACK_PLAYS)
            expect(page.locator("audio[data-live]")).to_have_count(0)
            player.get_by_role("button", name="Go to where the show is now").click()
            wait_until_heard(page)
        expect(stage).to_contain_text("line dropped")
        wait_until_heard(page)  # silence, but no stall
        with broadcasting(server, "den", song, key):
            expect(stage).not_to_contain_text("line dropped")
            wait_until_heard(page)
            token = token_of(server, "op", operator=True)
            assert ask(server, "POST", "/api/v1/rooms/den/live/end", token).status == 204
            expect(stage).to_contain_text("The show has ended")
            expect(stage.get_by_role("link", name="Listen to the recording")).to_be_visible()
            log = page.get_by_role("log")
            for line in ("Live now: Long Wave", "Now playing: The Sweeps - Long Wave", "has ended"):
                expect(log).to_contain_text(line)
            stage.get_by_role("link", name="Listen to the recording").click()
            expect(page.get_by_role("link", name="A show in #den")).to_be_visible()
            chapter = page.locator(".chapter").first
            expect(chapter).to_contain_text("The Sweeps - Long Wave")
            chapter.click()
            page.wait_for_function(TRACK_PLAYS)


def test_a_show_that_begins_while_it_is_asked_for_is_there_at_once(
    chromium: Browser, server: Server, song: Path
) -> None:
    """An answer that was given before the show began comes behind the word that it has begun."""
    old: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        if old:
            route.fallback()
        else:
            old.append((route, route.fetch()))

    with browsing(chromium, server.url) as (page, _):
        page.add_init_script(NEVER_ASK_BY_THE_CLOCK)
        page.route("**/api/v1/rooms/soon/live", hold)
        come_in(page, "soon", "ann")
        with broadcasting(server, "soon", song, make_key(server, "soon")):
            expect(page.get_by_role("log")).to_contain_text("Live now: Long Wave")
            ((route, answer),) = old
            route.fulfill(response=answer)
            stage = page.get_by_label("The show", exact=True)
            expect(stage).to_contain_text("The Sweeps - Long Wave")


@pytest.fixture(scope="module")
def airing(server: Server, song: Path) -> Iterator[str]:
    with broadcasting(server, "radio", song, make_key(server, "radio")):
        yield "radio"


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
def test_what_is_live_looks_well(chromium: Browser, server: Server, airing: str, look: str) -> None:
    with browsing(chromium, server.url, **LOOKS[look]) as (page, _):
        page.goto("/")
        expect(page.get_by_role("heading", name="Live now")).to_be_visible()
        look_at(page, f"home-live-{look}")
        come_in(page, airing, "ann")
        page.get_by_label("The show", exact=True).get_by_role("button", name="Listen to the show").click()
        wait_until_heard(page)
        look_at(page, f"room-live-{look}")
