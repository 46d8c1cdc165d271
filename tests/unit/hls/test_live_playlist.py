from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hls.grid import Grid
from hls.live_playlist import LivePlaylist, Report, Title
from hls.window import Part, Window
from tests.support.live_m3u8 import LivePlaylistText, dates_follow, read_live

GRID = Grid(timescale=48_000, part_ticks=15_360, parts_per_segment=12, keep_segments=15)
PART = Part(5_000, 15_360)
NOON_US = 1_800_000_000_000_000


def show(parts: int, grid: Grid = GRID) -> tuple[Window, LivePlaylist]:
    window = Window(grid, starts_at_us=NOON_US)
    window.append(Part(4_000, 15_360 - 2_048))
    for _ in range(parts - 1):
        window.append(PART)
    return window, LivePlaylist(window, "aac128")


def test_a_young_playlist_word_for_word():
    grid = Grid(timescale=48_000, part_ticks=15_360, parts_per_segment=2, keep_segments=4)
    _, playlist = show(3, grid)
    report = Report("aac64.m3u8", 1, 0)
    title = Title(1, NOON_US, 'The "Moldau"\n')
    assert playlist.render(reports=[report], titles=[title]) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:9\n"
        "#EXT-X-TARGETDURATION:1\n"
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=6,HOLD-BACK=3,PART-HOLD-BACK=0.96\n"
        "#EXT-X-PART-INF:PART-TARGET=0.32\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-DATERANGE:ID="title-1",CLASS="veza.title",START-DATE="2027-01-15T08:00:00.000Z",'
        'X-TITLE="The ”Moldau” "\n'
        '#EXT-X-MAP:URI="aac128/init0.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n"
        '#EXT-X-PART:DURATION=0.277333,URI="aac128/0.0.m4s",INDEPENDENT=YES\n'
        '#EXT-X-PART:DURATION=0.32,URI="aac128/0.1.m4s",INDEPENDENT=YES\n'
        "#EXTINF:0.597333,\n"
        "aac128/0.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.597Z\n"
        '#EXT-X-PART:DURATION=0.32,URI="aac128/1.0.m4s",INDEPENDENT=YES\n'
        '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="aac128/1.1.m4s"\n'
        '#EXT-X-RENDITION-REPORT:URI="aac64.m3u8",LAST-MSN=1,LAST-PART=0\n'
    )


def test_parts_are_listed_near_the_end_alone():
    _, playlist = show(12 * 10 + 5)
    read = read_live(playlist.render())
    assert [len(segment.parts) for segment in read.segments] == [0] * 7 + [12] * 3 + [5]


def test_a_delta_leaves_out_what_is_older_than_the_boundary():
    window, playlist = show(12 * 16)
    before = read_live(playlist.render())
    window.append(PART)
    delta = playlist.render(skip=True)
    assert "#EXT-X-SKIP:SKIPPED-SEGMENTS=8\n" in delta
    assert len(delta) < len(playlist.render()) * 0.9
    assert read_live(delta, before).segments == read_live(playlist.render()).segments


def test_a_short_playlist_skips_nothing():
    _, playlist = show(20)
    assert playlist.render(skip=True) == playlist.render()


def test_the_end_is_said():
    window, playlist = show(20)
    window.end()
    read = read_live(playlist.render(reports=[Report("aac64.m3u8", 1, 7)]))
    assert (read.ended, read.hint, read.reports) == (True, None, [])


def test_a_new_init_comes_with_a_discontinuity():
    window, playlist = show(20)
    window.cut(init=1, starts_at_us=NOON_US + 100_000_000)
    window.append(PART)
    read = read_live(playlist.render())
    assert [segment.init for segment in read.segments] == ["aac128/init0.mp4"] * 2 + ["aac128/init1.mp4"]
    assert read.segments[-1].discontinuity
    assert read.segments[-1].date == datetime.fromisoformat("2027-01-15T08:01:40Z")


@given(
    st.lists(st.sampled_from(["part"] * 12 + ["cut", "init", "look", "look", "skip"]), max_size=400),
    st.integers(1, 13),
    st.integers(4, 12),
)
def test_whatever_happens_each_playlist_follows_from_the_one_before(
    events: list[str], parts_per_segment: int, keep: int
):
    grid = Grid(48_000, 15_360, parts_per_segment, keep)
    window = Window(grid, starts_at_us=NOON_US)
    playlist = LivePlaylist(window, "aac128")
    init = 0
    before: LivePlaylistText | None = None
    for event in events:
        if event == "part":
            window.append(PART)
        elif event == "cut":
            window.cut()
        elif event == "init":
            init += 1
            window.cut(init=init)
        elif window.segments:
            # 6.2.5.1: who has been away for half the boundary asks for the whole.
            near = before is not None and window.segments[-1].number - before.segments[-1].number < 3
            delta = event == "skip" and near
            whole = read_live(playlist.render(), before)
            dates_follow(whole)
            before = read_live(playlist.render(skip=True), before) if delta else whole
            assert before.segments == whole.segments
    if window.segments:
        window.end()
        assert read_live(playlist.render(), before).ended


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("TARGETDURATION:4", "TARGETDURATION:5"),
        ("MEDIA-SEQUENCE:0", "MEDIA-SEQUENCE:1"),
        ("DURATION=0.32", "DURATION=0.33"),
        ("aac128/init0.mp4", "aac128/init1.mp4"),
        ("aac128/1.0.m4s", "aac128/1.9.m4s"),
        ("#EXTINF:3.84", "#EXTINF:3.841"),
        ("08:00:03.797Z", "08:00:04.797Z"),
        ("#EXT-X-PRELOAD-HINT", "#EXT-X-ENDLIST\n#EXT-X-PRELOAD-HINT"),
        ("INDEPENDENT=YES", "INDEPENDENT=NO"),
        ("PART-HOLD-BACK=0.96", "PART-HOLD-BACK=0.5"),
    ],
)
def test_the_judge_sees_what_a_server_may_not_do(said: str, wrong: str):
    window, playlist = show(30)
    before = read_live(playlist.render())
    window.append(PART)
    text = playlist.render()
    read_live(text, before)
    assert said in text
    with pytest.raises(AssertionError):
        read_live(text.replace(said, wrong), before)
