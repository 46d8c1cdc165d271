import pytest
from msgspec.structs import asdict, replace

from hls.model import Rendition, Segment
from streamer.track import State, TrackRecord
from streamer.twin import TAKEN, TAKEN_IN_MEMORY, fits, take_over

ID, OTHER = "01hf0000000000000000000002", "01hf0000000000000000000001"


def cut(count: int, size_bytes: int = 100) -> list[Segment]:
    return [Segment(700 + size_bytes * number, size_bytes, 44_100) for number in range(count)]


def rendition(name: str = "aac128", *, segments: int = 3, **known: object) -> Rendition:
    whole = Rendition(name, "mp4a.40.2", 44_100, 2, 700, cut(segments), complete=segments == 3)
    return replace(whole, **known)


def track(track_id: str, *renditions: Rendition, **known: object) -> TrackRecord:
    basics = {"filename": "a.wav", "media_type": "audio/wav", "created_at": 5, "updated_at": 5}
    named = {one.name: one for one in renditions}
    return TrackRecord(id=track_id, renditions=named, sha256="a" * 64, **(basics | known))  # type: ignore[arg-type]


@pytest.mark.parametrize("segments", range(4))
def test_a_player_goes_on_where_the_tables_begin_alike(segments: int) -> None:
    assert fits({"aac128": rendition(segments=segments)}, {"aac128": rendition(), "flac": rendition("flac")})


@pytest.mark.parametrize(
    "theirs",
    [
        {},
        {"aac64": rendition("aac64")},
        {"aac128": rendition(codecs="mp4a.40.5")},
        {"aac128": rendition(timescale=48_000)},
        {"aac128": rendition(channels=1)},
        {"aac128": rendition(init_size_bytes=701)},
        {"aac128": rendition(segments=1)},
        {"aac128": replace(rendition(), segments=cut(3, size_bytes=101))},
    ],
)
def test_who_plays_is_not_given_something_else(theirs: dict[str, Rendition]) -> None:
    assert not fits({"aac128": rendition(segments=2)}, theirs)
    assert fits({"aac128": rendition(segments=0)}, theirs), "nobody plays it yet"
    assert fits({}, theirs)


def test_it_takes_what_comes_of_the_bytes_and_stays_itself() -> None:
    own = track(
        *(ID, rendition(segments=1)),
        state=State.PACKAGING,
        ref="mine",
        duplicate_of=OTHER,
        packaged_ticks=44_100,
        received_bytes=9,
    )
    other = track(
        *(OTHER, rendition()),
        state=State.READY,
        playable=True,
        ref="theirs",
        filename="b.wav",
        title="T",
        cover_type="image/png",
        duration_ms=3000,
        integrated_lufs=-14.0,
        range_lu=3.0,
        true_peak_dbtp=-1.0,
        packaged_ticks=132_300,
        file_bytes={"aac128": 1234},
    )
    taken = take_over(own, other, 77)
    assert taken == replace(
        own,
        state=State.READY,
        playable=True,
        media_id=OTHER,
        title="T",
        cover_type="image/png",
        duration_ms=3000,
        integrated_lufs=-14.0,
        range_lu=3.0,
        true_peak_dbtp=-1.0,
        renditions=other.renditions,
        packaged_ticks=132_300,
        file_bytes={"aac128": 1234},
        updated_at=77,
    )
    changed = {name for name, value in asdict(taken).items() if value != asdict(own)[name]}
    assert changed <= {*TAKEN, *TAKEN_IN_MEMORY}


@pytest.mark.parametrize("state", [State.RECEIVING, State.READY, State.FAILED])
def test_only_what_is_packaged_takes_over(state: State) -> None:
    with pytest.raises(AssertionError, match="TAKEN_OVER"):
        take_over(track(ID, state=state), track(OTHER, state=State.READY), 1)
