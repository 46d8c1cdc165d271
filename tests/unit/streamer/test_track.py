import pytest
from aiohttp.multipart import content_disposition_filename, parse_content_disposition

from hls.loudness import Loudness
from hls.model import Rendition, Segment
from streamer.resource import disposition
from streamer.track import (
    TRANSITIONS,
    Event,
    RenditionView,
    State,
    TrackRecord,
    advance,
    view,
)

ID = "01hf0000000000000000000000"


def record(**known: object) -> TrackRecord:
    basics = {"id": ID, "filename": "a.b.flac", "media_type": "audio/flac", "created_at": 5, "updated_at": 5}
    return TrackRecord(**(basics | known))  # type: ignore[arg-type]


def test_the_way_of_an_upload() -> None:
    state = advance(State.RECEIVING, Event.BODY_RECEIVED)
    assert state is State.PACKAGING
    assert advance(state, Event.PACKAGED) is State.READY


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_what_is_not_in_the_table_is_a_bug(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(AssertionError, match=event.name):
            advance(state, event)


def test_no_state_is_a_trap_but_by_design() -> None:
    """Every state that waits for something can also fail, so that nothing hangs."""
    for state in (State.RECEIVING, State.PACKAGING):
        ways_out = {after for (before, _), after in TRANSITIONS.items() if before is state}
        assert State.FAILED in ways_out
        assert (state, Event.SERVER_RESTARTED) in TRANSITIONS


def test_a_track_as_clients_see_it() -> None:
    rendition = Rendition("aac128", "mp4a.40.2", 44100, 2, 700, [Segment(700, 9, 44100)])
    seen = view(
        record(
            title="T",
            cover_type="image/png",
            size_bytes=10,
            received_bytes=4,
            renditions={"aac128": rendition},
            packaged_ticks=22050,
        )
    )
    assert (seen.title, seen.state, seen.reason) == ("T", "receiving", None)
    assert (seen.size_bytes, seen.received_bytes, seen.packaged_ms) == (10, 4, 500)
    assert (seen.sha256, seen.duplicate_of) == (None, None)
    assert seen.links.self == f"/api/v1/tracks/{ID}"
    assert seen.links.page == f"/t/{ID}"
    assert seen.links.hls == f"/hls/{ID}/index.m3u8"
    assert seen.links.source == f"/api/v1/tracks/{ID}/source"
    assert seen.links.waveform == f"/api/v1/tracks/{ID}/waveform.json"
    assert seen.links.cover == f"/api/v1/tracks/{ID}/cover"


def test_a_cover_has_the_address_of_what_is_shown() -> None:
    path = f"/api/v1/tracks/{ID}/cover"
    of_the_file = {"cover_type": "image/png"}
    for known, link in (
        ({}, None),
        (of_the_file, path),
        (of_the_file | {"file_cover": "abc"}, f"{path}?v=abc"),
        (of_the_file | {"file_cover": ""}, None),
        (of_the_file | {"file_cover": "abc", "user_cover": "def"}, f"{path}?v=def"),
        ({"user_cover": "def"}, f"{path}?v=def"),
        ({"user_cover": "def", "state": State.FAILED}, None),
    ):
        assert view(record(**known)).links.cover == link


def test_loudness_is_shown_when_any_of_it_is_known() -> None:
    assert view(record()).loudness is None
    measured = record(integrated_lufs=-14.0, range_lu=5.5, true_peak_dbtp=-0.5)
    assert view(measured).loudness == Loudness(-14.0, 5.5, -0.5)
    assert view(record(true_peak_dbtp=-6.0)).loudness == Loudness(None, None, -6.0)


def test_renditions_are_shown_once_they_have_a_segment() -> None:
    begun = Rendition("aac64", "mp4a.40.2", 44100, 2, 700, [])
    playable = Rendition("aac128", "mp4a.40.2", 44100, 2, 700, [Segment(700, 16_000, 44100)])
    seen = RenditionView("aac128", "mp4a.40.2", 128_000, 44100, 2)
    assert view(record(renditions={"aac128": playable, "aac64": begun})).renditions == [seen]
    assert view(record(listed=[seen])).renditions == [seen]


@pytest.mark.parametrize(
    ("filename", "title"),
    [("a.b.flac", "a.b"), ("song", "song"), (".flac", ".flac"), ("no. 5 for two", "no. 5 for two")],
)
def test_a_track_without_a_title_is_called_after_its_file(filename: str, title: str) -> None:
    assert view(record(filename=filename)).title == title


@pytest.mark.parametrize(
    "filename", ["song.flac", 'say "hi".mp3', "back\\slash.wav", "Für Elise 🎵.ogg", "100%.mp3", "a;b=c.mp3"]
)
def test_a_source_is_saved_under_its_own_name_rfc_6266(filename: str) -> None:
    header = disposition(filename)
    assert header.isascii() and header.startswith("attachment; ")
    _, parameters = parse_content_disposition(header)
    assert content_disposition_filename(parameters) == filename


def test_a_track_has_its_bytes_in_its_own_folder_or_in_that_of_another() -> None:
    assert record().media_id == ID
    assert record(media_id="01hf0000000000000000000001").media_id == "01hf0000000000000000000001"
