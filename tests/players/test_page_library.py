"""The library: thousands of rows, found, ordered, chosen and deleted with the keyboard alone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.chromium import browsing
from tests.support.noting import note, wait_until_noted
from tests.support.player import wait_until_past
from tests.support.server import Server, running_server

MANY = 3000
NASTY = '<img src=x onerror="window.hurt=1"> שלום 🎻'
TITLES = ("Évora", "alpha", "Zebra 10", "Zebra 9", NASTY, "w" * 500)


@pytest.fixture(scope="module")
def stocked(folder: Path) -> Iterator[Server]:
    """A server with a few short tracks."""
    with running_server(folder / "stocked", renditions="aac128") as server:
        for number, title in enumerate(TITLES):
            tags = ("-metadata", f"title={title}", "-metadata", f"album=Album {number % 2}")
            song = make_tone(folder / f"{number}.mp3", seconds=2, options=tags)
            wait_for_track(server.url, upload(server.url, song)["id"])
        yield server


def open_library(page: Page) -> None:
    page.goto("/library")
    expect(page.get_by_role("grid", name="Tracks")).to_be_visible()


def titles(page: Page) -> list[str]:
    """Of the rows, from top to bottom."""
    script = """rows => rows
      .map(row => [row.getBoundingClientRect().top, row.querySelector(".grid-title a").textContent])
      .sort((one, other) => one[0] - other[0]).map(([, title]) => title)"""
    shown: list[str] = page.locator(".grid-body .grid-row").evaluate_all(script)
    return shown


def test_the_keyboard_finds_orders_plays_and_chooses(chromium: Browser, stocked: Server) -> None:
    with browsing(chromium, stocked.url) as (page, _):
        open_library(page)
        expect(page.get_by_text("6 tracks", exact=True)).to_be_visible()
        assert titles(page) == [*reversed(TITLES)]
        page.get_by_role("button", name="Title").press("Enter")
        assert titles(page) == [NASTY, "alpha", "Évora", "w" * 500, "Zebra 9", "Zebra 10"]
        expect(page.get_by_role("columnheader", name="Title")).to_have_attribute("aria-sort", "ascending")
        row = page.locator(".grid-body [data-active]")
        row.focus()
        page.keyboard.press("Home")
        expect(row).to_contain_text(NASTY)
        page.keyboard.press("End")
        expect(row).to_contain_text("Zebra 10")
        expect(row).to_be_focused()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowDown")
        note(page, ".player-title")
        page.keyboard.press("Enter")
        wait_until_past(page, 0.3)
        wait_until_noted(page, ".player-title", ["alpha"])
        page.keyboard.press(" ")
        expect(row).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Shift+ArrowDown")
        expect(page.get_by_text("2 chosen")).to_be_visible()
        page.keyboard.press("Control+a")
        expect(page.get_by_text("6 chosen")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("region", name="What to do")).to_have_count(0)
        page.reload()
        assert page.get_by_role("columnheader", name="Title").get_attribute("aria-sort") == "ascending"
        assert page.evaluate("window.hurt") is None


def test_many_are_deleted_after_one_question(chromium: Browser, stocked: Server, folder: Path) -> None:
    song = make_tone(folder / "doomed.mp3", seconds=1)
    doomed = [upload(stocked.url, song)["id"] for _ in range(3)]
    for track_id in doomed:
        wait_for_track(stocked.url, track_id)
    with browsing(chromium, stocked.url) as (page, faults):
        faults.allowed.append("404")
        open_library(page)
        page.locator(".grid-body [data-active]").focus()
        page.keyboard.press("Shift+ArrowDown")
        page.keyboard.press("Shift+ArrowDown")
        page.keyboard.press("Delete")
        dialog = page.get_by_role("dialog", name="Delete 3 tracks?")
        expect(dialog).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        page.get_by_role("button", name="Delete", exact=True).press("Enter")
        dialog.get_by_role("button", name="Delete").press("Enter")
        expect(page.get_by_text("3 tracks deleted")).to_be_visible()
        expect(page.get_by_text("6 tracks", exact=True)).to_be_visible()
        assert len(get_json(f"{stocked.url}/api/v1/tracks")["items"]) == len(TITLES)


def lots(template: dict[str, Any], route: Route) -> None:
    """Answer as a server with thousands of tracks would."""
    query = parse_qs(urlsplit(route.request.url).query)
    first = int(query.get("cursor", ["0"])[0])
    end = min(MANY, first + int(query["limit"][0]))
    items = [template | {"id": f"{MANY - n:026d}", "title": f"Song {n}"} for n in range(first, end)]
    page = {"items": items, "next": str(end) if end < MANY else None}
    route.fulfill(body=json.dumps(page), content_type="application/json")


def test_thousands_of_rows_are_quick_and_few_are_in_the_document(chromium: Browser, stocked: Server) -> None:
    template = get_json(f"{stocked.url}/api/v1/tracks")["items"][0]
    with browsing(chromium, stocked.url) as (page, _):
        page.route("**/api/v1/tracks?*", lambda route: lots(template, route))
        open_library(page)
        row = page.locator(".grid-body [data-active]")
        row.focus()
        page.get_by_role("button", name="Length").press("Enter")
        expect(page.get_by_text("3,000 tracks", exact=True)).to_be_visible()
        row.focus()
        page.keyboard.press("End")
        expect(row).to_contain_text("Song 2999")
        expect(row).to_be_in_viewport(ratio=0.99)
        assert page.locator(".grid-body .grid-row").count() < 60
        blank = page.evaluate(
            """async () => {
              const frame = () => new Promise(requestAnimationFrame);
              const blank = [];
              for (let top = 0; top < 60000; top += 3000) {
                scrollTo(0, top);
                await frame();
                await frame();
                const middle = document.elementFromPoint(innerWidth / 2, innerHeight / 2);
                if (!middle?.closest(".grid-row")) blank.push(top);
              }
              return blank;
            }"""
        )
        assert blank == [], "two frames after a jump through the list its rows are there"


def test_tags_of_many_are_edited_at_once_and_what_is_left_alone_stays(
    chromium: Browser, stocked: Server
) -> None:
    with browsing(chromium, stocked.url) as (page, _):
        open_library(page)
        page.locator(".grid-body [data-active]").focus()
        page.keyboard.press("Control+a")
        page.get_by_role("region", name="What to do").get_by_role("button", name="Edit").press("Enter")
        dialog = page.get_by_role("dialog", name="Edit 6 tracks")
        expect(dialog.get_by_label("Album", exact=True)).to_have_attribute("placeholder", "Different in each")
        dialog.get_by_label("Genre").fill(NASTY)
        page.keyboard.press("Enter")
        expect(page.get_by_text("6 tracks saved")).to_be_visible()
        found = get_json(f"{stocked.url}/api/v1/tracks")["items"]
        assert {track["genre"] for track in found} == {NASTY}
        assert {track["album"] for track in found} == {"Album 0", "Album 1"}


def test_a_track_is_edited_in_place_and_a_refusal_brings_back_what_was(
    chromium: Browser, stocked: Server
) -> None:
    track = next(
        each for each in get_json(f"{stocked.url}/api/v1/tracks")["items"] if each["title"] == "alpha"
    )
    with browsing(chromium, stocked.url) as (page, faults):
        faults.allowed.append("503")
        page.goto(f"/t/{track['id']}")
        problem = '{"title": "Full", "status": 503, "detail": "the disk is full"}'

        def refuse_edits(route: Route) -> None:
            if route.request.method == "PATCH":
                route.fulfill(status=503, body=problem)
            else:  # the page may still be asking for the track itself
                route.fallback()

        page.route("**/api/v1/tracks/*", refuse_edits)
        page.get_by_role("button", name="Edit").press("Enter")
        dialog = page.get_by_role("dialog", name="Edit the track")
        dialog.get_by_label("Title").fill(NASTY)
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("alert")).to_have_text("Not saved: the disk is full")
        expect(page.get_by_role("heading", level=1, include_hidden=True)).to_have_text("alpha")
        page.unroute("**/api/v1/tracks/*")
        dialog.get_by_label("Year").fill("1999")
        page.keyboard.press("Enter")
        expect(dialog).to_have_count(0)
        expect(page.get_by_role("heading", level=1)).to_have_text(NASTY)
        page.get_by_role("button", name="Edit").press("Enter")
        dialog.get_by_label("Title").fill("")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("alpha")  # the file's own again
        assert get_json(f"{stocked.url}/api/v1/tracks/{track['id']}")["year"] == 1999
