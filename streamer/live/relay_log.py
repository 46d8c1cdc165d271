"""What is kept of a show for nodes that come late, or were cut off."""

from collections import deque
from collections.abc import Sequence
from itertools import islice


class RelayLog:
    """Numbered entries, beginning with one from which a node can follow that knows nothing: a joint.

    Bound: `max_bytes`, and as many entries as there are between `joints` joints and the newest.

    Attributes:
        first, last: numbers of the oldest entry and the newest; the first ever is 1. Nothing is kept while
            `last` is one less.
        size_bytes: of all that is kept.
    """

    def __init__(self, joints: int, max_bytes: int) -> None:
        """Args: `joints`: so many are kept behind the newest, >= 1."""
        self.first, self.last, self.size_bytes = 1, 0, 0
        self._keep_joints = joints
        self._max_bytes = max_bytes
        self._entries: deque[bytes] = deque()
        self._joints: deque[int] = deque()

    def add(self, data: bytes, *, joint: bool) -> None:
        """Append an entry. What is old, or too much, is let go: whole runs, from one joint to the next."""
        self.last += 1
        self._entries.append(data)
        self.size_bytes += len(data)
        if joint:
            self._joints.append(self.last)
        while len(self._joints) > self._keep_joints + 1 or self.size_bytes > self._max_bytes:
            if not self._joints:
                self._drop_before(self.last + 1)
                break
            oldest = self._joints.popleft()
            self._drop_before(self._joints[0] if self._joints else self.last + 1)
            assert self.first > oldest

    def after(self, number: int, most: int) -> Sequence[tuple[int, bytes]]:
        """At most so many entries behind one, with their numbers; from the oldest on, if that is gone."""
        begin = max(number + 1, self.first)
        start = begin - self.first
        return list(enumerate(islice(self._entries, start, start + most), begin))

    def _drop_before(self, number: int) -> None:
        while self.first < number:
            self.size_bytes -= len(self._entries.popleft())
            self.first += 1
