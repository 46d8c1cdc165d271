"""The page plays a track in Chromium, and goes on playing whatever else one does."""

from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.support.api import upload, wait_for_track
from tests.support.chromium import browsing
from tests.support.player import (
    CURRENT,
    NOTE_BEGINNING,
    count_stalls,
    position,
    stalls,
    state,
    wait_until_past,
)
from tests.support.server import Server
from tests.support.severing import LINE_BROKE, severable

SEEK_TO = 0.7
# What the page does by itself once it has nothing else to do.
LOAD_ENGINE = """async () => {
  const {src} = document.querySelector("script[src$='/app.js']");
  await (await import(src.replace("app.js", "deck.js"))).loadEngine();
}"""


def press_play(page: Page) -> None:
    page.get_by_role("button", name="Play Long Wave").first.click()


def test_plays_for_five_seconds_without_a_stall(chromium: Browser, server: Server, track_id: str) -> None:
    with browsing(chromium, server.url) as (page, _):
        page.goto(f"/t/{track_id}")
        press_play(page)
        wait_until_past(page, 0.1)
        count_stalls(page)
        begun = position(page)
        wait_until_past(page, begun + 5)
        assert stalls(page) == 0
        assert abs(state(page)["duration"] - 40) < 0.05


def test_play_answers_at_once_because_pointing_at_it_was_enough(
    chromium: Browser, server: Server, track_id: str
) -> None:
    with browsing(chromium, server.url) as (page, _):
        page.goto("/")
        page.locator(".card").first.hover()
        page.wait_for_function("() => document.querySelector('audio[data-deck=spare]').readyState >= 3")
        page.evaluate("document.addEventListener('playing', () => (window.heard = true), {capture: true})")
        page.route("**/hls/**", lambda route: None)  # never answered: it plays what it has
        press_play(page)
        page.wait_for_function("() => window.heard")
        wait_until_past(page, 0.2)


def test_a_click_on_the_waveform_seeks(chromium: Browser, server: Server, track_id: str) -> None:
    with browsing(chromium, server.url) as (page, _):
        page.add_init_script(NOTE_BEGINNING)
        page.goto(f"/t/{track_id}")
        press_play(page)
        wait_until_past(page, 0.5)
        wave = page.get_by_role("slider", name="Position in the track")
        box = wave.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * SEEK_TO, box["y"] + 20)
        expect(page.locator(".hover-time")).to_have_text("0:28")
        page.evaluate("begun = null")
        page.mouse.down()
        assert 27 <= int(wave.get_attribute("aria-valuenow") or 0) <= 28, "shown before the sound is there"
        page.mouse.up()
        wait_until_past(page, 40 * SEEK_TO + 1)
        assert page.evaluate("begun") < 40 * SEEK_TO + 4


def test_the_player_goes_on_while_screens_change(chromium: Browser, server: Server, track_id: str) -> None:
    with browsing(chromium, server.url) as (page, _):
        page.goto("/")
        press_play(page)
        wait_until_past(page, 0.3)
        count_stalls(page)
        page.evaluate(f"{CURRENT}.addEventListener('pause', () => (window.stalls += 1))")
        places = [position(page)]
        for link in ("Long Wave", "Lobby", "Listen"):
            page.get_by_role("link", name=link, exact=True).first.click()
            wait_until_past(page, places[-1] + 0.3)
            places.append(position(page))
        page.go_back()
        expect(page).to_have_url(f"{server.url}/r/lobby")
        wait_until_past(page, places[-1])
        assert all(after > before for before, after in pairwise(places))
        assert stalls(page) == 0, "the same sound, never interrupted"


def test_a_reload_finds_track_place_and_volume_again(
    chromium: Browser, server: Server, track_id: str
) -> None:
    with browsing(chromium, server.url) as (page, _):
        page.goto(f"/t/{track_id}")
        press_play(page)
        wait_until_past(page, 1)
        page.keyboard.press("Shift+ArrowRight")
        wait_until_past(page, 30)
        page.get_by_role("slider", name="Volume").fill("0.5")
        left_at = position(page)
        page.reload()
        player = page.get_by_role("region", name="Player")
        expect(player).to_contain_text("Long Wave")
        expect(page.get_by_role("slider", name="Volume")).to_have_value("0.5")
        player.get_by_role("button", name="Play").click()
        wait_until_past(page, left_at - 0.5)


def test_everything_works_by_keyboard(chromium: Browser, server: Server, track_id: str) -> None:
    with browsing(chromium, server.url) as (page, _):
        page.goto("/")
        expect(page.locator(".card")).to_have_count(1)
        page.keyboard.press("/")
        expect(page.get_by_role("combobox", name="Search the library")).to_be_focused()
        page.keyboard.type("lon WAV")
        expect(page.get_by_role("option", name="Long Wave")).to_be_visible()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{server.url}/t/{track_id}")
        page.locator(".track-wave .play-button").focus()
        page.keyboard.press("Enter")
        wait_until_past(page, 0.3)
        page.keyboard.press("ArrowRight")
        wait_until_past(page, 5)
        page.keyboard.press("Shift+ArrowRight")
        wait_until_past(page, 35)
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("m")
        expect(page.get_by_role("button", name="Mute")).to_have_attribute("aria-pressed", "true")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press(" ")
        page.wait_for_function(f"() => {CURRENT}.paused")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        wave = page.get_by_role("slider", name="Position in the track")
        wave.focus()
        page.keyboard.press("Home")
        expect(wave).to_have_attribute("aria-valuenow", "0")
        page.keyboard.press("PageUp")
        expect(wave).to_have_attribute("aria-valuenow", "30")


def test_deleting_asks_first_and_says_who_is_gone(chromium: Browser, server: Server, tone: Path) -> None:
    doomed = wait_for_track(server.url, upload(server.url, tone)["id"])["id"]
    with browsing(chromium, server.url) as (page, faults):
        faults.allowed.append(f"404.*{doomed}|status of 404")
        page.goto(f"/t/{doomed}")
        page.get_by_role("button", name="Delete", exact=True).click()
        page.get_by_role("button", name="Keep it").click()
        expect(page.get_by_role("heading", name="Long Wave")).to_be_visible()
        page.get_by_role("button", name="Delete", exact=True).click()
        page.get_by_role("button", name="Delete it").click()
        expect(page).to_have_url(f"{server.url}/")
        expect(page.locator(f"a[href='/t/{doomed}']")).to_have_count(0)
        page.goto(f"/t/{doomed}")
        expect(page.get_by_role("heading", name="This track is not here")).to_be_visible()


def test_a_server_that_went_away_is_told_in_words_and_play_tries_again(
    chromium: Browser, server: Server, track_id: str
) -> None:
    with severable(server.port) as line, browsing(chromium, line.url) as (page, faults):
        faults.allowed.append(LINE_BROKE)
        page.goto("/")
        expect(page.locator(".card .play-button").first).to_be_enabled()
        page.evaluate(LOAD_ENGINE)
        line.cut()
        page.locator(".card .play-button").first.click()
        player = page.get_by_role("region", name="Player")
        expect(player.get_by_role("alert")).to_contain_text("The server does not answer", timeout=60_000)
        line.mend()
        player.get_by_role("button", name="Play").click()
        wait_until_past(page, 0.5)
        expect(player.get_by_role("alert")).to_have_count(0)
