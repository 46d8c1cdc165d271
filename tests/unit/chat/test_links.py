"""Links to moments of tracks, in a text."""

import pytest

from chat.fields import TrackAt
from chat.links import find_track, read_time_ms


@pytest.mark.parametrize(
    ("body", "track"),
    [
        ("/t/01ab?t=83", TrackAt("01ab", 83_000)),
        ("hear https://radio.example/t/01ab?t=1:23!", TrackAt("01ab", 83_000)),
        ("(http://127.0.0.1:8080/t/01ab)", TrackAt("01ab")),
        ("one\n/t/a?t=1h2m3s and /t/b", TrackAt("a", 3_723_000)),
        ("/t/a?t=2:00:01.5", TrackAt("a", 7_201_500)),
        ("/t/a?t=1:23.", TrackAt("a", 83_000)),
        ("/t/a?t=m", TrackAt("a")),
        ("and/or/t/a", None),
        ("/t/a/b", None),
        ("/t/", None),
        ("/t/" + "x" * 65, None),
        ("nothing", None),
    ],
)
def test_the_first_link_counts(body: str, track: TrackAt | None) -> None:
    assert find_track(body) == track


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("0", 0),
        ("83.25", 83_250),
        ("90:01", 5_401_000),
        ("1:2:3", 3_723_000),
        ("5m", 300_000),
        ("2H", 7_200_000),
    ],
)
def test_times_as_the_page_writes_them(text: str, ms: int) -> None:
    assert read_time_ms(text) == ms


@pytest.mark.parametrize("text", ["", "h", "1:2:3:4", "1m2h", ":", "1..2"])
def test_what_is_no_time(text: str) -> None:
    assert read_time_ms(text) is None
