from fractions import Fraction

from hls.timeline import Timeline

RATE = 48_000
MS = Fraction(1, 1000)


def test_what_follows_closely_leaves_no_gap():
    timeline = Timeline(RATE, MS)
    assert [timeline.feed(at, 960) for at in (0, 20, 41, 59, 80)] == [0, 0, 0, 0, 0]


def test_lost_sound_becomes_silence_of_its_length():
    timeline = Timeline(RATE, MS)
    timeline.feed(0, 960)
    assert timeline.feed(500, 960) == 23_040
    assert timeline.feed(520, 960) == 0


def test_the_first_frame_is_the_beginning_wherever_it_claims_to_be():
    timeline = Timeline(RATE, MS)
    assert timeline.feed(7_000, 960) == 0
    assert timeline.feed(7_020, 960) == 0


def test_going_back_is_no_gap_and_counts_from_there():
    timeline = Timeline(RATE, MS)
    timeline.feed(5_000, 960)
    assert timeline.feed(0, 960) == 0
    assert timeline.feed(20, 960) == 0


def test_frames_without_a_time_follow_the_ones_before():
    timeline = Timeline(RATE, MS)
    assert timeline.feed(None, 960) == 0
    timeline.feed(0, 960)
    assert timeline.feed(None, 960) == 0
    assert timeline.feed(40, 960) == 0
    assert timeline.feed(160, 960) == 4_800


def test_a_leap_of_more_than_ten_seconds_is_not_believed():
    timeline = Timeline(RATE, MS)
    timeline.feed(0, 960)
    assert timeline.feed(10_021, 960) == 0
    assert timeline.feed(10_041, 960) == 0


def test_there_is_never_more_silence_than_sound_beyond_the_first_ten_seconds():
    timeline = Timeline(RATE, MS)
    silent, at = 0, 0
    for _ in range(1000):
        silent += timeline.feed(at, 960)
        at += 9_000
    assert silent <= max(10 * RATE, 1000 * 960)


def test_a_source_without_a_clock_has_no_gaps():
    timeline = Timeline(RATE, None)
    assert [timeline.feed(at, 960) for at in (0, 10**9)] == [0, 0]
