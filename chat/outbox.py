"""Bytes on their way to members: when to write, in how large pieces, and when a reader is too slow."""

from collections.abc import Collection, Hashable, Sequence
from enum import Enum, auto
from typing import Generic, TypeVar

from msgspec import Struct

M = TypeVar("M", bound=Hashable)

# A write to one member costs some 8 us of CPU on the machine this was written on. Resting for longer than a
# round through the room took keeps fan-out below half a core however fast people type, and costs a small room
# nothing.
_REST_PER_MEMBER_S = 16e-6
# What a message may be made to wait for others to go with; with what timers add, 20 ms are promised.
MAX_REST_S = 0.016
# Who comes and goes is told to everyone: in a room of 5,000 once a second costs what 4 % of a core does.
_PRESENCE_PER_MEMBER_S = 200e-6
# A member has at most this much, and one frame, more to read than `max_outbox_bytes` when it is found too
# slow.
MAX_WRITE_BYTES = 1 << 18


class Verdict(Enum):
    """Whether one more write to a peer is all right."""

    FITS = auto()
    SLOW = auto()


def judge(queued_bytes: int, more_bytes: int, max_outbox_bytes: int) -> Verdict:
    """Decide about `more_bytes` for a peer that has not read `queued_bytes` yet."""
    return Verdict.FITS if queued_bytes + more_bytes <= max_outbox_bytes else Verdict.SLOW


def presence_pace_s(members: int, least_s: float) -> float:
    """Seconds between two `presence` frames of a room, `least_s` or more."""
    return max(least_s, members * _PRESENCE_PER_MEMBER_S)


class Batch(Struct, Generic[M], frozen=True):
    """One round of writes.

    Attributes:
        frames: how many there are in it.
        shares: the bytes for some of the listeners each.
    """

    frames: int
    shares: Sequence[tuple[bytes, Collection[M]]]


class RoomOutbox(Generic[M]):
    """Frames for all members of a room. What comes faster than a round of writes pays for is joined into one.

    Holds what one rest brings, once for everyone; whoever adds must `take` when `due_s` says so, and `rest`
    after the writes, until it is empty.
    """

    __slots__ = ("_end", "_frames", "_late", "_next_s")

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._end = 0  # the number of the next frame, counted from the first one ever
        self._late: dict[M, int] = {}  # the first frame that is theirs
        self._next_s = 0.0

    def __len__(self) -> int:
        """Frames that wait."""
        return len(self._frames)

    def add(self, frame: bytes) -> None:
        self._frames.append(frame)
        self._end += 1

    def join(self, member: M) -> None:
        """Owe a new member nothing of what waits: they were shown what came of it."""
        if self._frames:
            self._late[member] = self._end

    def leave(self, member: M) -> None:
        """Idempotent."""
        self._late.pop(member, None)

    def due_s(self, now_s: float) -> float:
        """Seconds from now until the frames should be taken, at most `MAX_REST_S`; 0 for at once."""
        return max(0.0, self._next_s - now_s)

    def take(self, listeners: Collection[M]) -> Batch[M]:
        """What to write now. More may be left."""
        count, size_bytes = 0, 0
        while count < len(self._frames) and (not count or size_bytes < MAX_WRITE_BYTES):
            size_bytes += len(self._frames[count])
            count += 1
        frames = self._frames[:count]
        first = self._end - len(self._frames)
        del self._frames[:count]
        shares: list[tuple[bytes, Collection[M]]] = []
        if self._late:
            late, self._late = self._late, {}
            shares = [
                (b"".join(frames[mark - first :]), (member,))
                for member, mark in late.items()
                if mark < first + count and member in listeners
            ]
            listeners = [member for member in listeners if member not in late]
            self._late = {member: mark for member, mark in late.items() if mark > first + count}
        return Batch(count, [(frames[0] if count == 1 else b"".join(frames), listeners), *shares])

    def rest(self, now_s: float, members: int) -> None:
        """A round of writes to so many members has just ended."""
        self._next_s = now_s + min(members * _REST_PER_MEMBER_S, MAX_REST_S)
