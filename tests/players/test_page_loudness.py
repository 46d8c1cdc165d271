"""Every track as loud as the others, and the rendition that suits the line."""

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.support.api import upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.chromium import browsing
from tests.support.player import CURRENT, wait_until_past
from tests.support.server import LADDER, Server

RENDITIONS = LADDER
TARGET_LUFS = -16


def volume(page: Page) -> float:
    heard: float = page.evaluate(f"{CURRENT}.volume")
    return heard


@pytest.fixture(scope="module")
def loud(server: Server, folder) -> dict:
    """A tone of about -8 LUFS, packaged."""
    return wait_for_track(server.url, upload(server.url, make_tone(folder / "loud.flac", seconds=12))["id"])


@pytest.fixture(scope="module")
def quiet(server: Server, folder) -> dict:
    """30 dB less."""
    options = ("-af", "volume=-30dB")
    tone = make_tone(folder / "quiet.flac", seconds=12, options=options)
    return wait_for_track(server.url, upload(server.url, tone)["id"])


def press_play(page: Page, track: dict) -> None:
    page.goto(track["links"]["page"])
    page.get_by_role("button", name=f"Play {track['title']}").first.click()
    wait_until_past(page, 0.2)


def test_a_loud_track_is_turned_down_to_the_target(chromium: Browser, server: Server, loud: dict) -> None:
    expected = 10 ** ((TARGET_LUFS - loud["loudness"]["integrated_lufs"]) / 20)
    assert expected < 0.5
    with browsing(chromium, server.url) as (page, _):
        press_play(page, loud)
        assert volume(page) == pytest.approx(expected, abs=0.001)
        page.get_by_role("slider", name="Volume").fill("0.5")
        assert volume(page) == pytest.approx(expected / 4, abs=0.001)


def test_evenness_can_be_turned_off_and_stays_off(chromium: Browser, server: Server, loud: dict) -> None:
    with browsing(chromium, server.url) as (page, _):
        press_play(page, loud)
        even = page.get_by_role("button", name="Every track as loud as the others")
        assert even.get_attribute("aria-pressed") == "true"
        even.click()
        assert volume(page) == 1
        press_play(page, loud)
        assert volume(page) == 1
        assert even.get_attribute("aria-pressed") == "false"


def test_a_quiet_track_is_turned_up_where_there_is_room(
    chromium: Browser, server: Server, quiet: dict
) -> None:
    with browsing(chromium, server.url) as (page, _):
        press_play(page, quiet)
        assert volume(page) == 1
        page.get_by_role("slider", name="Volume").fill("0.1")
        gain = 10 ** ((TARGET_LUFS - quiet["loudness"]["integrated_lufs"]) / 20)
        assert gain > 3
        assert volume(page) == pytest.approx(0.01 * gain, abs=0.002)


GAINS = (
    (None, 1),
    ({"integrated_lufs": None, "range_lu": None, "true_peak_dbtp": None}, 1),
    ({"integrated_lufs": -16, "range_lu": 3, "true_peak_dbtp": -1}, 1),
    ({"integrated_lufs": -10, "range_lu": 3, "true_peak_dbtp": 0.5}, 10 ** (-6 / 20)),
    ({"integrated_lufs": -30, "range_lu": 3, "true_peak_dbtp": -3}, 10 ** (3 / 20)),  # peaks would clip
    ({"integrated_lufs": -30, "range_lu": 3, "true_peak_dbtp": -20}, 10 ** (14 / 20)),
    ({"integrated_lufs": -30, "range_lu": 3, "true_peak_dbtp": None}, 1),
)


def test_no_gain_makes_a_peak_clip(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server.url) as (page, _):
        page.goto("/")
        app = page.evaluate("document.querySelector('script[src$=\"/app.js\"]').src").removesuffix("app.js")
        script = f"async loudness => (await import('{app}loudness.js')).evenGain(loudness)"
        for loudness, gain in GAINS:
            assert page.evaluate(script, loudness) == pytest.approx(gain), loudness


def test_the_page_adapts_among_rates_of_aac_and_leaves_flac_alone(
    chromium: Browser, server: Server, loud: dict
) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url.rpartition("/")[2])

    with browsing(chromium, server.url) as (page, _):
        page.on("request", note)
        press_play(page, loud)
        wait_until_past(page, 9)
    renditions = {name for name in asked if name.endswith(".mp4")}
    assert "aac256.mp4" in renditions, "loopback is a fast line"
    assert renditions <= {"aac64.mp4", "aac128.mp4", "aac256.mp4"}
