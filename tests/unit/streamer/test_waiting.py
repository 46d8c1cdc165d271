"""Connections that wait for one thing, on a clock and without sockets."""

from streamer.reply import Reply
from streamer.resource import Denial, Found, Resource
from streamer.waiting import Waiting
from tests.support.clock import started
from tests.support.live import head_of

PLAYLIST = Resource("text/plain", b"list", '"list"', None, "no-store")


class Waiter:
    """A connection without a descriptor: everything goes to its transport."""

    fd = -1

    def __init__(self, *, same: bool = True, broken: bool = False) -> None:
        self.same = same
        self.broken = broken
        self.written: list[bytes] = []
        self.awaited: list[Found] = []
        self.errors: list[Exception] = []

    def wire(self, reply: Reply, found: Found) -> bytes | None:
        return found.body[:2] + b"-wire" if self.same and isinstance(found.body, bytes) else None

    def receive_written(self, rest: bytes) -> None:
        if self.broken:
            raise RuntimeError("broken")
        self.written.append(rest)

    def receive_awaited(self, reply: Reply, found: Found) -> None:
        self.awaited.append(found)

    def fail(self, error: Exception) -> None:
        self.errors.append(error)


def reply(target: str = "/hls/live/lobby/aac128.m3u8") -> Reply:
    return Reply(head_of(target))


def test_everyone_who_waits_is_answered_once_and_one_who_is_gone_is_not() -> None:
    _, wheel = started()
    waiting = Waiting(wheel, 12, lambda _: None)
    one, other = reply(), reply("/hls/live/lobby/aac128.m3u8?_HLS_skip=YES")
    waiters = [Waiter() for _ in range(5)]
    for waiter in waiters:
        waiting.park(waiter, one if waiter is not waiters[3] else other)
    waiting.leave(waiters[1], one)
    waiting.leave(waiters[1], one)
    assert len(waiting) == 4
    waiting.release(PLAYLIST)
    assert [waiter.written for waiter in waiters] == [
        [b"li-wire"],
        [],
        [b"li-wire"],
        [b"li-wire"],
        [b"li-wire"],
    ]
    assert len(waiting) == 0


def test_who_needs_an_answer_of_its_own_gets_what_was_found() -> None:
    _, wheel = started()
    waiting = Waiting(wheel, 12, lambda _: None)
    waiter = Waiter(same=False)
    waiting.park(waiter, reply())
    waiting.release(PLAYLIST)
    assert waiter.awaited == [PLAYLIST]


def test_one_that_fails_does_not_keep_the_answer_from_the_others() -> None:
    _, wheel = started()
    waiting = Waiting(wheel, 12, lambda _: None)
    one = reply()
    waiters = [Waiter(broken=number == 1) for number in range(3)]
    for waiter in waiters:
        waiting.park(waiter, one)
    waiting.release(PLAYLIST)
    assert [len(waiter.written) for waiter in waiters] == [1, 0, 1]
    assert [str(error) for error in waiters[1].errors] == ["broken"]


def test_the_wait_is_bounded_and_ends_once() -> None:
    clock, wheel = started()
    late = Denial(503, "late")
    expired: list[Waiting] = []

    def give_up(waiting: Waiting) -> None:
        expired.append(waiting)
        waiting.release(late)

    waiting = Waiting(wheel, 12, give_up)
    waiter = Waiter(same=False)
    waiting.park(waiter, reply())
    clock.advance(11.9)
    assert waiter.awaited == []
    clock.advance(1.2)
    assert waiter.awaited == [late]
    waiting.expire()
    clock.advance(100)
    assert expired == [waiting]


def test_what_comes_in_time_does_not_expire() -> None:
    clock, wheel = started()
    expired: list[Waiting] = []
    waiting = Waiting(wheel, 12, expired.append)
    waiting.release(PLAYLIST)
    clock.advance(100)
    assert expired == []
