"""Screens in light, dark, wide, on a phone and a small one: axe finds nothing; pictures to look at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.api import get_json, send_json, upload, wait_for_track
from tests.support.audio import AUDIO_DIR, make_tone
from tests.support.chromium import browsing
from tests.support.looks import LOOKS, look_at, wait_for_pictures
from tests.support.player import wait_until_past
from tests.support.server import Server, running_server

SHOWN = (
    "music-48k.ogg",
    "music.opus",
    "music-vbr.mp3",
    "album-1.flac",
    "music-huge-cover.mp3",
    "music-faststart.m4a",
    "album-2.flac",
    "speech-16k-mono.wav",
    "music-44k.flac",
)
SAID = (
    (900, "Miloš", "That bass comes out of nowhere."),
    (
        3100,
        "ann",
        "Here it opens up. Listen for the strings behind the second voice; they are in the stairwell.",
    ),
    (3150, "Jo", "goosebumps"),
    (6500, "دينا", "هذا أجمل جزء في الأغنية"),
)


@pytest.fixture(scope="module")
def gallery(folder: Path) -> Iterator[Server]:
    """A server with something to show."""
    with running_server(folder / "gallery") as server:
        for name in SHOWN:
            source = (
                AUDIO_DIR / name
                if AUDIO_DIR
                else make_tone(folder / name, seconds=12, options=("-metadata", "album=Tones"))
            )
            wait_for_track(server.url, upload(server.url, source)["id"])
        for track in get_json(f"{server.url}/api/v1/tracks")["items"]:
            for moment, name, body in SAID:
                said = {"at_ms": moment, "name": name, "body": body}
                send_json(f"{server.url}/api/v1/tracks/{track['id']}/comments", said)
        for title in ("Evening", "Songs for the night train that is never on time, and for the one after it"):
            playlist = send_json(f"{server.url}/api/v1/playlists", {"title": title})
            for track in get_json(f"{server.url}/api/v1/tracks")["items"][:5]:
                send_json(f"{server.url}{playlist['links']['self']}/items", {"track": track["id"]})
        yield server


@pytest.mark.parametrize("look", LOOKS)
def test_home_and_track(chromium: Browser, gallery: Server, look: str) -> None:
    with browsing(chromium, gallery.url, **LOOKS[look]) as (page, _):
        page.goto("/")
        expect(page.locator(".card:not(.is-shape)")).to_have_count(len(SHOWN))
        wait_for_pictures(page)
        look_at(page, f"home-{look}")
        page.keyboard.press("/")
        expect(page.get_by_role("combobox", name="Search the library")).to_be_focused()
        page.keyboard.type("mu" if AUDIO_DIR is None else "mirr")
        expect(page.get_by_role("option").first).to_be_visible()
        page.keyboard.press("ArrowDown")
        look_at(page, f"search-{look}")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        card = page.locator(".card").filter(has_text="music-vbr" if AUDIO_DIR is None else "Mirror").first
        title = card.locator("h2 a")
        title.click()
        page.locator(".track-wave .play-button").click()
        wait_until_past(page, 1)
        page.locator(".track-wave .play-button").click()
        page.locator(".lane-face").nth(1).focus()
        wait_for_pictures(page)
        look_at(page, f"track-{look}")
        page.get_by_label("Say something at").fill("Again!")
        page.get_by_label("Say something at").scroll_into_view_if_needed()
        look_at(page, f"track-comments-{look}")
        page.get_by_role("button", name="Edit", exact=True).click()
        look_at(page, f"track-edit-{look}")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Delete", exact=True).click()
        look_at(page, f"track-delete-{look}")
        page.keyboard.press("Escape")
        page.go_back()
        expect(page.locator(".card.is-current")).to_have_count(1)
        look_at(page, f"home-playing-{look}")


@pytest.mark.parametrize("look", LOOKS)
def test_library(chromium: Browser, gallery: Server, look: str) -> None:
    with browsing(chromium, gallery.url, **LOOKS[look]) as (page, _):
        page.goto("/library")
        rows = page.locator(".grid-body .grid-row")
        expect(rows).to_have_count(len(SHOWN))
        rows.nth(2).get_by_role("checkbox").check()
        rows.nth(3).get_by_role("checkbox").check()
        rows.nth(5).hover()
        look_at(page, f"library-{look}")
        page.get_by_role("button", name="Edit", exact=True).click()
        look_at(page, f"library-edit-{look}")
        page.goto("/library/albums")
        expect(page.locator(".card:not(.is-shape)").first).to_be_visible()
        look_at(page, f"albums-{look}")
        page.locator(".card h2 a").first.click()
        expect(page.get_by_role("button", name="Play all")).to_be_visible()
        look_at(page, f"album-{look}")
        page.goto("/library/playlists")
        expect(page.locator(".card:not(.is-shape)").first).to_be_visible()
        look_at(page, f"playlists-{look}")
        page.locator(".card h2 a").first.click()
        expect(page.get_by_role("button", name="Rename")).to_be_visible()
        page.locator(".grid-body .grid-row").nth(1).hover()
        look_at(page, f"playlist-{look}")
        page.goto("/library")
        page.locator(".grid-body .grid-row").first.get_by_role("checkbox").check()
        page.get_by_role("button", name="Add to playlist").click()
        expect(page.locator(".choices button").first).to_be_visible()
        look_at(page, f"playlist-add-{look}")


@pytest.mark.parametrize("look", LOOKS)
def test_empty_places_and_dialogs(chromium: Browser, server: Server, folder: Path, look: str) -> None:
    with browsing(chromium, server.url, **LOOKS[look]) as (page, faults):
        faults.allowed.append("404")
        page.goto("/")
        expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
        look_at(page, f"home-empty-{look}")
        page.keyboard.press("?")
        look_at(page, f"keys-{look}")
        page.keyboard.press("Escape")
        page.goto("/t/00000000000000000000000000")
        expect(page.get_by_role("heading", name="This track is not here")).to_be_visible()
        look_at(page, f"track-missing-{look}")
        page.get_by_role("link", name="Library").click()
        expect(page.get_by_role("heading", name="Your library is empty")).to_be_visible()
        look_at(page, f"library-empty-{look}")


def test_the_theme_can_be_chosen_and_is_there_from_the_first_paint(
    chromium: Browser, gallery: Server
) -> None:
    background = "getComputedStyle(document.documentElement).backgroundColor"
    with browsing(chromium, gallery.url, color_scheme="dark") as (page, _):
        page.goto("/")
        dark = page.evaluate(background)
        page.get_by_role("button", name="Theme: as the system").click()
        light = page.evaluate(background)
        assert light != dark
        page.add_init_script(
            f"document.addEventListener('DOMContentLoaded', () => (window.first = {background}))"
        )
        page.reload()
        assert page.evaluate("window.first") == light


def test_nothing_moves_when_the_tracks_arrive(chromium: Browser, gallery: Server) -> None:
    with browsing(chromium, gallery.url, viewport={"width": 1360, "height": 860}) as (page, _):
        page.add_init_script(
            """window.shift = 0;
            const add = (list) => list.getEntries().forEach((entry) => (window.shift += entry.value));
            new PerformanceObserver(add).observe({type: "layout-shift", buffered: true});"""
        )
        page.goto("/")
        expect(page.locator(".card:not(.is-shape)")).to_have_count(len(SHOWN))
        wait_for_pictures(page)
        assert page.evaluate("window.shift") < 0.02


def test_uploads_and_failures(chromium: Browser, gallery: Server, folder: Path) -> None:
    letter = folder / "letter.mp3"
    letter.write_text("Dear listener,\n" * 500)
    song = make_tone(folder / "demo take 3.flac", seconds=20)
    for look in ("light", "dark", "phone"):
        with browsing(chromium, gallery.url, **LOOKS[look]) as (page, _):
            page.goto("/")
            page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files([song, letter])
            expect(page.get_by_text("did not become a track")).to_be_visible()
            expect(page.locator(".upload-name a")).to_be_visible()
            look_at(page, f"uploads-{look}")
