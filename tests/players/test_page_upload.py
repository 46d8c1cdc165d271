"""A file dropped on the page is a track that plays before it has arrived."""

import re
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.api import get_json
from tests.support.audio import make_tone
from tests.support.chromium import browsing
from tests.support.player import CURRENT, NOTE_BEGINNING, position, wait_until_past
from tests.support.server import Server, running_server, start_server
from tests.support.severing import LINE_BROKE, severable
from tests.support.waiting import wait_until

SLOW_BYTES_PER_S = 200_000
# More than a player needs to begin; the rest is on its way for as long as a test wants it to be.
HELD_BYTES = 1_000_000

_DROP = """async ([name, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  const tell = (type) => document.body.dispatchEvent(
    new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true}));
  tell("dragenter");
  await new Promise(requestAnimationFrame);
  window.veil = document.querySelector(".drop-veil")?.textContent;
  tell("dragover");
  tell("drop");
}"""


def choose(page: Page, *paths: Path) -> None:
    page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(paths)


def upload_called(page: Page, name: str) -> Locator:
    return page.locator(".upload").filter(has_text=name)


def slow_down(page: Page) -> Callable[[], None]:
    """Let the page send no faster than a poor line, so that it can tell how long that takes.

    Returns:
        what takes that away again, when nothing more has to happen while it sends.
    """
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}

    def limit(bytes_per_s: int) -> None:
        client.send("Network.emulateNetworkConditions", conditions | {"uploadThroughput": bytes_per_s})

    limit(SLOW_BYTES_PER_S)
    return partial(limit, -1)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """One rendition: of recordings that long, the others are all that anything here would wait for."""
    with running_server(folder) as running:
        yield running


@pytest.fixture(scope="module")
def long_tone(folder: Path) -> Path:
    """Plays for four minutes, and takes twenty seconds on the slow line; it is readable from its start."""
    return make_tone(folder / "long.mp3", seconds=240, options=("-b:a", "128k"))


def called(name: str, long_tone: Path) -> Path:
    """The same under another name, and with other bytes, so that nothing is known of it."""
    path = long_tone.with_name(f"{name}.mp3")
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(long_tone), "-c", "copy"]
    subprocess.run([*command, "-metadata", f"comment={name}", str(path)], check=True, timeout=60)
    return path


def test_a_dropped_file_becomes_a_track(chromium: Browser, server: Server, tone: Path) -> None:
    with browsing(chromium, server.url) as (page, _):
        page.goto("/")
        expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
        page.evaluate(_DROP, ["dropped.flac", b64encode(tone.read_bytes()).decode()])
        assert page.evaluate("window.veil") == "Let go to upload"
        expect(page.locator(".upload-state")).to_contain_text("Uploaded")
        card = page.locator(".card").filter(has_text="Long Wave")
        expect(card.get_by_role("button", name="Play Long Wave")).to_be_enabled()
        expect(card.locator(".card-time")).to_have_text("0:40")


def test_play_before_the_upload_has_ended(chromium: Browser, server: Server, long_tone: Path) -> None:
    with severable(server.port, hold_bytes=HELD_BYTES) as line, browsing(chromium, line.url) as (page, _):
        page.add_init_script(NOTE_BEGINNING)
        page.goto("/")
        hurry = slow_down(page)
        choose(page, long_tone)
        upload = upload_called(page, "long")
        expect(upload.get_by_text("playable now")).to_be_visible()
        expect(upload.locator(".upload-state")).to_contain_text("left")
        upload.get_by_role("button", name="Play long").click()
        wait_until_past(page, 0.5)
        assert page.evaluate("begun") < 5, "it begins at its beginning"
        (track,) = (t for t in get_json(f"{server.url}/api/v1/tracks")["items"] if t["title"] == "long")
        assert track["state"] == "receiving", "it must still be on its way for this test to show anything"
        first_end = track["packaged_ms"] / 1000
        page.get_by_role("link", name="long", exact=True).first.click()
        expect(page.locator(".track-progress")).to_contain_text("ready to play")
        line.hold_bytes = None
        page.wait_for_function(f"s => {CURRENT}.duration > s + 20", arg=first_end)
        page.get_by_role("slider", name="Position in the track").focus()
        while position(page) < first_end:
            before = position(page)
            page.keyboard.press("Shift+ArrowRight")
            wait_until_past(page, before + 5)
        hurry()
        expect(page.locator(".track-progress")).to_have_count(0, timeout=60_000)
        page.keyboard.press("End")
        page.wait_for_function(f"() => {CURRENT}.ended")
        assert abs(position(page) - 240) < 0.1


def test_files_queue_and_can_be_cancelled(
    chromium: Browser, server: Server, folder: Path, long_tone: Path
) -> None:
    second = make_tone(folder / "second.mp3", seconds=8, options=("-b:a", "64k"))
    with (
        severable(server.port, hold_bytes=HELD_BYTES) as line,
        browsing(chromium, line.url) as (page, faults),
    ):
        # Its waveform may be on the way when the track goes.
        faults.allowed.append(r"waveform\.dat|status of 404")
        page.goto("/")
        choose(page, long_tone, second)
        expect(upload_called(page, "second").locator(".upload-state")).to_contain_text("Waiting")
        expect(upload_called(page, "long").get_by_text("playable now")).to_be_visible()
        third = make_tone(folder / "third.mp3", seconds=2, options=("-b:a", "64k"))
        choose(page, third)
        page.get_by_role("button", name="Send third.mp3 next").click()
        names = page.locator(".upload-name").all_inner_texts()
        assert [name.partition(".")[0].split()[0] for name in names] == ["long", "third", "second"]
        page.get_by_role("button", name="Pause all").click()
        expect(page.locator(".upload-state").get_by_text("Paused")).to_have_count(3)
        page.get_by_role("button", name="Go on", exact=True).click()
        page.get_by_role("button", name="Cancel the upload of long.mp3").click()
        expect(upload_called(page, "long.mp3").locator(".upload-state")).to_have_text("Cancelled")
        line.hold_bytes = None
        expect(upload_called(page, "second").locator(".upload-state")).to_contain_text("Uploaded")
        expect(page.locator(".card").filter(has_text="second")).to_have_count(1)
        found = get_json(f"{server.url}/api/v1/tracks")["items"]
        assert not [track for track in found if track["state"] == "receiving"]


def test_a_file_that_is_no_recording_says_so(chromium: Browser, server: Server, folder: Path) -> None:
    letter = folder / "letter.mp3"
    letter.write_text("Dear listener,\n" * 500)
    with browsing(chromium, server.url) as (page, _):
        page.goto("/")
        choose(page, letter)
        state = upload_called(page, "letter").locator(".upload-state")
        expect(state).to_contain_text("did not become a track")
        expect(upload_called(page, "letter").locator(".upload-mark .icon-circle-alert")).to_be_visible()


def track_called(server: Server, title: str) -> dict[str, Any]:
    """The one track of that title, once it is listed: when it can be played."""

    def listed() -> list[dict[str, Any]]:
        items = get_json(f"{server.url}/api/v1/tracks")["items"]
        return [track for track in items if track["title"] == title]

    found = wait_until(listed, f"{title} is listed")
    assert len(found) == 1
    return found[0]


def source(server: Server, track: dict[str, Any]) -> bytes:
    path: Path = server.data_dir / "tracks" / track["id"] / "source"
    return path.read_bytes()


def test_an_upload_can_be_paused_and_goes_on(chromium: Browser, server: Server, long_tone: Path) -> None:
    song = called("paused", long_tone)
    with severable(server.port, hold_bytes=HELD_BYTES) as line, browsing(chromium, line.url) as (page, _):
        page.goto("/")
        choose(page, song)
        upload = upload_called(page, "paused")
        expect(upload.get_by_text("playable now")).to_be_visible()
        page.get_by_role("button", name="Pause the upload of paused.mp3").click()
        state = upload.locator(".upload-state")
        expect(state).to_contain_text("Paused")
        line.hold_bytes = None
        upload.get_by_role("button", name="Play paused").click()
        wait_until_past(page, 0.3)  # what was on its way when it was paused has come
        before = track_called(server, "paused")
        assert before["state"] == "receiving"
        wait_until_past(page, 0.8)
        after = track_called(server, "paused")
        assert (after["state"], after["received_bytes"]) == ("receiving", before["received_bytes"])
        page.get_by_role("button", name="Go on with the upload of paused.mp3").click()
        expect(state).to_contain_text("Uploaded", timeout=30_000)
        assert source(server, track_called(server, "paused")) == song.read_bytes()


def test_an_upload_goes_on_by_itself_when_the_line_is_back(
    chromium: Browser, server: Server, folder: Path
) -> None:
    song = make_tone(folder / "cut.mp3", seconds=120, options=("-b:a", "128k"))
    with (
        severable(server.port, hold_bytes=HELD_BYTES) as line,
        browsing(chromium, line.url) as (page, faults),
    ):
        faults.allowed += [LINE_BROKE, r"waveform\.dat|status of 404|ERR_"]
        page.goto("/")
        choose(page, song)
        upload = upload_called(page, "cut")
        expect(upload.get_by_text("playable now")).to_be_visible()
        line.cut()
        state = upload.locator(".upload-state")
        expect(state).to_contain_text("The line is down")
        line.hold_bytes = None
        line.mend()
        expect(state).to_contain_text("Uploaded", timeout=30_000)
        assert source(server, track_called(server, "cut")) == song.read_bytes()


def test_an_upload_goes_on_after_a_reload_when_its_file_is_chosen_again(
    chromium: Browser, server: Server, long_tone: Path
) -> None:
    song = called("reloaded", long_tone)
    with severable(server.port, hold_bytes=HELD_BYTES) as line, browsing(chromium, line.url) as (page, _):
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto("/")
        choose(page, song)
        upload = upload_called(page, "reloaded")
        expect(upload.get_by_text("playable now")).to_be_visible()
        page.reload()
        state = upload.locator(".upload-state")
        expect(state).to_have_text(re.compile("Interrupted at [1-9][0-9]?%. Choose the file again"))
        before = track_called(server, "reloaded")
        line.hold_bytes = None
        choose(page, song)
        expect(state).to_contain_text("Uploaded", timeout=30_000)
        after = track_called(server, "reloaded")
        assert after["id"] == before["id"]
        assert source(server, after) == song.read_bytes()
        page.reload()
        expect(upload).to_have_count(0)


def test_a_folder_is_uploaded_in_its_order_without_what_is_no_sound(
    chromium: Browser, server: Server, folder: Path
) -> None:
    album = folder / "album"
    (album / "second").mkdir(parents=True)
    make_tone(album / "2 two.mp3", seconds=2)
    make_tone(album / "10 ten.mp3", seconds=2)
    make_tone(album / "second" / "1 one.mp3", seconds=2)
    (album / "notes.txt").write_text("not to be heard")
    with browsing(chromium, server.url) as (page, _):
        page.goto("/")
        page.locator("input[webkitdirectory]").set_input_files(album)
        expect(page.locator(".upload")).to_have_count(3)
        names = page.locator(".upload-name").all_inner_texts()
        assert [name.partition(" ")[0] for name in names] == ["2", "10", "1"]
        expect(page.locator(".upload-state").get_by_text("Uploaded")).to_have_count(3)
        expect(page.locator(".uploads-sum")).to_contain_text("3 of 3 sent")
        page.get_by_role("button", name="Clear finished").press("Enter")
        expect(page.locator(".upload")).to_have_count(0)


def test_an_upload_goes_on_after_the_server_was_killed(
    chromium: Browser, tmp_path: Path, folder: Path
) -> None:
    song = make_tone(folder / "killed.mp3", seconds=120, options=("-b:a", "128k"))
    server = start_server(tmp_path / "data")
    try:
        with (
            severable(server.port, hold_bytes=HELD_BYTES) as line,
            browsing(chromium, line.url) as (page, faults),
        ):
            faults.allowed += [LINE_BROKE, r"waveform\.dat|status of 404|ERR_"]
            page.goto("/")
            choose(page, song)
            upload = upload_called(page, "killed")
            expect(upload.get_by_text("playable now")).to_be_visible()
            server.stop(9)
            server = start_server(tmp_path / "data")
            line.hold_bytes = None
            line.target_port = server.port
            expect(upload.locator(".upload-state")).to_contain_text("Uploaded", timeout=30_000)
            assert source(server, track_called(server, "killed")) == song.read_bytes()
    finally:
        server.stop()
