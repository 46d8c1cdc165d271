"""How far somebody has read: forward only, and within bounds."""

from hypothesis import given
from hypothesis import strategies as st

from chat.markers import Markers


def test_a_marker_moves_forward_only() -> None:
    markers = Markers(10)
    assert markers.get("lobby", "e") == 0
    assert markers.advance("lobby", "e", 5)
    assert not markers.advance("lobby", "e", 5)
    assert not markers.advance("lobby", "e", 3)
    assert markers.get("lobby", "e") == 5


def test_a_new_life_of_the_log_begins_unread() -> None:
    markers = Markers(10)
    markers.advance("lobby", "e", 5)
    assert markers.get("lobby", "f") == 0
    assert markers.advance("lobby", "f", 2)
    assert (markers.get("lobby", "f"), markers.get("lobby", "e")) == (2, 0)


def test_beyond_the_bound_the_oldest_is_forgotten() -> None:
    markers = Markers(2)
    for room, seq in (("a", 1), ("b", 1), ("a", 2), ("c", 1)):
        markers.advance(room, "e", seq)
    assert [markers.get(room, "e") for room in "abc"] == [2, 0, 1]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 9))))
def test_whatever_the_order_the_furthest_counts(steps: list[tuple[str, int]]) -> None:
    markers = Markers(2)
    for room, seq in steps:
        markers.advance(room, "e", seq)
    for room in "ab":
        assert markers.get(room, "e") == max((seq for name, seq in steps if name == room), default=0)
