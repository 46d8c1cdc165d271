"""When frames go out, and when a reader is too slow."""

import pytest

from chat.outbox import RoomOutbox, Verdict, judge


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
    outbox, frame = RoomOutbox(), b"one"
    outbox.add(frame)
    assert outbox.due_s(50.0) == 0
    taken, count = outbox.take(50.0, 1000)
    assert taken is frame
    assert count == 1
    assert len(outbox) == 0


def test_frames_that_come_faster_than_a_round_are_joined() -> None:
    outbox = RoomOutbox()
    outbox.add(b"one")
    outbox.take(50.0, 1000)
    outbox.add(b"two")
    outbox.add(b"three")
    assert len(outbox) == 2
    assert outbox.due_s(50.005) == pytest.approx(0.015)
    assert outbox.take(50.02, 1000) == (b"twothree", 2)


def test_a_write_has_a_size_and_the_rest_comes_after() -> None:
    outbox = RoomOutbox()
    for _ in range(5):
        outbox.add(b"x" * 100_000)
    assert [len(outbox.take(50.0, 1)[0]) for _ in range(2)] == [300_000, 200_000]
    assert len(outbox) == 0
    outbox.add(b"x" * 1_000_000)
    assert outbox.take(50.0, 1)[1] == 1


def test_a_small_room_hardly_waits_and_a_huge_one_not_forever() -> None:
    outbox = RoomOutbox()
    for members, pace_s in ((10, 0.0002), (1_000_000, 0.1)):
        outbox.add(b"x")
        outbox.take(50.0, members)
        assert outbox.due_s(50.0) == pytest.approx(pace_s)
        assert outbox.due_s(51.0) == 0
