"""Comments at moments of a track: written by keyboard, shown to everybody at once, and where they belong."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.api import get_json, send_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.chromium import browsing
from tests.support.player import position, wait_until_past
from tests.support.server import Server, running_server

NASTY = "<b onmouseover=alert(1)>שלום</b> 🎻 & \u2067x"
MANY = 60


@pytest.fixture(scope="module")
def stage(folder: Path) -> Iterator[Server]:
    with running_server(folder / "stage", renditions="aac128") as server:
        yield server


@pytest.fixture
def song(stage: Server, folder: Path) -> str:
    """A track of 20 s that nobody has said anything about."""
    path = folder / "song.mp3"
    if not path.exists():
        make_tone(path, seconds=20)
    return str(wait_for_track(stage.url, upload(stage.url, path)["id"])["id"])


def look(page: Page, track_id: str, name: str) -> None:
    """Open a track as somebody with a name."""
    page.add_init_script(f"localStorage.setItem('veza.name', '\"{name}\"')")
    page.goto(f"/t/{track_id}")
    expect(page.get_by_role("heading", name="Comments")).to_be_visible()


def test_what_one_says_is_shown_to_the_other_at_its_moment(
    chromium: Browser, stage: Server, song: str
) -> None:
    with browsing(chromium, stage.url) as (page, _), browsing(chromium, stage.url) as (other, _):
        look(other, song, "Jo")
        look(page, song, "ann")
        expect(other.get_by_text("Nobody has said anything yet")).to_be_visible()
        page.get_by_role("slider", name="Position in the track").focus()
        page.keyboard.press("PageUp")  # begins to play near the end
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        wait_until_past(page, 6)
        field = page.get_by_label("Say something at")
        field.focus()
        page.keyboard.type(NASTY)
        begun = position(page)
        wait_until_past(page, begun + 2)
        page.keyboard.press("Enter")
        expect(other.locator(".comment-body")).to_have_text(NASTY)
        expect(other.locator(".lane-face")).to_have_text("A")
        (kept,) = get_json(f"{stage.url}/api/v1/tracks/{song}/comments")["items"]
        assert 5 <= kept["at_ms"] / 1000 <= begun + 0.001, "the moment at which it was begun, not sent"
        expect(page.locator(".comment:not(.is-pending)")).to_have_count(1)
        expect(field).to_have_value("")
        face = other.locator(".lane-face")
        face.hover()
        expect(other.locator(".lane-bubble")).to_contain_text(NASTY)
        other.mouse.move(0, 0)
        expect(other.locator(".lane-bubble")).to_have_count(0)
        expect(other.get_by_role("button", name="Delete your comment")).to_have_count(0)
        face.press("Enter")
        wait_until_past(other, kept["at_ms"] / 1000)
        expect(other.locator(".lane-bubble")).to_contain_text(NASTY)
        page.get_by_role("button", name="Delete your comment").press("Enter")
        page.get_by_role("button", name="Delete it").press("Enter")
        expect(other.locator(".comment")).to_have_count(0)
        expect(other.locator(".lane-face")).to_have_count(0)


def test_a_name_is_asked_for_once_and_what_was_written_is_not_lost(
    chromium: Browser, stage: Server, song: str
) -> None:
    with browsing(chromium, stage.url) as (page, _):
        page.goto(f"/t/{song}")
        page.get_by_label("Say something at").fill("first!")
        page.reload()
        page.get_by_label("Say something at").press("Enter")
        page.get_by_role("textbox", name="What should people call you?").fill("Kai")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator(".comment:not(.is-pending) .comment-body")).to_have_text("first!")
        (kept,) = get_json(f"{stage.url}/api/v1/tracks/{song}/comments")["items"]
        assert (kept["author"]["name"], kept["at_ms"]) == ("Kai", 0)


def test_a_refused_comment_goes_back_to_where_it_was_written(
    chromium: Browser, stage: Server, song: str
) -> None:
    problem = '{"title": "Too fast", "status": 429, "detail": "the next one in 900 ms"}'
    with browsing(chromium, stage.url) as (page, faults):
        faults.allowed.append("429")
        look(page, song, "ann")

        def refuse(route: Route) -> None:
            if route.request.method == "POST":
                route.fulfill(status=429, body=problem)
            else:  # the page may still be asking for what there is
                route.fallback()

        page.route("**/comments*", refuse)
        page.get_by_label("Say something at").fill("once more")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("Not sent: the next one in 900 ms")
        expect(page.get_by_label("Say something at")).to_have_value("once more")
        expect(page.locator(".comment")).to_have_count(0)


def test_a_crowd_is_gathered_and_arrows_go_along_it(chromium: Browser, stage: Server, song: str) -> None:
    for number in range(MANY):
        said = {"at_ms": number * 300, "name": "Jo", "body": f"at {number}"}
        send_json(f"{stage.url}/api/v1/tracks/{song}/comments", said)
    with browsing(chromium, stage.url, viewport={"width": 390, "height": 800}) as (page, _):
        look(page, song, "ann")
        faces = page.locator(".lane-face")
        expect(page.locator(".comments-count")).to_have_text(str(MANY))
        assert faces.count() < MANY / 3
        faces.first.focus()
        page.keyboard.press("ArrowRight")
        expect(faces.nth(1)).to_be_focused()
        page.keyboard.press("End")
        expect(faces.last).to_be_focused()
        boxes = [face.bounding_box() for face in faces.all()]
        assert all(box and box["width"] >= 24 for box in boxes)
        expect(page.locator(".comment")).to_have_count(50)
        page.get_by_role("button", name="Show more comments").press("Enter")
        expect(page.locator(".comment")).to_have_count(MANY)
