"""The tail of a log: what somebody who comes is given; nothing falls between pages and deliveries."""

from collections.abc import Sequence

import pytest

from chat.broker import Draft, Entry, Page, Position
from chat.entries import blank, encode_entry
from chat.fields import Author
from chat.limits import ChatLimits
from chat.recovery import Fresh, Lost, Ready, Tail, Wait, merge

LIMITS = ChatLimits(history_messages=3, history_bytes=1000, resume_messages=6, resume_bytes=2000)


def entries(first: int, last: int, size_bytes: int = 10) -> list[Entry]:
    return [Entry(seq, str(seq).encode().ljust(size_bytes)) for seq in range(first, last + 1)]


def seqs(found: Sequence[Entry]) -> list[int]:
    return [entry.seq for entry in found]


def page(first: int, last: int, epoch: str = "e") -> Page:
    return Page(epoch, last, entries(first, last))


def tail_of(first: int, last: int, limits: ChatLimits = LIMITS) -> Tail:
    tail = Tail(limits)
    tail.load(page(first, last), None)
    return tail


def ready(tail: Tail, since: Position | None) -> tuple[list[int], bool, tuple[int, int] | None]:
    verdict = tail.locate(since)
    assert isinstance(verdict, Ready)
    return seqs(verdict.entries), verdict.recovered, verdict.gap


@pytest.mark.parametrize(
    ("recovered", "buffered", "merged", "stranded"),
    [
        (page(1, 3), [], [1, 2, 3], []),
        (page(1, 3), entries(4, 5), [1, 2, 3, 4, 5], []),
        (page(1, 3), entries(2, 5), [1, 2, 3, 4, 5], []),
        (page(1, 3), entries(1, 2), [1, 2, 3], []),
        (page(1, 3), entries(5, 6), [1, 2, 3], [5, 6]),
        (page(1, 3), [*entries(4, 4), *entries(6, 7), *entries(5, 5)], [1, 2, 3, 4], [6, 7]),
        (Page("e", 9, ()), entries(9, 11), [10, 11], []),
        (Page("e", 0, ()), entries(1, 2), [1, 2], []),
    ],
)
def test_merge_gives_each_entry_once_and_in_order(
    recovered: Page, buffered: list[Entry], merged: list[int], stranded: list[int]
) -> None:
    found, beyond = merge(recovered, buffered)
    assert (seqs(found), seqs(beyond)) == (merged, stranded)


def test_nothing_is_known_before_the_first_page() -> None:
    tail = Tail(LIMITS)
    assert tail.locate(None) == Wait(None, 3)
    assert tail.locate(Position("e", 7)) == Wait(None, 3)


def test_a_newcomer_sees_the_end_of_the_history() -> None:
    tail = tail_of(1, 2)
    assert ready(tail, None) == ([1, 2], False, None)
    tail.receive("e", entries(3, 4))
    assert ready(tail, None) == ([2, 3, 4], False, None)


def test_a_newcomer_sees_less_when_it_is_long() -> None:
    tail = tail_of(1, 1)
    tail.receive("e", entries(2, 4, size_bytes=400))
    assert ready(tail, None) == ([3, 4], False, None)


def test_somebody_back_gets_exactly_what_they_missed() -> None:
    tail = tail_of(5, 9)
    assert ready(tail, Position("e", 9)) == ([], True, None)
    assert ready(tail, Position("e", 7)) == ([8, 9], True, None)
    assert ready(tail, Position("e", 4)) == ([5, 6, 7, 8, 9], True, None)


def test_who_saw_nothing_of_an_empty_log_missed_all_of_the_next() -> None:
    assert ready(tail_of(1, 2), Position("another", 0)) == ([1, 2], True, None)


def test_what_is_not_held_is_read_once() -> None:
    tail = tail_of(7, 9)
    for seq in (5, 4, 3):
        assert tail.locate(Position("e", seq)) == Wait(3, 6), "all that anybody may be given"
    # Not there although it was asked for: it is not waited for again.
    assert tail.load(page(5, 9), 3) == Fresh([])
    assert ready(tail, Position("e", 4)) == ([5, 6, 7, 8, 9], True, None)
    assert ready(tail, Position("e", 3)) == ([7, 8, 9], False, (4, 6))


def test_what_was_missed_beyond_the_bound_is_a_gap() -> None:
    assert ready(tail_of(17, 19), Position("e", 12)) == ([17, 18, 19], False, (13, 16))


def test_another_epoch_is_a_gap_from_the_beginning() -> None:
    assert ready(tail_of(17, 19), Position("old", 12)) == ([17, 18, 19], False, (0, 16))
    assert ready(tail_of(1, 2), Position("old", 12)) == ([1, 2], False, (0, 0))


def test_a_position_ahead_of_the_log_is_a_gap() -> None:
    assert ready(tail_of(17, 19), Position("e", 25)) == ([17, 18, 19], False, (20, 25))


def test_deliveries_pass_in_order_and_once() -> None:
    tail = tail_of(1, 3)
    assert tail.receive("e", entries(4, 5)) == Fresh(entries(4, 5))
    assert tail.receive("e", entries(4, 6)) == Fresh(entries(6, 6))
    assert tail.receive("e", entries(2, 3)) == Fresh([])


def test_the_tail_is_bounded_in_number_and_bytes() -> None:
    tail = tail_of(1, 3)
    tail.receive("e", entries(4, 10))
    assert ready(tail, Position("e", 4)) == ([5, 6, 7, 8, 9, 10], True, None)
    assert ready(tail, Position("e", 3)) == ([8, 9, 10], False, (4, 7))
    tail.receive("e", entries(11, 13, size_bytes=900))
    assert ready(tail, Position("e", 11)) == ([12, 13], True, None)


def test_what_the_bytes_forbid_is_waited_for_once() -> None:
    tail = tail_of(1, 3)
    tail.receive("e", entries(4, 6, size_bytes=900))
    assert tail.locate(Position("e", 3)) == Wait(0, 6)
    tail.load(Page("e", 6, entries(1, 6, size_bytes=900)), 0)
    assert ready(tail, Position("e", 3)) == ([6], False, (4, 5))


def test_deliveries_before_the_first_page_are_not_lost() -> None:
    tail = Tail(LIMITS)
    assert tail.receive("e", entries(4, 4)) == Wait(None, 3)
    assert tail.receive("e", entries(5, 5)) == Wait(None, 3)
    assert tail.load(page(1, 3), None) == Fresh(())
    assert ready(tail, None) == ([3, 4, 5], False, None)


def test_a_page_and_deliveries_of_two_lives_are_sorted_out_by_another_read() -> None:
    tail = Tail(LIMITS)
    tail.receive("old", entries(8, 9))
    assert tail.load(page(1, 3), None) == Fresh((), Wait(None, 3))
    assert tail.load(page(1, 3), None) == Fresh([])
    assert ready(tail, None) == ([1, 2, 3], False, None)
    tail.receive("new", entries(1, 1))
    assert tail.load(page(1, 3), None) == Fresh((), Wait(None, 3)), (
        "a read that began before the new life did"
    )
    assert tail.load(page(1, 1, epoch="new"), None) == Lost(Position("e", 3))


def test_a_hole_before_the_first_page_is_read_too() -> None:
    tail = Tail(LIMITS)
    tail.receive("e", entries(5, 5))
    assert tail.load(page(1, 3), None) == Fresh((), Wait(3, 6))
    assert tail.load(page(4, 5), 3) == Fresh(entries(4, 5))


def test_a_hole_in_the_deliveries_is_read_and_then_everything_passes() -> None:
    tail = tail_of(1, 3)
    assert tail.receive("e", entries(6, 7)) == Fresh([], Wait(3, 6))
    assert tail.receive("e", entries(8, 8)) == Fresh([], Wait(3, 6))
    assert tail.load(page(4, 6), 3) == Fresh(entries(4, 8))
    assert ready(tail, Position("e", 3)) == ([4, 5, 6, 7, 8], True, None)


def test_a_hole_too_wide_to_read_is_lost_for_everyone() -> None:
    tail = tail_of(1, 3)
    tail.receive("e", entries(20, 20))
    assert tail.load(page(15, 20), 3) == Lost(Position("e", 3))
    assert ready(tail, Position("e", 3)) == ([18, 19, 20], False, (4, 17))


def test_a_new_epoch_is_lost_for_everyone() -> None:
    tail = tail_of(1, 3)
    assert tail.receive("new", entries(1, 1)) == Lost(Position("e", 3))
    assert tail.locate(Position("e", 3)) == Wait(None, 3)
    assert tail.load(Page("new", 1, entries(1, 1)), None) == Fresh(())
    assert ready(tail, Position("e", 3)) == ([1], False, (0, 0))
    tail = tail_of(1, 3)
    assert tail.load(page(1, 2, epoch="new"), 1) == Lost(Position("e", 3))


def test_a_page_may_come_late() -> None:
    tail = tail_of(7, 9)
    tail.receive("e", entries(10, 11))
    assert tail.load(page(5, 8), 4) == Fresh([])
    assert ready(tail, Position("e", 5)) == ([6, 7, 8, 9, 10, 11], True, None)


def test_a_page_may_come_too_late_to_touch() -> None:
    tail = tail_of(1, 3)
    tail.receive("e", entries(4, 12))
    assert tail.load(page(1, 3), 1) == Fresh([])
    assert ready(tail, Position("e", 6)) == ([7, 8, 9, 10, 11, 12], True, None)
    tail.receive("e", entries(13, 13, size_bytes=9000))
    assert tail.load(page(1, 3), 1) == Fresh([])
    assert ready(tail, Position("e", 13)) == ([], True, None)


def test_an_empty_page_changes_nothing() -> None:
    tail = tail_of(1, 3)
    assert tail.load(Page("e", 3, ()), 3) == Fresh([])
    assert ready(tail, None) == ([1, 2, 3], False, None)


def said(seq: int, kind: str, id: str, **more: object) -> Entry:
    body = more.pop("body", None)
    assert body is None or isinstance(body, str)
    return encode_entry(Draft("lobby", f"n{seq}", Author("1", "ann"), id, seq, kind, body, more), seq)


def test_whoever_resumes_is_not_shown_what_was_deleted_since() -> None:
    tail = Tail(ChatLimits())
    one, other = said(1, "message", "one", body="secret"), said(2, "message", "two", body="kept")
    edit = said(3, "edited", "one", body="secret too", of=1)
    tail.load(Page("e", 3, [one, other, edit]), None)
    assert tail.find("one") == one
    assert tail.find("none") is None
    deleted = said(4, "deleted", "one", of=1)
    verdict = tail.receive("e", [deleted])
    assert isinstance(verdict, Fresh) and list(verdict.entries) == [deleted]
    found = tail.locate(Position("e", 0))
    assert isinstance(found, Ready)
    assert list(found.entries) == [blank(one, 4), other, blank(edit, 4), deleted]
    assert tail.find("one") == blank(one, 4)
    assert b"secret" not in b"".join(entry.payload for entry in found.entries)


def test_an_edit_that_crossed_the_deletion_of_its_message_has_no_words() -> None:
    tail = Tail(ChatLimits())
    tail.load(Page("e", 1, [said(1, "message", "one", body="secret")]), None)
    tail.receive("e", [said(2, "deleted", "two", of=1), said(3, "deleted", "one", of=1)])
    late, other = said(4, "edited", "one", body="secret too", of=1), said(5, "edited", "three", body="kept")
    verdict = tail.receive("e", [late, other])
    assert isinstance(verdict, Fresh) and list(verdict.entries) == [blank(late, 3), other]
    found = tail.locate(Position("e", 3))
    assert isinstance(found, Ready) and list(found.entries) == [blank(late, 3), other]


def test_what_was_deleted_makes_room() -> None:
    limits = ChatLimits(resume_bytes=1500)
    tail = Tail(limits)
    tail.load(Page("e", 1, [said(1, "message", "one", body="x" * 1000)]), None)
    tail.receive("e", [said(2, "deleted", "one", of=1)])
    tail.receive("e", [said(3, "message", "two", body="y" * 700)])
    assert ready(tail, Position("e", 0))[0] == [1, 2, 3]
