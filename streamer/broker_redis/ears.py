"""The rooms that this node listens to: what comes in from Redis, in order, and what was missed."""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chat.broker import Deliver, Entry, Hear, Page

_MAX_HELD = 1000  # deliveries of one room; beyond it the oldest are let go, and the hole is read again


@dataclass(slots=True)
class _Ear:
    """One subscription.

    Attributes:
        epoch, seq: the last entry that was delivered, or read.
        since: where to read from if neither ever was.
        ready: Redis has said that it sends; so nothing that is appended from now on is missed.
        behind: what came while nobody listened must be read before `held` may be delivered.
    """

    room: str
    deliver: Deliver
    hear: Hear
    epoch: str = ""
    seq: int | None = None
    since: tuple[str, int] | None = None
    ready: bool = False
    behind: bool = False
    held: deque[tuple[str, Sequence[Entry], Sequence[int]]] = field(
        default_factory=lambda: deque(maxlen=_MAX_HELD)
    )


class Author(Protocol):
    """Who knows which entries come from this node, and settles them before they are delivered."""

    def published(self, room: str, epoch: str, entries: Sequence[Entry], tokens: Sequence[int]) -> None:
        """They are in the log; `tokens` are those of this node's drafts, one for each entry, or none."""

    def found(self, room: str, entries: Sequence[Entry]) -> None:
        """They were read from the log, some of them maybe before their author was answered."""

    def may_deliver(self, tokens: Sequence[int]) -> bool:
        """Whether they are settled. If not, `Ears.release` will be called."""


class Ears:
    """What `Broker.subscribe` promises, on top of a channel that may break.

    Bound: a room's deliveries are held back while what came before them is read, at most `_MAX_HELD`.
    """

    def __init__(self, node: str, author: Author) -> None:
        """Args: `node` is this node's name in what is published."""
        self._node = node.encode()
        self._author = author
        self._ears: dict[str, _Ear] = {}

    def __contains__(self, room: str) -> bool:
        return room in self._ears

    def subscribe(self, room: str, deliver: Deliver, hear: Hear) -> bool:
        """True if it is a new one."""
        ear = self._ears.get(room)
        if ear is None:
            self._ears[room] = _Ear(room, deliver, hear)
            return True
        ear.deliver, ear.hear = deliver, hear
        return False

    def unsubscribe(self, room: str) -> bool:
        """False if there is none."""
        return self._ears.pop(room, None) is not None

    def ready(self, room: str) -> bool:
        """Whether what is appended now will be heard by who listens here, if somebody does."""
        ear = self._ears.get(room)
        return ear is None or ear.ready or ear.seq is not None

    def hears(self, room: str) -> bool:
        """Whether what is published now will be heard here."""
        ear = self._ears.get(room)
        return ear is not None and ear.ready

    def confirmed(self, room: str) -> bool:
        """Redis sends from now on. True if something may have been missed: `catch_up` is due."""
        ear = self._ears.get(room)
        if ear is None:
            return False
        ear.ready = True
        ear.behind = self.seen(room) is not None
        return ear.behind

    def lost(self) -> None:
        """The channel broke."""
        for ear in self._ears.values():
            ear.ready = False

    def seen(self, room: str) -> tuple[str, int] | None:
        """Up to which entry somebody here knows the log."""
        ear = self._ears.get(room)
        if ear is None:
            return None
        return ear.since if ear.seq is None else (ear.epoch, ear.seq)

    def appended(self, room: str, epoch: str, seq: int) -> None:
        """Something of this node is in the log, and may still be on its way back."""
        ear = self._ears.get(room)
        if ear is not None and ear.seq is None and ear.since is None:
            ear.since = (epoch, seq - 1)

    def read(self, room: str, page: Page) -> None:
        """Somebody here was given a page."""
        ear = self._ears.get(room)
        if ear is not None and ear.seq is None:
            ear.epoch, ear.seq = page.epoch, page.seq

    def catch_up(self, room: str, page: Page | None, *, whole: bool) -> None:
        """Deliver what was missed, if anything, and, if that is `whole`, what was held back."""
        ear = self._ears.get(room)
        if ear is None:
            return
        if page is not None:
            self._author.found(room, page.entries)
            self._deliver(ear, page.epoch, page.entries)
        if whole:
            ear.behind = False
            self.release(room)

    def receive(self, room: str, data: bytes) -> None:
        """Take a message of the room's channel, as `lua/append.lua` and `whisper` make them."""
        ear = self._ears.get(room)
        if ear is None:
            return
        if data[:1] == b"W":
            ear.hear(data[1:])
            return
        head, _, rest = data[1:].partition(b"\n")
        epoch_text, first_text, node, tokens_text = head.split(b" ")
        epoch, first = epoch_text.decode(), int(first_text)
        entries = [Entry(first + place, payload) for place, payload in enumerate(rest.split(b"\n"))]
        tokens = [int(token) for token in tokens_text.split(b",")] if node == self._node else ()
        self._author.published(room, epoch, entries, tokens)
        ear.held.append((epoch, entries, tokens))
        self.release(room)

    def release(self, room: str) -> None:
        """What was held back may be delivered."""
        ear = self._ears.get(room)
        while ear is not None and ear.held and not ear.behind and self._ears.get(room) is ear:
            if not self._author.may_deliver(ear.held[0][2]):
                return
            epoch, entries, _ = ear.held.popleft()
            self._deliver(ear, epoch, entries)

    @property
    def rooms(self) -> Collection[str]:
        return self._ears.keys()

    def _deliver(self, ear: _Ear, epoch: str, entries: Sequence[Entry]) -> None:
        if epoch == ear.epoch and ear.seq is not None:
            last = ear.seq
            entries = [entry for entry in entries if entry.seq > last]
        if entries:
            ear.epoch, ear.seq = epoch, entries[-1].seq
            ear.deliver(epoch, entries)
