"""Albums: found in the library, played from the first track into the next, and edited as a whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.chromium import browsing
from tests.support.noting import note, wait_until_noted
from tests.support.server import Server, running_server

NASTY = '<h1>שלום 🎻 " & <script>window.hurt = 1</script>'
SONGS = (("Last", 1, 3), ("First", 1, 1), ("On the second disc", 2, 1))


@pytest.fixture(scope="module")
def records(folder: Path) -> Iterator[Server]:
    """A server with one album on two discs, uploaded in the wrong order."""
    with running_server(folder / "records", renditions="aac128") as server:
        for title, disc, number in SONGS:
            tags = {"title": title, "album": NASTY, "artist": "Ann", "disc": disc, "track": number}
            options = [part for name, value in tags.items() for part in ("-metadata", f"{name}={value}")]
            song = make_tone(folder / f"{title}.mp3", seconds=2, options=tuple(options))
            wait_for_track(server.url, upload(server.url, song)["id"])
        yield server


def test_an_album_is_found_and_plays_in_its_order(chromium: Browser, records: Server) -> None:
    with browsing(chromium, records.url) as (page, _):
        page.goto("/library")
        page.get_by_role("link", name="Albums").press("Enter")
        expect(page).to_have_url(f"{records.url}/library/albums")
        page.get_by_role("link", name=NASTY).press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(NASTY)
        expect(page.locator(".track-facts")).to_contain_text("3 tracks")
        rows = page.locator(".grid-body .grid-row")
        expect(page.locator(".grid-body .grid-title a")).to_have_text(["First", "Last", "On the second disc"])
        expect(page.locator(".grid-digits")).to_have_text(["1.1", "1.3", "2.1"])
        note(page, ".player-title")
        page.get_by_role("button", name="Play all").press("Enter")
        wait_until_noted(page, ".player-title", ["First", "Last", "On the second disc"])
        expect(rows.last).to_contain_class("is-current")
        assert page.evaluate("window.hurt") is None


def test_all_of_an_album_is_edited_and_its_page_follows(chromium: Browser, records: Server) -> None:
    (album,) = get_json(f"{records.url}/api/v1/albums")["items"]
    with browsing(chromium, records.url) as (page, _):
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(album["links"]["page"])
        page.get_by_role("button", name="Copy page link").press("Enter")
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == records.url + album["links"]["page"]
        page.get_by_role("button", name="Edit all").press("Enter")
        page.get_by_role("dialog").get_by_label("Year").fill("1977")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_have_count(0)  # all are saved
        expect(page.locator(".track-facts")).to_contain_text("1977")
        assert {track["year"] for track in get_json(f"{records.url}/api/v1/tracks")["items"]} == {1977}


def test_an_album_is_in_the_search_and_on_its_tracks(chromium: Browser, records: Server) -> None:
    with browsing(chromium, records.url) as (page, faults):
        page.goto("/")
        expect(page.locator(".card").first).to_be_visible()
        page.keyboard.press("/")
        expect(page.get_by_role("combobox", name="Search the library")).to_be_focused()
        page.keyboard.type("script window")
        page.get_by_role("group", name="Albums").get_by_role("option").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(NASTY)
        page.get_by_role("link", name="First").click()
        page.locator(".track-album a").click()
        expect(page.get_by_role("button", name="Play all")).to_be_visible()
        faults.allowed.append("404")
        page.goto("/a/nothing")
        expect(page.get_by_role("heading", name="This album is not here")).to_be_visible()
