import pytest

from hls.directives import Directives
from hls.grid import Grid
from hls.window import Part, Ready, Refused, Wait, Window

GRID = Grid(timescale=48_000, part_ticks=15_360, parts_per_segment=3, keep_segments=4)
PART = Part(5_000, 15_360)
NOON_US = 1_800_000_000_000_000


def window(parts: int, **options: int) -> Window:
    made = Window(GRID, starts_at_us=NOON_US, **options)
    for _ in range(parts):
        made.append(PART)
    return made


def test_parts_become_segments():
    made = window(4)
    first, second = made.segments
    assert (first.number, first.complete, first.duration_ticks, first.size_bytes) == (0, True, 46_080, 15_000)
    assert (second.number, second.complete, len(second.parts)) == (1, False, 1)
    assert second.starts_at_us == NOON_US + 960_000
    assert made.next_place == (1, 1)


def test_the_oldest_segments_leave():
    made = window(14)
    assert [segment.number for segment in made.segments] == [0, 1, 2, 3, 4]
    made.append(PART)
    gone = made.append(PART)
    assert [segment.number for segment in gone] == [0]
    assert [segment.number for segment in made.segments] == [1, 2, 3, 4, 5]


def test_a_cut_ends_the_segment_and_the_next_one_says_so():
    made = window(4)
    made.cut(init=1, starts_at_us=NOON_US + 60_000_000)
    assert made.next_place == (2, 0)
    made.append(PART)
    second, third = list(made.segments)[1:]
    assert (second.complete, len(second.parts), second.discontinuity) == (True, 1, False)
    assert (third.discontinuity, third.init, third.starts_at_us) == (True, 1, NOON_US + 60_000_000)
    for _ in range(30):
        made.append(PART)
    assert made.gone_discontinuities == 1


def test_a_cut_before_anything_was_there_is_no_discontinuity():
    made = window(0)
    made.cut(init=3)
    made.append(PART)
    assert (made.segments[0].discontinuity, made.segments[0].init) == (False, 3)


@pytest.mark.parametrize(
    ("msn", "part", "verdict"),
    [
        (None, None, Ready()),
        (9, None, Ready()),  # long gone, or not: the list is newer
        (10, None, Ready()),
        (11, None, Wait()),
        (11, 0, Ready()),
        (11, 1, Wait()),
        (11, 2, Wait()),
        (11, 3, Wait()),  # there are three: the first of the next
        (10, 3, Ready()),
        (10, 99, Ready()),
        (12, None, Wait()),
        (12, 0, Wait()),
        (13, None, Wait()),
        (13, 0, Wait()),
    ],
)
def test_what_is_asked_for_is_there_or_waited_for(msn: int | None, part: int | None, verdict: Ready | Wait):
    made = window(4, first_number=10)
    assert made.locate(Directives(msn, part)) == verdict


def test_what_is_too_far_ahead_is_refused():
    made = window(4, first_number=10)
    assert isinstance(made.locate(Directives(14)), Refused)
    assert isinstance(made.locate(Directives(13, 3)), Refused)
    long = Window(Grid(48_000, 15_360, 100, 4), starts_at_us=NOON_US)
    long.append(PART)
    assert long.locate(Directives(0, 10)) == Wait()  # 3 s are ten parts
    verdict = long.locate(Directives(0, 11))
    assert verdict == Refused("part 11 is 11 ahead of the last, more than 10")


def test_a_segment_that_was_cut_short_has_fewer_parts():
    made = window(4)
    made.cut()
    assert made.locate(Directives(1, 0)) == Ready()
    assert made.locate(Directives(1, 1)) == Wait(), "the first part of the next segment"
    made.append(PART)
    assert made.locate(Directives(1, 1)) == Ready()


def test_before_the_first_part_everyone_waits():
    made = window(0, first_number=5)
    assert made.locate(Directives()) == Wait()
    assert made.locate(Directives(5, 0)) == Wait()
    assert isinstance(made.locate(Directives(8)), Refused)


def test_when_the_show_has_ended_nobody_waits():
    made = window(4)
    made.end()
    made.end()
    assert made.segments[-1].complete
    assert made.locate(Directives(99, 99)) == Ready()


def test_the_last_place_is_that_of_the_last_part():
    assert window(3).last_place == (0, 2)
    assert window(4).last_place == (1, 0)


def test_a_show_that_goes_on_begins_with_a_discontinuity_beyond_all_before():
    made = window(0, first_number=7, gone_discontinuities=7)
    made.cut()  # the encoders had to be opened again before there was a part
    made.append(PART)
    assert made.segments[0].discontinuity
    assert made.gone_discontinuities == 7
    for _ in range(15):
        made.append(PART)
    assert made.segments[0].number == 8
    assert made.gone_discontinuities == 8


def test_another_window_goes_on_where_one_stands_between_two_segments():
    one = Window(GRID, starts_at_us=1_000_000, first_number=7, init=3, gone_discontinuities=2)
    others = []
    for number in range(40):
        if number == 14:
            one.cut(init=4, starts_at_us=99_000_000)
            for other in others:
                other.cut(init=4, starts_at_us=99_000_000)
        place = one.place
        if place is not None:
            others.append(Window.at(GRID, place))
        else:
            assert not one.segments[-1].complete
        for each in (one, *others):
            each.append(Part(100 + number, GRID.part_ticks))
    assert len(others) > GRID.keep_segments + 1
    for other in others:
        listed = len(other.segments)
        assert list(other.segments) == list(one.segments)[-listed:]
        assert other.next_place == one.next_place
        gone = [segment for segment in list(one.segments)[:-listed] if segment.discontinuity]
        assert other.gone_discontinuities == one.gone_discontinuities + len(gone)
    assert others[0].segments == one.segments


OPENING = Grid(timescale=48_000, part_ticks=15_360, parts_per_segment=12, keep_segments=16, opening=(1, 3, 6))


def opened(parts: int, **options: int) -> Window:
    made = Window(OPENING, starts_at_us=NOON_US, first_number=20, **options)
    for number in range(parts):
        made.append(Part(5_000, 15_360 - 1_024 * (number == 0)))  # the encoder's delay
    return made


def test_the_first_segment_of_a_show_comes_in_several_and_all_others_are_whole():
    made = opened(30)
    assert [len(segment.parts) for segment in made.segments] == [1, 2, 3, 6, 12, 6]
    assert [segment.number for segment in made.segments] == [20, 21, 22, 23, 24, 25]
    assert not any(segment.discontinuity for segment in made.segments)


def test_what_is_cut_or_goes_on_has_no_opening():
    made = opened(2)
    made.cut()
    for _ in range(24):
        made.append(PART)
    assert [len(segment.parts) for segment in made.segments] == [1, 1, 12, 12]
    assert [len(segment.parts) for segment in opened(24, gone_discontinuities=1).segments] == [12, 12]


def test_a_part_behind_the_last_of_a_short_segment_is_the_first_of_the_next():
    made = opened(2)  # of the second segment, which has two, one is there
    assert made.next_place == (21, 1)
    assert made.place_of(21, 1) == (21, 1)
    assert made.place_of(21, 2) == (22, 0)
    assert made.place_of(22, 2) == (22, 2)
    assert made.place_of(22, 3) == (23, 0)
    assert made.place_of(23, 5) == (23, 5)
    assert made.place_of(23, 6) == (24, 0)
    assert made.place_of(24, 11) == (24, 11)
    assert made.place_of(99, 12) == (100, 0)
    assert made.locate(Directives(20, 1)) == Ready()
    assert made.locate(Directives(21, 1)) == made.locate(Directives(22, 0)) == Wait()
    assert opened(3).place_of(22, 3) == (23, 0), "also before the first of its parts"


def test_another_window_has_the_same_opening():
    one = opened(0)
    others = []
    for number in range(30):
        if (place := one.place) is not None:
            others.append(Window.at(OPENING, place))
        for each in (one, *others):
            each.append(Part(5_000, 15_360 - 1_024 * (number == 0)))
    assert len(others) == 6
    for other in others:
        assert list(other.segments) == list(one.segments)[-len(other.segments) :]
