"""Every screen in light, dark, wide, on a phone and a small one: axe finds nothing; pictures to look at."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.api import get_json, send_json, upload, wait_for_track
from tests.support.audio import AUDIO_DIR, ROOT, make_tone
from tests.support.chromium import artefact, browsing
from tests.support.player import wait_until_past
from tests.support.server import Server, running_server
from tests.support.talking import come_in, say

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
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
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1360, "height": 860}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1360, "height": 860}, "color_scheme": "dark"},
    "wide": {"viewport": {"width": 2560, "height": 1300}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "has_touch": True},
    "small": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark", "has_touch": True},
}


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


def look_at(page: Page, name: str) -> None:
    """No fault of accessibility, nothing wider than the window; keep a picture."""
    page.evaluate("() => document.fonts.ready")
    page.wait_for_function(
        "() => [...document.images].every((image) => image.complete || image.loading === 'lazy')"
    )
    page.screenshot(path=artefact(f"{name}.jpg"), type="jpeg", quality=90)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
    if not page.evaluate("() => 'axe' in window"):  # it stays while the document does
        page.evaluate(AXE.read_text())
    # What is in order is looked at, too, but not described.
    found = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", RULES)
    assert [
        (fault["id"], [node["target"] + [node["failureSummary"]] for node in fault["nodes"]])
        for fault in found["violations"]
    ] == [], name


def wait_for_pictures(page: Page) -> None:
    """Waveforms are drawn when they are seen."""
    page.wait_for_function(
        """() => [...document.querySelectorAll("canvas")].every((canvas) => {
          const {width, height} = canvas;
          if (!width || canvas.getBoundingClientRect().top > innerHeight) return true;
          const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
          return new Uint32Array(pixels.buffer).some(Boolean);
        })"""
    )


@pytest.mark.parametrize("look", LOOKS)
def test_home_and_track(chromium: Browser, gallery: Server, look: str) -> None:
    with browsing(chromium, gallery.url, **LOOKS[look]) as (page, _):
        page.goto("/")
        expect(page.locator(".card:not(.is-shape)")).to_have_count(len(SHOWN))
        wait_for_pictures(page)
        look_at(page, f"home-{look}")
        page.keyboard.press("/")
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
def test_room(chromium: Browser, gallery: Server, look: str) -> None:
    room = f"studio-{look}"
    with (
        browsing(chromium, gallery.url, **LOOKS[look]) as (page, _),
        browsing(chromium, gallery.url) as (other, _),
    ):
        page.goto(f"/r/{room}")
        expect(page.get_by_label("What should people call you?")).to_be_visible()
        look_at(page, f"room-door-{look}")
        come_in(page, room, "ann")
        expect(page.get_by_text("Nobody has spoken")).to_be_visible()
        look_at(page, f"room-quiet-{look}")
        come_in(other, room, "Miloš")
        say(other, "The second half is where it opens up. Listen for the bass coming back in.")
        say(other, "around 0:29")
        expect(page.locator(".message-body")).to_have_count(2)
        say(page, "Oh. That is a different song from there on!")
        say(page, "Is the flac up as well?\nI would like to hear it on the big speakers.")
        expect(other.locator(".message-body")).to_have_count(4)
        other.context.close()
        expect(page.get_by_text("Miloš left")).to_be_visible()
        look_at(page, f"room-{look}")


@pytest.mark.parametrize("look", LOOKS)
def test_room_with_much_going_on(chromium: Browser, gallery: Server, look: str) -> None:
    room = f"busy-{look}"
    (track, *_) = get_json(f"{gallery.url}/api/v1/tracks")["items"]
    with (
        browsing(chromium, gallery.url, **LOOKS[look]) as (page, _),
        browsing(chromium, gallery.url) as (other, _),
    ):
        come_in(page, room, "ann")
        come_in(other, room, "Miloš")
        say(
            other,
            f"@ann, **this** is it: {gallery.url}/t/{track['id']}?t=3 with `pan=mono` as in https://x.org/pan",
        )
        field = page.get_by_label("Write to")
        field.fill(
            "> with pan=mono\nIt is made of\n```\nsox -n out.wav synth 40 sine 100:4000 remix 1 2\n```"
        )
        field.press("Enter")
        first = page.locator(".message", has=page.locator(".moment"))
        first.hover()
        first.get_by_role("button", name="Pin", exact=True).click()
        expect(page.locator(".chat-pins")).to_be_visible()
        first.get_by_role("button", name="React", exact=True).click()
        look_at(page, f"room-palette-{look}")
        first.get_by_role("button", name="React with 🎉").click()
        expect(first.locator(".reaction")).to_have_count(1)
        first.get_by_role("button", name="Reply", exact=True).click()
        page.keyboard.type("hearing it now")
        look_at(page, f"room-answer-{look}")
        page.keyboard.press("Enter")
        say(page, "and a slip")
        expect(page.locator(".message:not(.is-pending)")).to_have_count(4)
        page.get_by_label("Write to").press("ArrowUp")
        page.get_by_label("Write to").fill("and no slip")
        page.keyboard.press("Enter")
        expect(page.get_by_text("(edited)")).to_be_visible()
        look_at(page, f"room-busy-{look}")
        page.locator(".chat-pins").click()
        look_at(page, f"room-pins-{look}")
        page.keyboard.press("Escape")
        page.locator(".chat-count").click()
        expect(page.locator(".members li")).to_have_count(2)
        look_at(page, f"room-members-{look}")


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
