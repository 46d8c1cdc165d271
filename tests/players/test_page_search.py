"""One field for all there is: as one types, by keyboard, with words when there is nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.api import send_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.chromium import browsing
from tests.support.server import Server, running_server

NASTY = "<script>window.hurt=1</script> \"' OR * ? 🎻"
TITLES = ("Café del Mar", "cafeteria noise", NASTY)


@pytest.fixture(scope="module")
def shelf(folder: Path) -> Iterator[Server]:
    """A server with three tracks."""
    song = make_tone(folder / "note.mp3", seconds=1)
    with running_server(folder / "shelf", renditions="aac128") as server:
        for title in TITLES:
            track = wait_for_track(server.url, upload(server.url, song)["id"])
            send_json(f"{server.url}/api/v1/tracks/{track['id']}", {"title": title}, "PATCH")
        yield server


def test_the_keyboard_finds_and_opens(chromium: Browser, shelf: Server) -> None:
    with browsing(chromium, shelf.url) as (page, _):
        page.goto("/r/lobby")
        page.get_by_role("heading", name="lobby", exact=True).click()  # nobody writes
        page.keyboard.press("/")
        field = page.get_by_role("combobox", name="Search the library")
        expect(field).to_be_focused()
        page.keyboard.type("cafe")
        options = page.get_by_role("option")
        expect(options).to_have_count(3)  # two tracks, and the way to all of them
        expect(field).to_have_attribute("aria-expanded", "true")
        page.keyboard.press("ArrowUp")
        expect(options.last).to_have_attribute("aria-selected", "true")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        expect(options.first).to_have_attribute("aria-selected", "true")
        page.keyboard.type("t")
        expect(options).to_have_count(2)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("cafeteria noise")
        expect(field).not_to_be_focused()
        expect(page.get_by_role("option")).to_have_count(0)


def test_any_text_is_a_question_and_an_empty_answer_teaches(chromium: Browser, shelf: Server) -> None:
    with browsing(chromium, shelf.url) as (page, _):
        page.goto("/")
        field = page.get_by_role("combobox", name="Search the library")
        field.fill(NASTY)
        expect(page.get_by_role("option").first).to_contain_text(NASTY)
        for text in ('zz"', "zz*", "zz OR qq", "z" * 200, "%zz", "((zz", "NEAR(zz"):
            field.fill(text)
            expect(page.get_by_role("status").get_by_text(f"Nothing here is called “{text}”")).to_be_visible()
        expect(page.get_by_text("The search looks at titles")).to_be_visible()
        page.keyboard.press("Escape")
        expect(field).to_have_value("")
        page.keyboard.press("Escape")
        expect(field).not_to_be_focused()
        assert page.evaluate("window.hurt") is None


def test_a_search_of_the_library_has_an_address(chromium: Browser, shelf: Server) -> None:
    with browsing(chromium, shelf.url) as (page, _):
        page.goto("/")
        page.get_by_role("combobox", name="Search the library").fill("CAFÉ")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{shelf.url}/library?q=CAF%C3%89")
        expect(page.locator(".grid-body .grid-row")).to_have_count(2)
        find = page.get_by_role("searchbox", name="Find a track")
        expect(find).to_have_value("CAFÉ")
        find.fill("noise")
        expect(page.locator(".grid-body .grid-row")).to_have_count(1)
        page.reload()
        expect(page.locator(".grid-body .grid-row")).to_contain_text("cafeteria noise")
        find.fill("nothing like it")
        expect(page.get_by_role("heading", name="Nothing here is called “nothing like it”")).to_be_visible()
        page.get_by_role("link", name="Show all tracks").press("Enter")
        expect(page.locator(".grid-body .grid-row")).to_have_count(3)
        expect(find).to_have_value("")
