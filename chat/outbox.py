"""Bytes on their way to members: when to write, in how large pieces, and when a reader is too slow."""

from enum import Enum, auto

# A write to one member costs some 9 us of CPU on the machine this was written on. Waiting for twice the cost
# of a round through the room keeps fan-out below half a core however fast people type, and costs a small room
# nothing.
_PACE_PER_MEMBER_S = 20e-6
_MAX_PACE_S = 0.1
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


class RoomOutbox:
    """Frames for all members of a room. What comes faster than a round of writes pays for is joined into one.

    Holds what one pace brings, once for everyone; whoever adds must `take` when `due_s` says so, until it is
    empty.
    """

    __slots__ = ("_frames", "_next_s")

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._next_s = 0.0

    def __len__(self) -> int:
        """Frames that wait."""
        return len(self._frames)

    def add(self, frame: bytes) -> None:
        self._frames.append(frame)

    def due_s(self, now_s: float) -> float:
        """Seconds from now until the frames should be taken; 0 for at once."""
        return max(0.0, self._next_s - now_s)

    def take(self, now_s: float, members: int) -> tuple[bytes, int]:
        """The bytes of one write, and how many frames they are; starts the pace anew. More may be left."""
        count, size_bytes = 0, 0
        while count < len(self._frames) and (not count or size_bytes < MAX_WRITE_BYTES):
            size_bytes += len(self._frames[count])
            count += 1
        joined = self._frames[0] if count == 1 else b"".join(self._frames[:count])
        del self._frames[:count]
        self._next_s = now_s + min(members * _PACE_PER_MEMBER_S, _MAX_PACE_S)
        return joined, count
