"""What players fetch of a show, and every playlist read by the independent reader."""

import gzip
from collections.abc import Iterable
from decimal import Decimal

import pytest

from hls.live import GRID, OnAir
from streamer.live.outlet import Title
from streamer.live.passes import Passes
from streamer.live.shelf import LiveShelf
from streamer.resource import Denial, Resource
from streamer.waiting import Waiting
from tests.support.clock import Clock, started
from tests.support.live import (
    AAC,
    LOW,
    MP3,
    NOW_S,
    SECRET,
    STARTS_AT_US,
    Listener,
    Rooms,
    head_of,
    live_shelf,
    on_air,
    part,
)
from tests.support.live_m3u8 import LivePlaylistText, dates_follow, read_live
from tests.support.m3u8 import attributes

BASE = "/hls/live/lobby/"
FIRST = STARTS_AT_US // 3_840_000


def running(parts: int = 1) -> tuple[LiveShelf, Clock]:
    clock, wheel = started()
    shelf = live_shelf(wheel)
    shelf.started(on_air())
    for number in range(parts):
        give(shelf, number)
    return shelf, clock


def give(shelf: LiveShelf, number: int) -> None:
    for rendition in (AAC, LOW, MP3):
        shelf.part(on_air(), part(number, rendition))


def give_all(shelf: LiveShelf, show: OnAir, numbers: Iterable[int]) -> None:
    for number in numbers:
        for rendition in (AAC, LOW, MP3):
            shelf.part(show, part(number, rendition))


def get(shelf: LiveShelf, target: str, *, gzip: bool = False) -> Resource:
    found = shelf.find(head_of(target, gzip=gzip), Listener())
    assert isinstance(found, Resource), found
    assert isinstance(found.body, bytes)
    return found


def denied(shelf: LiveShelf, target: str) -> int:
    found = shelf.find(head_of(target), Listener())
    assert isinstance(found, Denial), found
    return found.status


def waits(shelf: LiveShelf, target: str) -> Waiting:
    found = shelf.find(head_of(target), Listener())
    assert isinstance(found, Waiting), found
    return found


def data(resource: Resource) -> bytes:
    assert isinstance(resource.body, bytes)
    return resource.body


def text(resource: Resource) -> str:
    return data(resource).decode()


def read(shelf: LiveShelf, query: str = "", before: LivePlaylistText | None = None) -> LivePlaylistText:
    return read_live(text(get(shelf, f"{BASE}aac128.m3u8{query}")), before)


def test_a_show_of_some_minutes_with_every_form_of_its_playlist() -> None:
    shelf, _ = running(0)
    before = delta = None
    seen: dict[str, bytes] = {}
    for number in range(400):
        give(shelf, number)
        before = read(shelf, before=before)
        dates_follow(before)
        if number > 100:
            delta = read(shelf, "?_HLS_skip=YES", delta or before)
            assert delta.skipped > 0
        for segment in before.segments[-5:]:
            uris = [one.uri for one in segment.parts]
            for uri in uris + ([segment.uri] if segment.uri else []):
                body = data(get(shelf, BASE + uri))
                assert seen.setdefault(uri, body) == body, "what was fetched once never changes"
            if segment.uri and uris:
                assert get(shelf, BASE + segment.uri).body == b"".join(seen[uri] for uri in uris)
    assert before is not None
    assert before.segments[0].number == FIRST + 400 // 12 - 16
    report = {"URI": "aac64.m3u8", "LAST-MSN": str(FIRST + 33), "LAST-PART": "3"}
    assert before.reports == [report]
    # 16 listed, one that grows, 4 behind; parts of 7 and of the one that grows.
    assert len(shelf._media) == 2 * (1 + 16 + 4 + 7 * 12 + 4)


def test_who_asks_for_what_comes_next_waits_for_it() -> None:
    shelf, _ = running(1)
    playlist = waits(shelf, f"{BASE}aac128.m3u8?_HLS_msn={FIRST}&_HLS_part=1")
    hinted = waits(shelf, f"{BASE}aac128/{FIRST}.1.m4s")
    assert waits(shelf, f"{BASE}aac128.m3u8?_HLS_msn={FIRST}&_HLS_part=1") is playlist
    assert waits(shelf, f"{BASE}aac128.m3u8?_HLS_msn={FIRST}") is not playlist
    shelf.part(on_air(), part(1, AAC))
    assert hinted._found is get(shelf, f"{BASE}aac128/{FIRST}.1.m4s")
    assert playlist._found is None, "the others are told what this one has when all have it"
    shelf.part(on_air(), part(1, LOW))
    assert isinstance(playlist._found, Resource)
    now = read_live(text(playlist._found))
    assert now.reports == [{"URI": "aac64.m3u8", "LAST-MSN": str(FIRST), "LAST-PART": "1"}]
    assert now.hint == f"aac128/{FIRST}.2.m4s"


def test_rfc8216bis_6_2_5_2_bad_directives_and_what_is_too_far_ahead() -> None:
    shelf, _ = running(1)
    for query in (f"_HLS_msn={FIRST + 3}", f"_HLS_msn={FIRST}&_HLS_part=11", "_HLS_part=1", "_HLS_msn=x"):
        assert denied(shelf, f"{BASE}aac128.m3u8?{query}") == 400
    waits(shelf, f"{BASE}aac128.m3u8?_HLS_msn={FIRST + 2}")
    one = waits(shelf, f"{BASE}aac128.m3u8?_HLS_msn={FIRST + 2}&_HLS_part=0")
    for part_number in (12, 13, 10**14):  # however it is called
        assert waits(shelf, f"{BASE}aac128.m3u8?_HLS_msn={FIRST + 1}&_HLS_part={part_number}") is one


def test_a_wait_ends_with_the_playlist_as_it_is_which_nobody_keeps() -> None:
    shelf, clock = running(3)
    waiting = waits(shelf, f"{BASE}aac128.m3u8?_HLS_msn={FIRST}&_HLS_part=3")
    hinted = waits(shelf, f"{BASE}aac128/{FIRST}.3.m4s")
    clock.advance(13)
    assert isinstance(waiting._found, Resource)
    assert waiting._found.cache_control == "no-store"
    assert len(read_live(text(waiting._found)).segments[0].parts) == 3
    assert isinstance(hinted._found, Denial)
    assert hinted._found.status == 503
    again = waits(shelf, f"{BASE}aac128.m3u8?_HLS_msn={FIRST}&_HLS_part=3")
    give(shelf, 3)
    assert isinstance(again._found, Resource)


def test_what_caches_may_keep() -> None:
    shelf, _ = running(12)
    kept = "public, max-age=86400, immutable"
    for name in (
        f"aac128/init{FIRST}.mp4",
        f"aac128/{FIRST}.0.m4s",
        f"aac128/{FIRST}.m4s",
        f"aac128.m3u8?_HLS_msn={FIRST}&_HLS_part=0",
        f"aac128.m3u8?_HLS_msn={FIRST}&_HLS_part=0&_HLS_skip=YES",
    ):
        assert get(shelf, BASE + name).cache_control == kept
    for name in ("index.m3u8", "aac128.m3u8", "aac128.m3u8?x=y", "aac128.m3u8?_HLS_skip=YES"):
        assert get(shelf, BASE + name).cache_control == "public, max-age=0"


def test_a_playlist_is_compressed_for_who_takes_that() -> None:
    shelf, _ = running(30)
    plain = get(shelf, f"{BASE}aac128.m3u8")
    small = get(shelf, f"{BASE}aac128.m3u8", gzip=True)
    assert gzip.decompress(data(small)) == plain.body
    assert small.encoding == "gzip"
    assert small.etag != plain.etag
    assert get(shelf, f"{BASE}aac128/{FIRST}.0.m4s", gzip=True).encoding is None


def test_the_multivariant_playlist_is_given_when_every_rendition_plays() -> None:
    shelf, _ = running(0)
    waiting = waits(shelf, f"{BASE}index.m3u8")
    shelf.part(on_air(), part(0, AAC))
    assert waiting._found is None
    shelf.part(on_air(), part(0, LOW))
    assert isinstance(waiting._found, Resource)
    for number in range(1, 24):
        give(shelf, number)
    lines = text(get(shelf, f"{BASE}index.m3u8")).split("\n")
    assert lines[3] == "#EXT-X-START:TIME-OFFSET=-0.96"
    streams = [attributes(line.partition(":")[2]) for line in lines if line.startswith("#EXT-X-STREAM-INF")]
    assert [stream["CODECS"] for stream in streams] == ["mp4a.40.2", "mp4a.40.2"]
    # The parts of the support are `bitrate // 25` bytes each, in 0.32 s.
    assert [stream["BANDWIDTH"] for stream in streams] == ["128000", "64000"]
    assert lines[5:8:2] == ["aac128.m3u8", "aac64.m3u8"]


def test_a_show_that_stays_silent_is_not_waited_for_for_long() -> None:
    shelf, clock = running(0)
    index, playlist = waits(shelf, f"{BASE}index.m3u8"), waits(shelf, f"{BASE}aac128.m3u8")
    clock.advance(7)
    assert isinstance(index._found, Denial)
    clock.advance(7)
    assert isinstance(playlist._found, Denial)
    shelf.ended(on_air())
    assert denied(shelf, f"{BASE}index.m3u8") == 404


def test_titles_are_listed_as_long_as_they_are_heard() -> None:
    shelf, _ = running(1)
    for number in range(3):
        starts_at_us = STARTS_AT_US + number * 30_000_000
        shelf.titled(on_air(), Title(number + 1, starts_at_us, f"Song {number}"))
    give(shelf, 1)
    assert [date["X-TITLE"] for date in read(shelf).dates] == ["Song 0", "Song 1", "Song 2"]
    for number in range(2, 320):  # 102 s, of which the list begins at 38
        give(shelf, number)
    assert [date["X-TITLE"] for date in read(shelf).dates] == ["Song 1", "Song 2"]


def test_new_encoders_are_a_discontinuity_and_an_init_of_their_own() -> None:
    shelf, _ = running(15)
    before = read(shelf)
    hinted = waits(shelf, f"{BASE}aac128/{FIRST + 1}.3.m4s")
    waiting = waits(shelf, f"{BASE}aac128.m3u8?_HLS_msn={FIRST + 1}&_HLS_part=3")
    renewed = on_air(starts_at_us=STARTS_AT_US + 6_000_000)
    shelf.renewed(renewed)
    assert isinstance(hinted._found, Denial)
    assert hinted._found.status == 404
    assert waiting._found is None
    for rendition in (AAC, LOW):
        shelf.part(renewed, part(0, rendition))
    assert isinstance(waiting._found, Resource)
    now = read_live(text(waiting._found), before)
    assert [segment.discontinuity for segment in now.segments] == [False, False, True]
    assert now.segments[1].duration_s == Decimal("0.96")
    assert now.segments[2].date is not None
    assert now.segments[2].date.timestamp() == (STARTS_AT_US + 6_000_000) / 1e6


def test_after_a_restart_numbers_go_on_and_the_first_part_continues_nothing() -> None:
    shelf, _ = running(13)
    before = read(shelf)
    _, wheel = started()
    again = live_shelf(wheel)
    resumed = on_air(starts_at_us=STARTS_AT_US + 20_000_000, first_number=5)
    again.started(resumed)
    for rendition in (AAC, LOW):
        again.part(resumed, part(0, rendition))
    now = read(again)
    assert now.first_number == FIRST + 5 > before.first_number
    assert now.segments[0].discontinuity
    assert now.discontinuity_sequence == 5


def test_the_end_of_a_show_is_told_and_can_be_fetched_for_a_while() -> None:
    shelf, clock = running(14)
    waiting = waits(shelf, f"{BASE}aac128.m3u8?_HLS_msn={FIRST + 1}&_HLS_part=2")
    hinted = waits(shelf, f"{BASE}aac128/{FIRST + 1}.2.m4s")
    before = read(shelf)
    shelf.ended(on_air())
    assert isinstance(waiting._found, Resource)
    assert read_live(text(waiting._found), before).ended
    assert isinstance(hinted._found, Denial)
    assert get(shelf, f"{BASE}aac128/{FIRST + 1}.m4s").body == part(12).data + part(13).data
    assert read(shelf, f"?_HLS_msn={FIRST + 9}").ended
    clock.advance(62)
    assert denied(shelf, f"{BASE}aac128.m3u8") == 404
    assert not shelf._media


def test_the_next_show_of_a_room_has_addresses_of_its_own() -> None:
    shelf, clock = running(14)
    shelf.ended(on_air())
    later = on_air(show="show2", starts_at_us=STARTS_AT_US + 30_000_000)
    later = type(later)(
        later.room, later.show, later.starts_at_us, later.starts_at_us, 0, later.grid, later.renditions
    )
    shelf.started(later)
    for rendition in (AAC, LOW):
        shelf.part(later, part(0, rendition))
    assert read(shelf).first_number > FIRST + 1
    clock.advance(100)
    assert read(shelf).first_number > FIRST + 1


@pytest.mark.parametrize(
    "name",
    ["", "aac128", "aac128.mp4", "opus.m3u8", "aac128/", "aac128/0.0.m4s", "opus/1.m4s", "index.m3u8/x"],
)
def test_what_is_not_there_is_404(name: str) -> None:
    shelf, _ = running(1)
    assert denied(shelf, BASE + name) == 404
    assert denied(shelf, f"/hls/live/other/{name}") == 404


def test_a_room_that_is_not_open_takes_a_pass() -> None:
    _, wheel = started()
    shelf = live_shelf(wheel, Rooms(lobby=False, other=False))
    shelf.started(on_air())
    give(shelf, 0)
    passes = Passes(SECRET)
    good, late = passes.sign("lobby", NOW_S + 1), passes.sign("lobby", NOW_S)
    for name in ("index.m3u8", "aac128.m3u8", f"aac128/{FIRST}.0.m4s"):
        assert denied(shelf, BASE + name) == 403
        get(shelf, f"{good}{BASE}{name}")
        for bad in (
            late,
            passes.sign("other", NOW_S + 1),
            f"/l/{NOW_S + 2}{good[good.index('.') :]}",
            "/l/x",
        ):
            assert denied(shelf, f"{bad}{BASE}{name}") == 403
    assert shelf.find(head_of(f"{good}/live/lobby.mp3"), Listener()) is None


async def test_what_is_not_known_of_a_room_is_learned() -> None:
    _, wheel = started()
    rooms = Rooms()
    rooms.unknown["lobby"] = True
    shelf = live_shelf(wheel, rooms)
    shelf.started(on_air())
    give(shelf, 0)
    found = shelf.find(head_of(f"{BASE}index.m3u8"), Listener())
    assert found is not None
    assert not isinstance(found, Resource | Denial | Waiting)
    assert isinstance(await found, Resource)
    get(shelf, f"{BASE}index.m3u8")


def test_a_rendition_that_lags_does_not_stop_the_others() -> None:
    shelf, _ = running(1)
    waiting = waits(shelf, f"{BASE}aac128.m3u8?_HLS_msn={FIRST}&_HLS_part=1")
    shelf.part(on_air(), part(1, AAC))
    shelf.part(on_air(), part(2, AAC))
    assert isinstance(waiting._found, Resource)


def test_hurry_answers_everyone() -> None:
    shelf, _ = running(1)
    waiting = waits(shelf, f"{BASE}aac128.m3u8?_HLS_msn={FIRST}&_HLS_part=1")
    hinted = waits(shelf, f"{BASE}aac128/{FIRST}.1.m4s")
    shelf.hurry()
    assert isinstance(waiting._found, Resource)
    assert isinstance(hinted._found, Denial)


def test_sessions_are_counted_not_requests() -> None:
    clock, wheel = started()
    shelf = live_shelf(wheel)
    shelf.started(on_air())
    sessions = shelf._sessions
    for number in range(3):
        give(shelf, number)
    one, behind_nat = Listener(), Listener()
    for _ in range(3):
        shelf.find(head_of(f"{BASE}aac128.m3u8"), one)
        shelf.find(head_of(f"{BASE}aac128/{FIRST}.1.m4s"), one)
    shelf.find(head_of(f"{BASE}aac128.m3u8"), Listener())
    assert len(sessions) == 1
    shelf.find(head_of(f"{BASE}aac128.m3u8", "sid=1"), behind_nat)
    shelf.find(head_of(f"{BASE}aac128.m3u8", "sid=1"), Listener("192.0.2.7"))
    assert len(sessions) == 2
    shelf.find(head_of(f"{BASE}aac128.m3u8"), Listener("192.0.2.9"))
    assert sessions._audience.of("lobby") == {"hls": 3}
    # Two parts from the end, and two in hand.
    assert sessions.delay_ms("lobby") == 4 * 320
    clock.advance(10)
    shelf.find(head_of(f"{BASE}aac128.m3u8", "sid=1"), behind_nat)
    clock.advance(10)
    assert sessions._audience.of("lobby") == {"hls": 1}
    clock.advance(10)
    assert len(sessions) == 0
    shelf.find(head_of(f"{BASE}aac128.m3u8"), one)
    assert sessions._audience.of("lobby") == {"hls": 1}


def test_players_of_whole_segments_find_one_with_the_first_part_of_a_show() -> None:
    shelf, show = live_shelf(started()[1]), on_air(grid=GRID)
    shelf.started(show)
    before: LivePlaylistText | None = None
    for number in range(40):
        give_all(shelf, show, [number])
        before = read(shelf, before=before)
        assert before.segments[0].uri, "ffmpeg 5 gives up without"
    assert before is not None
    dates_follow(before)
    assert [segment.number - FIRST for segment in before.segments] == [0, 1, 2, 3, 4, 5, 6]
    whole = [get(shelf, f"{BASE}{one.uri}") for one in before.segments if one.uri]
    assert b"".join(map(data, whole)) == b"".join(part(number).data for number in range(36))


def test_a_show_that_goes_on_has_other_numbers_than_before() -> None:
    shelf, _ = running()
    shelf.started(on_air(show="show1", first_number=1, grid=GRID))
    give_all(shelf, on_air(first_number=1, grid=GRID), range(12, 14))
    first = read(shelf).segments[0]
    assert (first.number, len(first.parts)) == (FIRST + len(GRID.opening) + 1, 2)
