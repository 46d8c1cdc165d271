"""Drafts between `append` and `settle`: in order, bounded, each settled once."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice

from chat.broker import Draft, Entry, Outcome, Settle
from chat.entries import split_entry

MAX_BATCH = 500  # drafts of one room in one script: it holds up all of Redis while it runs
MAX_TAKEN = 4000  # ... and of all rooms in one turn
_OVERHEAD_BYTES = 200


@dataclass(slots=True, eq=False)
class Waiting:
    """A draft that has no outcome yet.

    Attributes:
        token: its name in the messages between this node and Redis.
        head, tail: what comes before and after the number in its payload.
        deadline_s: when it is given up.
        sent: it may have been stored.
    """

    draft: Draft
    settle: Settle
    token: int
    head: bytes
    tail: bytes
    deadline_s: float
    sent: bool = False
    settled: bool = False

    @property
    def size_bytes(self) -> int:
        return len(self.head) + len(self.tail) + _OVERHEAD_BYTES

    def entry(self, seq: int) -> Entry:
        return Entry(seq, b"%b%d%b" % (self.head, seq, self.tail))


class Drafts:
    """Every draft that has no outcome yet, by room and in the order of `add`.

    A draft stays where it is until it is settled: what is sent and not answered is simply taken again, before
    what came later.

    Bounds: `max_drafts` and `max_bytes`; `add` refuses more.

    Attributes:
        emptied: called when the last one is settled.
    """

    def __init__(self, max_drafts: int, max_bytes: int) -> None:
        self._max_drafts = max_drafts
        self._max_bytes = max_bytes
        self._rooms: dict[str, deque[Waiting]] = {}
        self._tokens: dict[int, Waiting] = {}
        self._numbers = count(1)
        self.size_bytes = 0
        self.emptied: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._tokens)

    def add(self, draft: Draft, settle: Settle, deadline_s: float) -> bool:
        """Take in a draft; False if there are too many."""
        if len(self._tokens) >= self._max_drafts or self.size_bytes >= self._max_bytes:
            return False
        waiting = Waiting(draft, settle, next(self._numbers), *split_entry(draft), deadline_s)
        self._tokens[waiting.token] = waiting
        self._rooms.setdefault(draft.room, deque()).append(waiting)
        self.size_bytes += waiting.size_bytes
        return True

    def take(self, ready: Callable[[str], bool]) -> dict[str, list[Waiting]]:
        """The oldest drafts of each room that is `ready`, at most `MAX_BATCH` of each."""
        batches: dict[str, list[Waiting]] = {}
        left = MAX_TAKEN
        for room, drafts in self._rooms.items():
            if left <= 0:
                break
            if ready(room):
                batch = list(islice(self._unsettled(drafts), min(MAX_BATCH, left)))
                left -= len(batch)
                batches[room] = batch
        for room in batches:  # who was served goes behind the others
            self._rooms[room] = self._rooms.pop(room)
        return batches

    def find(self, token: int) -> Waiting | None:
        """The draft of that name, if it has no outcome yet."""
        return self._tokens.get(token)

    def settle(self, waiting: Waiting, outcome: Outcome) -> None:
        """Give a draft its outcome, unless it has one."""
        if self._tokens.pop(waiting.token, None) is None:
            return
        waiting.settled = True
        self.size_bytes -= waiting.size_bytes
        drafts = self._rooms[waiting.draft.room]
        while drafts and drafts[0].settled:
            drafts.popleft()
        if not drafts:
            del self._rooms[waiting.draft.room]
        waiting.settle(outcome)
        if not self._tokens:
            self.emptied()

    def of_room(self, room: str) -> Sequence[Waiting]:
        return list(self._unsettled(self._rooms.get(room, ())))

    def among(self, room: str, entries: Sequence[Entry]) -> Sequence[tuple[Waiting, int]]:
        """The drafts that have become one of `entries`, with its seq."""
        sent = {waiting.tail: waiting for waiting in self.of_room(room) if waiting.sent}
        if not sent:
            return []
        found = []
        for entry in entries:
            # No two have the same tail: the nonce is in it, and who is its author.
            tail = entry.payload.partition(b'"seq":%d' % entry.seq)[2]
            waiting = sent.get(tail)
            if waiting is not None and waiting.entry(entry.seq) == entry:
                found.append((waiting, entry.seq))
        return found

    def overdue(self, now_s: float) -> Sequence[Waiting]:
        """Those whose deadline has gone by."""
        late = []
        for waiting in self._tokens.values():  # by age, and all have the same patience
            if waiting.deadline_s > now_s:
                break
            late.append(waiting)
        return late

    @staticmethod
    def _unsettled(drafts: "deque[Waiting] | tuple[()]") -> Iterator[Waiting]:
        return (waiting for waiting in drafts if not waiting.settled)
