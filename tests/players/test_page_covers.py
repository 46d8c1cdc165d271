"""A cover is chosen or dropped on its place; a recording that is here already is offered, not hidden."""

import subprocess
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.chromium import browsing
from tests.support.noting import note, wait_until_noted
from tests.support.server import Server, running_server

_DROP = """async ([selector, type, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], "picture", {type}));
  const target = document.querySelector(selector);
  for (const kind of ["dragenter", "dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(kind, {dataTransfer, bubbles: true, cancelable: true}));
    await new Promise(requestAnimationFrame);
    if (kind === "dragover") window.veiled = document.querySelector(".drop-veil") !== null;
  }
}"""


@pytest.fixture(scope="module")
def hall(folder: Path) -> Iterator[Server]:
    with running_server(folder / "hall", renditions="aac128") as server:
        yield server


@pytest.fixture(scope="module")
def song(folder: Path) -> Path:
    return make_tone(folder / "song.mp3", seconds=2, options=("-metadata", "title=Song <i>"))


@pytest.fixture(scope="module")
def picture(folder: Path) -> Path:
    path = folder / "green.png"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "color=green:s=300x300", "-frames:v", "1"]
    subprocess.run([*command, str(path)], check=True, timeout=30)
    return path


def test_a_cover_is_chosen_dropped_and_removed(
    chromium: Browser, hall: Server, song: Path, picture: Path
) -> None:
    track = wait_for_track(hall.url, upload(hall.url, song)["id"])
    url = f"{hall.url}/api/v1/tracks/{track['id']}"
    with browsing(chromium, hall.url) as (page, faults):
        page.goto(track["links"]["page"])
        expect(page.locator(".cover-edit svg.cover")).to_be_visible()
        note(page, ".toast")
        page.locator("input[data-cover]").set_input_files(picture)
        wait_until_noted(page, ".toast", ["New cover saved"])
        shown = page.locator(".cover-edit img")
        expect(shown).to_have_attribute("src", f"{get_json(url)['links']['cover']}&size=512")
        page.wait_for_function("() => document.querySelector('.cover-edit img').naturalWidth === 300")
        page.get_by_role("button", name="Remove the cover").press("Enter")
        expect(page.locator(".cover-edit svg.cover")).to_be_visible()
        base64 = b64encode(picture.read_bytes()).decode()
        page.evaluate(_DROP, [".cover-edit", "image/png", base64])
        expect(shown).to_be_visible()
        wait_until_noted(page, ".toast", ["New cover saved", "The cover is gone", "New cover saved"])
        assert page.evaluate("window.veiled") is False, "a picture is no recording"
        page.evaluate(_DROP, [".track-facts", "image/png", base64])
        expect(page.locator(".upload")).to_have_count(0)
        faults.allowed.append("400|422|415")
        page.evaluate(_DROP, [".cover-edit", "image/png", b64encode(b"not a picture").decode()])
        expect(page.get_by_text("The cover was not changed.")).to_be_visible()
        page.evaluate(_DROP, [".cover-edit", "text/plain", base64])
        expect(page.get_by_text("picture can't be a cover")).to_be_visible()
        expect(page.locator(".drop-veil")).to_have_count(0)
    assert len(get_json(f"{hall.url}/api/v1/tracks")["items"]) == 1


def test_the_same_recording_again_is_offered_and_one_of_the_two_may_go(
    chromium: Browser, hall: Server, folder: Path
) -> None:
    song = make_tone(folder / "twice.mp3", seconds=3, options=("-metadata", "title=Twice"))
    first = wait_for_track(hall.url, upload(hall.url, song)["id"])
    second = wait_for_track(hall.url, upload(hall.url, song)["id"])
    with browsing(chromium, hall.url) as (page, faults):
        page.goto(second["links"]["page"])
        expect(page.get_by_text("You have this recording already: “Twice”.")).to_be_visible()
        page.get_by_role("button", name="Keep both").press("Enter")
        expect(page.locator(".duplicate")).to_have_count(0)
        page.goto("/")
        page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(song)
        offer = page.locator(".upload .duplicate")
        expect(offer.get_by_role("link", name="Open it")).to_have_attribute("href", first["links"]["page"])
        faults.allowed.append("404")
        offer.get_by_role("button", name="Delete the new one").press("Enter")
        expect(page.get_by_text("The second copy is gone")).to_be_visible()
        expect(offer).to_have_count(0)
        left = [each["id"] for each in get_json(f"{hall.url}/api/v1/tracks")["items"]]
        assert sorted(left)[-2:] == sorted([first["id"], second["id"]])
