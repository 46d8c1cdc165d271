"""What comes in from Redis, in order."""

from collections.abc import Sequence

from chat.broker import Entry, Page
from streamer.broker_redis.ears import Ears


class Room:
    """A room with one ear, and who wrote into it."""

    def __init__(self) -> None:
        self.ears = Ears("me", self)
        self.log: list[object] = []
        self.pending: set[int] = set()
        self.ears.subscribe("lobby", self.deliver, lambda payload: self.log.append(payload))

    def deliver(self, epoch: str, entries: Sequence[Entry]) -> None:
        self.log.append((epoch, [entry.seq for entry in entries]))

    def published(self, room: str, epoch: str, entries: Sequence[Entry], tokens: Sequence[int]) -> None:
        if tokens:
            self.log.append(("mine", *tokens))

    def found(self, room: str, entries: Sequence[Entry]) -> None:
        self.log.append(("found", [entry.seq for entry in entries]))

    def may_deliver(self, tokens: Sequence[int]) -> bool:
        return not self.pending & set(tokens)

    def hear(
        self, first: int, count: int = 1, epoch: str = "e", node: str = "they", tokens: str = ""
    ) -> None:
        payloads = "\n".join("{}" for _ in range(count))
        self.ears.receive("lobby", f"L{epoch} {first} {node} {tokens}\n{payloads}".encode())


def page(seq: int, count: int, epoch: str = "e") -> Page:
    return Page(epoch, seq, [Entry(number, b"{}") for number in range(seq - count + 1, seq + 1)])


def test_who_spoke_is_told_first() -> None:
    room = Room()
    room.hear(1, 2, node="me", tokens="7,8")
    room.hear(3)
    assert room.log == [("mine", 7, 8), ("e", [1, 2]), ("e", [3])]


def test_nothing_is_delivered_twice() -> None:
    room = Room()
    room.hear(1, 3)
    room.hear(2, 3)
    room.hear(1)
    assert room.log == [("e", [1, 2, 3]), ("e", [4])]
    room.hear(1, epoch="f")
    assert room.log[-1] == ("f", [1])


def test_whispers_pass_by() -> None:
    room = Room()
    room.ears.receive("lobby", b"Whello\nyou")
    room.ears.receive("elsewhere", b"Whello")
    assert room.log == [b"hello\nyou"]


def test_what_was_missed_comes_before_what_comes_now() -> None:
    room = Room()
    assert not room.ears.confirmed("lobby"), "nobody had heard anything before"
    room.hear(1, 5)
    room.ears.lost()
    assert (room.ears.hears("lobby"), room.ears.ready("lobby")) == (False, True)
    assert room.ears.confirmed("lobby")
    room.hear(9)
    assert room.ears.seen("lobby") == ("e", 5)
    room.ears.catch_up("lobby", page(8, 3), whole=True)
    assert room.log == [("e", [1, 2, 3, 4, 5]), ("found", [6, 7, 8]), ("e", [6, 7, 8]), ("e", [9])]


def test_a_second_break_is_waited_for() -> None:
    room = Room()
    room.hear(1)
    room.ears.confirmed("lobby")
    room.hear(5)
    room.ears.catch_up("lobby", page(3, 2), whole=False)
    assert room.log == [("e", [1]), ("found", [2, 3]), ("e", [2, 3])], "who spoke is told first"
    room.ears.catch_up("lobby", None, whole=True)
    assert room.log[3:] == [("e", [5])]


def test_what_is_not_settled_holds_back_what_follows() -> None:
    room = Room()
    room.pending = {7}
    room.hear(1, node="me", tokens="7")
    room.hear(2)
    assert room.log == [("mine", 7)]
    room.pending.clear()
    room.ears.release("lobby")
    assert room.log[1:] == [("e", [1]), ("e", [2])]


def test_a_page_and_an_append_say_where_to_read_on() -> None:
    room = Room()
    assert not room.ears.ready("lobby")
    assert room.ears.seen("lobby") is None
    room.ears.appended("lobby", "e", 4)
    assert room.ears.seen("lobby") == ("e", 3)
    room.hear(3)
    assert room.log == [("e", [3])], "an append says nothing of what others said before it"
    room = Room()
    room.ears.read("lobby", page(6, 1))
    assert room.ears.seen("lobby") == ("e", 6)


def test_nobody_listens_any_more() -> None:
    room = Room()
    assert room.ears.unsubscribe("lobby")
    assert not room.ears.unsubscribe("lobby")
    room.hear(1)
    assert (room.log, "lobby" in room.ears, room.ears.ready("lobby")) == ([], False, True)
