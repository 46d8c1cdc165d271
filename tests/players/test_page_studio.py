"""Going live from the page, in a Chromium whose microphone is a file."""

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.test_live_recording import ready, recorded
from tests.support.api import get_json
from tests.support.audio import make_tone
from tests.support.chromium import browsing, hearing_chromium
from tests.support.looks import LOOKS, look_at
from tests.support.server import Server, running_server, start_server
from tests.support.severing import LINE_BROKE, severable
from tests.support.waiting import wait_until

TIMEOUT_S = 60


@pytest.fixture(scope="module")
def listening(chromium: Browser, folder: Path) -> Iterator[Browser]:
    """A browser with a microphone."""
    sound = make_tone(folder / "voice.wav", seconds=20)
    with hearing_chromium(chromium, sound) as browser:
        yield browser


def live(server: Server, room: str) -> dict[str, Any]:
    found: dict[str, Any] = get_json(f"{server.url}/api/v1/rooms/{room}/live")
    return found


def open_studio(page: Page, room: str) -> None:
    page.goto(f"/studio/{room}")
    page.get_by_label("What should people call you?").fill("ann")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Microphone or line").click()
    expect(page.get_by_label("Level, left")).not_to_have_attribute("aria-valuenow", "-60")


def test_what_is_recorded_arrives_over_lines_that_break() -> None:
    node = shutil.which("node")
    assert node, "node is missing: run scripts/setup serve"
    command = [node, "--test", str(Path(__file__).with_name("studio.test.mjs"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_click_is_a_show_and_a_broken_line_does_not_end_it(listening: Browser, server: Server) -> None:
    with severable(server.port) as line, browsing(listening, line.url) as (page, faults):
        faults.allowed.append(LINE_BROKE)
        open_studio(page, "den")
        page.get_by_role("button", name="Go live").click()
        state = page.locator(".studio-clock .live-mark")
        expect(state).to_have_text("On air")
        expect(page.locator(".figures")).to_contain_text(["Codec inopus"])
        show = live(server, "den")
        assert (show["state"], show["host"]["name"]) == ("live", "ann")
        line.cut()
        expect(state).to_have_text("Line lost")
        line.mend()
        expect(state).to_have_text("On air")
        page.get_by_label("Artist").fill("The Sweeps")
        page.get_by_label("Title").fill("Long Wave")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Listeners see “The Sweeps")).to_be_visible()
        told = wait_until(lambda: live(server, "den")["title"])
        assert told["text"] == "The Sweeps - Long Wave"
        assert live(server, "den")["show"] == show["show"]
        assert len(re.findall('"source connected"', server.log)) == 1, "it is one recording"
        page.get_by_role("link", name="den", exact=True).click()
        page.get_by_role("link", name="On air").click()
        expect(state).to_have_text("On air")
        page.get_by_role("button", name="End the show").click()
        page.get_by_role("button", name="End it").click()
        expect(page.get_by_role("button", name="Go live")).to_be_visible()
        assert live(server, "den")["state"] == "ended"


def press_to(page: Page, role: Literal["button", "textbox", "combobox"], name: str) -> None:
    """Go there with the tab key alone."""
    wanted = page.get_by_role(role, name=name, exact=True)
    expect(wanted).to_be_enabled()
    for _ in range(80):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way to {name} by keyboard")


def test_a_show_from_its_beginning_to_its_end_by_keyboard_alone(listening: Browser, server: Server) -> None:
    with browsing(listening, server.url) as (page, _):
        page.goto("/studio/keys")
        press_to(page, "textbox", "What should people call you?")
        page.keyboard.type("ann")
        page.keyboard.press("Enter")
        press_to(page, "button", "Microphone or line")
        page.keyboard.press("Enter")
        expect(page.get_by_label("Level, left")).not_to_have_attribute("aria-valuenow", "-60")
        press_to(page, "button", "Go live")
        page.keyboard.press("Enter")
        expect(page.locator(".studio-clock .live-mark")).to_have_text("On air")
        press_to(page, "textbox", "Artist")
        page.keyboard.type("The Sweeps")
        press_to(page, "textbox", "Title")
        page.keyboard.type("Long Wave")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Listeners see “The Sweeps")).to_be_visible()
        press_to(page, "button", "End the show")
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(page.get_by_role("button", name="End the show")).to_be_focused()
        page.keyboard.press("Enter")
        press_to(page, "button", "End it")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Go live")).to_be_visible()
        assert live(server, "keys")["state"] == "ended"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_show_goes_on_from_the_browser_after_the_server_was_restarted(
    listening: Browser, tmp_path: Path, how: signal.Signals
) -> None:
    with running_server(tmp_path, live_grace_s=120) as first:
        with browsing(listening, first.url) as (page, faults):
            faults.allowed.append(LINE_BROKE)
            open_studio(page, "den")
            page.get_by_role("button", name="Go live").click()
            state = page.locator(".studio-clock .live-mark")
            expect(state).to_have_text("On air")
            show = wait_until(lambda: live(first, "den")["show"], "the show")
            recorded(first.url, show, 3_840)
            first.stop(how)
            expect(state).to_have_text("Line lost")
            second = start_server(first.data_dir, port=first.port, live_grace_s=120)
            try:
                expect(state).to_have_text("On air")
                back = wait_until(
                    lambda: (now := live(second, "den"))["state"] == "live" and now, "the show", TIMEOUT_S
                )
                assert back["show"] == show
                page.get_by_role("button", name="End the show").click()
                page.get_by_role("button", name="End it").click()
                expect(page.get_by_role("button", name="Go live")).to_be_visible()
                assert ready(second.url, show)["duration_ms"] > 3_840
            finally:
                second.stop()


def test_other_programs_are_told_where_rtmp_is_taken(listening: Browser, tmp_path: Path) -> None:
    with running_server(tmp_path, rtmp_port=0) as own, browsing(listening, own.url) as (page, _):
        open_studio(page, "den")
        page.get_by_role("button", name="Make a stream key").click()
        port = live(own, "den")["rtmp_port"]
        expect(page.get_by_text(f"rtmp://127.0.0.1:{port}/live", exact=True)).to_be_visible()
    with running_server(tmp_path) as own:
        assert live(own, "den")["rtmp_port"] is None


@pytest.mark.parametrize("look", ["light", "dark", "phone", "small"])
def test_the_studio_looks_well(listening: Browser, server: Server, look: str) -> None:
    room = f"look-{look}"
    with browsing(listening, server.url, **LOOKS[look]) as (page, _):
        open_studio(page, room)
        look_at(page, f"studio-{look}")
        page.get_by_role("button", name="Go live").click()
        expect(page.locator(".studio-clock .live-mark")).to_have_text("On air")
        expect(page.get_by_text("Momentary loudness")).to_be_visible()
        look_at(page, f"studio-live-{look}")
        page.get_by_role("button", name="End the show").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        look_at(page, f"studio-end-{look}")
        page.get_by_role("button", name="End it").click()
        expect(page.get_by_role("button", name="Go live")).to_be_visible()
