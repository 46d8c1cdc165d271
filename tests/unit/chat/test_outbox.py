"""When frames go out, and when a reader is too slow."""

import pytest

from chat.outbox import MAX_WRITE_BYTES, Batch, RoomOutbox, Verdict, judge, presence_pace_s


@pytest.mark.parametrize(
    ("queued", "more", "verdict"),
    [
        (0, 1000, Verdict.FITS),
        (900, 100, Verdict.FITS),
        (901, 100, Verdict.SLOW),
        (5000, 1, Verdict.SLOW),
    ],
)
def test_a_peer_may_have_so_much_to_read(queued: int, more: int, verdict: Verdict) -> None:
    assert judge(queued, more, 1000) is verdict


def test_the_first_frame_goes_at_once_and_as_the_bytes_it_is() -> None:
    outbox, frame = RoomOutbox[str](), b"one"
    outbox.add(frame)
    assert outbox.due_s(50.0) == 0
    batch = outbox.take(["ann", "bob"])
    assert batch == Batch(1, [(b"one", ["ann", "bob"])])
    assert batch.shares[0][0] is frame
    assert len(outbox) == 0


def test_frames_that_come_faster_than_a_round_are_joined() -> None:
    outbox = RoomOutbox[str]()
    outbox.rest(50.0, 1000)
    outbox.add(b"two")
    outbox.add(b"three")
    assert len(outbox) == 2
    assert outbox.due_s(50.005) == pytest.approx(0.011)
    assert outbox.due_s(50.02) == 0
    assert outbox.take(["ann"]) == Batch(2, [(b"twothree", ["ann"])])


def test_a_write_has_a_size_and_the_rest_comes_after() -> None:
    outbox = RoomOutbox[str]()
    for _ in range(5):
        outbox.add(b"x" * 100_000)
    assert [len(outbox.take(["ann"]).shares[0][0]) for _ in range(2)] == [300_000, 200_000]
    assert len(outbox) == 0
    outbox.add(b"x" * 1_000_000)
    assert outbox.take(["ann"]).frames == 1


def test_a_small_room_hardly_waits_and_a_huge_one_no_longer_than_anybody_notices() -> None:
    outbox = RoomOutbox[str]()
    for members, rest_s in ((10, 0.00016), (1000, 0.016), (1_000_000, 0.016)):
        outbox.rest(50.0, members)
        assert outbox.due_s(50.0) == pytest.approx(rest_s)
        assert outbox.due_s(51.0) == 0


def test_who_comes_while_frames_wait_is_owed_those_that_come_after() -> None:
    outbox = RoomOutbox[str]()
    outbox.join("ann")
    outbox.add(b"1")
    outbox.join("bob")
    outbox.add(b"2")
    outbox.join("eve")
    everyone = ["ann", "bob", "eve"]
    assert outbox.take(everyone) == Batch(2, [(b"12", ["ann"]), (b"2", ("bob",))])
    outbox.add(b"3")
    assert outbox.take(everyone) == Batch(1, [(b"3", everyone)])


def test_who_comes_before_more_than_a_write_is_owed_the_end_of_it() -> None:
    outbox = RoomOutbox[str]()
    for _ in range(4):
        outbox.add(b"x" * MAX_WRITE_BYTES)
    outbox.join("bob")
    outbox.add(b"5")
    for _ in range(4):
        assert [listeners for _, listeners in outbox.take(["ann", "bob"]).shares] == [["ann"]]
    assert outbox.take(["ann", "bob"]).shares == [(b"5", ["ann", "bob"])]


def test_who_has_left_or_must_be_told_of_a_gap_first_is_owed_nothing() -> None:
    outbox = RoomOutbox[str]()
    outbox.add(b"1")
    for member in ("bob", "eve"):
        outbox.join(member)
    outbox.leave("bob")
    outbox.leave("nobody")
    outbox.add(b"2")
    assert outbox.take(["ann"]).shares == [(b"12", ["ann"])]
    outbox.add(b"3")
    assert outbox.take(["ann", "bob"]).shares == [(b"3", ["ann", "bob"])]


@pytest.mark.parametrize(("members", "pace_s"), [(2, 0.1), (500, 0.1), (5000, 1.0)])
def test_who_comes_and_goes_in_a_big_room_is_told_less_often(members: int, pace_s: float) -> None:
    assert presence_pace_s(members, 0.1) == pytest.approx(pace_s)
