"""Playlists: made, filled, put in another order and emptied by keyboard; what is refused is taken back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from tests.support.api import get_json, send_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.chromium import browsing
from tests.support.noting import note, wait_until_noted
from tests.support.server import Server, running_server
from tests.support.waiting import wait_until

NASTY = "<img src=x onerror='window.hurt=1'> שלום 🎻"
TITLES = ("One", "Two", "Three")


@pytest.fixture(scope="module")
def jukebox(folder: Path) -> Iterator[Server]:
    """A server with three short tracks."""
    with running_server(folder / "jukebox", renditions="aac128") as server:
        for title in TITLES:
            song = make_tone(folder / f"{title}.mp3", seconds=2)
            wait_for_track(server.url, upload(server.url, song)["id"])
        yield server


@pytest.fixture
def mix(jukebox: Server) -> dict[str, Any]:
    """A playlist of One, Two, Three."""
    playlist: dict[str, Any] = send_json(f"{jukebox.url}/api/v1/playlists", {"title": NASTY})
    for track in reversed(get_json(f"{jukebox.url}/api/v1/tracks")["items"]):
        send_json(f"{jukebox.url}{playlist['links']['self']}/items", {"track": track["id"]})
    return playlist


def kept(server: Server, playlist: dict[str, Any]) -> list[str]:
    items = get_json(f"{server.url}{playlist['links']['self']}")["items"]
    return [entry["track"]["title"] for entry in items]


def shown(page: Page) -> list[str]:
    """Titles of the rows, from top to bottom."""
    script = """rows => rows
      .map(row => [row.getBoundingClientRect().top, row.querySelector(".grid-title a").textContent])
      .sort((one, other) => one[0] - other[0]).map(([, title]) => title)"""
    found: list[str] = page.locator(".grid-body .grid-row").evaluate_all(script)
    return found


def wait_until_kept(server: Server, playlist: dict[str, Any], titles: list[str]) -> None:
    wait_until(lambda: kept(server, playlist) == titles, f"the server has {titles}")


def test_a_playlist_is_made_filled_and_played_by_keyboard(chromium: Browser, jukebox: Server) -> None:
    with browsing(chromium, jukebox.url) as (page, _):
        page.goto("/library")
        page.locator(".grid-body [data-active]").focus()
        page.keyboard.press("Control+a")
        page.get_by_role("button", name="Add to playlist").press("Enter")
        dialog = page.get_by_role("dialog", name="Add 3 tracks to a playlist")
        dialog.get_by_label("Name of the playlist").fill(NASTY)
        page.keyboard.press("Enter")
        page.locator(".toast").filter(has_text="3 tracks added").get_by_role("link").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(NASTY)
        assert shown(page) == ["Three", "Two", "One"]
        note(page, ".player-title")
        page.get_by_role("button", name="Play all").press("Enter")
        wait_until_noted(page, ".player-title", ["Three", "Two"])
        page.get_by_role("button", name="Rename").press("Enter")
        page.get_by_role("dialog").get_by_label("Name of the playlist").fill("Evening")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Evening")
        page.get_by_role("button", name="Delete", exact=True).press("Enter")
        page.get_by_role("button", name="Delete it").press("Enter")
        expect(page).to_have_url(f"{jukebox.url}/library/playlists")
        assert page.evaluate("window.hurt") is None


def test_rows_are_moved_by_keys_and_by_hand_and_taken_out(
    chromium: Browser, jukebox: Server, mix: dict[str, Any]
) -> None:
    with browsing(chromium, jukebox.url) as (page, _):
        page.goto(mix["links"]["page"])
        row = page.locator(".grid-body [data-active]")
        row.focus()
        page.keyboard.press("Alt+ArrowDown")
        assert shown(page) == ["Two", "One", "Three"]
        expect(row).to_be_focused()
        handle = row.locator(".grid-handle button")
        handle.focus()
        page.keyboard.press("ArrowDown")
        expect(handle).to_be_focused()
        expect(page.get_by_text("Now 3 of 3")).to_have_count(1)
        wait_until_kept(jukebox, mix, ["Two", "Three", "One"])
        box = page.get_by_role("button", name="Move One").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 20, box["y"] + 20)
        page.mouse.down()
        page.mouse.move(box["x"] + 20, box["y"] - 40, steps=4)
        page.mouse.move(box["x"] + 20, box["y"] - 110, steps=4)
        page.mouse.up()
        assert shown(page) == ["One", "Two", "Three"]
        wait_until_kept(jukebox, mix, ["One", "Two", "Three"])
        row.focus()
        page.keyboard.press("Home")
        page.keyboard.press("Delete")
        assert shown(page) == ["Two", "Three"]
        wait_until_kept(jukebox, mix, ["Two", "Three"])


def test_an_answer_that_is_older_than_a_move_does_not_undo_it(
    chromium: Browser, jukebox: Server, mix: dict[str, Any]
) -> None:
    """The list is asked for again when the line has come up, while somebody puts it in order."""
    late: list[tuple[Route, APIResponse]] = []
    answered: list[Route] = []

    def hold_second(route: Route) -> None:
        if route.request.method == "GET" and answered and not late:
            late.append((route, route.fetch()))
            return
        answered.append(route)
        route.fallback()

    with browsing(chromium, jukebox.url) as (page, _):
        page.route(f"**{mix['links']['self']}", hold_second)
        page.goto(mix["links"]["page"])
        wait_until(lambda: page.evaluate("1") and late, "it is asked for again")
        page.locator(".grid-body [data-active]").focus()
        page.keyboard.press("Alt+ArrowDown")
        wait_until_kept(jukebox, mix, ["Two", "One", "Three"])
        ((route, answer),) = late
        with page.expect_event("requestfinished"):
            route.fulfill(response=answer)
        page.evaluate("() => new Promise((resolve) => setTimeout(resolve))")
        assert shown(page) == ["Two", "One", "Three"]


def test_an_order_that_came_too_late_is_taken_back_with_words(
    chromium: Browser, jukebox: Server, mix: dict[str, Any]
) -> None:
    with browsing(chromium, jukebox.url) as (page, faults):
        faults.allowed.append("412")
        page.goto(mix["links"]["page"])
        expect(page.locator(".grid-body .grid-row")).to_have_count(3)
        entries = [entry["id"] for entry in get_json(f"{jukebox.url}{mix['links']['self']}")["items"]]
        order = {"items": [entries[2], entries[0], entries[1]]}
        send_json(f"{jukebox.url}{mix['links']['self']}/items", order, "PUT")
        page.locator(".grid-body [data-active]").focus()
        page.keyboard.press("Alt+ArrowDown")
        expect(page.get_by_text("The playlist was not changed.")).to_be_visible()
        page.wait_for_function("() => document.querySelectorAll('.toast.is-bad').length === 1")
        wait_until(lambda: shown(page) == ["Three", "One", "Two"], "the order of the server")
