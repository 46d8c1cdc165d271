"""The log of every room: what a broker promises, in words. `tests/contract/test_broker.py` holds each one to
it.

1. One order. The entries of a room - messages, and what is done to them - are numbered 1, 2, 3 without a
   hole, and everyone is given them in that order.
2. Acknowledged is durable. `settle(Stored)` and the delivery come after the message is on disk (or in the
   replicated log), never before. A message that was not stored is settled `NotStored`, delivered to nobody,
   and takes no number.
3. Once. An append with the room, author and nonce of an earlier one, less than `NONCE_TTL_S` old, stores and
   delivers nothing; it is settled with the earlier seq and id. This holds across a restart.
4. The acknowledgement comes first: on the node of the author, `settle` is called before the message is
   delivered.
5. No hole between reading and listening. What `read` of a subscribed room returns, and what is delivered
   after the call began, overlap or touch. Deliveries may repeat what a page held; they never skip. If the
   link to the log breaks for a while, the seq of the next delivery shows what is missing.
6. An epoch names one life of a log. When it changes, positions of the old one mean nothing.
7. What was stored can be looked up: after `caught_up`, `streamer.history` has every entry that was settled
   before the call, applied in the order of seq: edits in place, what was deleted without its words.

Nothing here is called from another thread.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from msgspec import Struct

from chat.fields import Author

NONCE_TTL_S = 300


class Position(Struct, frozen=True):
    """How far somebody has read: everything up to `seq` of the log that was called `epoch`."""

    epoch: str
    seq: int


class Entry(Struct, frozen=True, gc=False):
    """One place in a log. `payload` is the JSON of the event, encoded once for everyone."""

    seq: int
    payload: bytes


class Page(Struct, frozen=True):
    """The end of a log: `entries` have consecutive seqs, and the last one is `seq`, the newest there is.

    An empty log has seq 0.
    """

    epoch: str
    seq: int
    entries: Sequence[Entry]


class Charge(Struct, frozen=True):
    """One token of a bucket, to be taken when a draft is stored, wherever that happens.

    Attributes:
        key: whose bucket, such as an account's or a network's.
        interval_ms: between two tokens that are added, >= 1.
        burst: as many tokens are kept at most, >= 1.
    """

    key: str
    interval_ms: int
    burst: int


class Draft(Struct, frozen=True):
    """An event that has no number yet; `chat.entries` makes an entry of it.

    Attributes:
        id: of the message that this is about: a message's own, else that of the one edited, pinned, ...
        at: milliseconds since the Unix epoch.
        kind: `type` of the event.
        body: what is kept and can be searched: of a message, or what an edit makes of it.
        more: further members of the event, of types that JSON has.
        charges: all of them are paid or none; an earlier nonce costs nothing.
    """

    room: str
    nonce: str
    author: Author
    id: str
    at: int
    kind: str = "message"
    body: str | None = None
    more: dict[str, Any] = {}
    charges: tuple[Charge, ...] = ()


class Stored(Struct, frozen=True):
    """The event is in the log, from this append or from an earlier one with its nonce."""

    seq: int
    id: str


class NotStored(Struct, frozen=True):
    """The event is not in the log, or, if the reason says so, nobody knows. The same draft may be appended
    again, which is safe either way: its nonce keeps it from being stored twice.
    """

    reason: str


class TooFast(Struct, frozen=True):
    """A bucket is empty: nothing was stored, and will not be before `retry_ms` >= 1 have gone by."""

    retry_ms: int


Outcome = Stored | NotStored | TooFast
Settle = Callable[[Outcome], None]
Deliver = Callable[[str, Sequence[Entry]], None]  # the epoch, and entries of consecutive seqs
Hear = Callable[[bytes], None]


class LogUnavailable(Exception):
    """The log can't be read right now. The world's fault, not the caller's."""


class Broker(Protocol):
    """Keeps the logs. Implementations: `streamer/broker_memory.py`, `streamer/broker_redis/broker.py`."""

    def subscribe(self, room: str, deliver: Deliver, hear: Hear) -> None:
        """Have every new entry of `room` delivered, and every whisper heard, until `unsubscribe`.

        One subscription a room.
        """

    def unsubscribe(self, room: str) -> None:
        """End the subscription. What is being stored will still be settled."""

    def append(self, draft: Draft, settle: Settle) -> None:
        """Put an event into its room's log. `settle` is called once, later, never from within this call."""

    def whisper(self, room: str, payload: bytes) -> None:
        """Have something heard by the subscribers of `room` on every node, this one too, later and at most
        once. It is kept nowhere. What one node whispers is heard in order.
        """

    def tell(self, topic: str, payload: bytes) -> None:
        """Have something heard by whoever listens to `topic` on any node, as with `whisper`."""

    def listen(self, topic: str, hear: Hear) -> None:
        """Hear what is told about `topic` from now on. One listener a topic."""

    def watch_link(self, told: Callable[[bool], None]) -> None:
        """Have `told(False)` called when the log can't be reached any more, `told(True)` when it can."""

    async def caught_up(self, room: str) -> None:
        """Return when `streamer.history` has whatever was stored before this call.

        Raises:
            LogUnavailable: it has not, in time.

        Safe to cancel.
        """

    async def read(self, room: str, after: int | None, limit: int) -> Page:
        """The newest entries.

        Args:
            after: only entries with a greater seq, or None for no such bound.
            limit: at most so many; when there are more, the older ones are left out.

        Raises:
            LogUnavailable: try again later.

        Safe to cancel.
        """
        ...

    async def close(self) -> None:
        """Settle everything that was appended, then refuse. Cancelling it leaves drafts unsettled."""
