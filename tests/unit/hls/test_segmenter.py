from fractions import Fraction

from hls.model import AccessUnit
from hls.segmenter import Fragment, Segmenter


def unit(number: int, ticks: int = 1024) -> AccessUnit:
    return AccessUnit(bytes([number]), ticks)


def feed(segmenter: Segmenter, units: list[AccessUnit]) -> list[Fragment]:
    return [cut for one in units if (cut := segmenter.feed(one)) is not None]


def test_cuts_after_so_many_units():
    segmenter = Segmenter(fragment_frames=2, delay_ticks=0)
    units = [unit(i) for i in range(5)]
    assert feed(segmenter, units) == [
        Fragment(1, 0, units[0:2], 2048),
        Fragment(2, 2048, units[2:4], 2048),
    ]
    assert segmenter.flush() == Fragment(3, 4096, units[4:], 1024)
    assert segmenter.flush() is None


def test_delay_comes_off_the_first_fragment():
    segmenter = Segmenter(fragment_frames=2, delay_ticks=1024)
    cuts = feed(segmenter, [unit(i) for i in range(4)])
    assert [(cut.decode_ticks, cut.duration_ticks) for cut in cuts] == [(0, 1024), (2048, 2048)]


def test_delay_longer_than_a_fragment_comes_off_several():
    segmenter = Segmenter(fragment_frames=1, delay_ticks=1500)
    cuts = feed(segmenter, [unit(i) for i in range(4)])
    assert [cut.duration_ticks for cut in cuts] == [0, 548, 1024, 1024]


def test_presented_durations_add_up_to_what_was_fed_less_the_delay():
    segmenter = Segmenter(fragment_frames=172, delay_ticks=1024)
    cuts = feed(segmenter, [unit(i % 256) for i in range(1938)] + [unit(1, 12)])
    last = segmenter.flush()
    assert last is not None
    assert sum(cut.duration_ticks for cut in [*cuts, last]) == 1938 * 1024 + 12 - 1024
    assert segmenter.end_ticks == 1938 * 1024 + 12


def test_goes_on_counting_after_a_flush():
    segmenter = Segmenter(fragment_frames=3, delay_ticks=0)
    feed(segmenter, [unit(0)])
    assert segmenter.flush() == Fragment(1, 0, [unit(0)], 1024)
    cuts = feed(segmenter, [unit(i) for i in range(1, 4)])
    assert cuts == [Fragment(2, 1024, [unit(1), unit(2), unit(3)], 3072)]


def test_parts_of_a_live_stream_are_fragments_too():
    segmenter = Segmenter(fragment_frames=15, delay_ticks=0)
    cuts = feed(segmenter, [unit(0)] * 180)
    assert [cut.decode_ticks for cut in cuts] == [15_360 * i for i in range(12)]
    assert {cut.duration_ticks for cut in cuts} == {15_360}


def test_the_frames_of_the_delay_come_with_the_first_fragment():
    segmenter = Segmenter(fragment_frames=2, delay_ticks=1024, first_extra_frames=1)
    cuts = feed(segmenter, [unit(i) for i in range(5)])
    assert [(len(cut.units), cut.decode_ticks, cut.duration_ticks) for cut in cuts] == [
        (3, 0, 2048),
        (2, 3072, 2048),
    ]


def test_fragments_do_not_drift_from_a_length_that_is_no_whole_number_of_frames():
    segmenter = Segmenter(fragment_frames=Fraction(8, 3), delay_ticks=0)
    cuts = feed(segmenter, [unit(0)] * 80)
    assert [len(cut.units) for cut in cuts] == [3, 2, 3] * 10
