"""The log of every room: what a broker promises, in words. `tests/contract/test_broker.py` holds each one to
it.

1. One order. The messages of a room are numbered 1, 2, 3 without a hole, and everyone is given them in that
   order.
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

Nothing here is called from another thread.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

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


class Draft(Struct, frozen=True):
    """A message that has no number yet. `id` and `at` are those it gets if it is stored."""

    room: str
    nonce: str
    author: Author
    body: str
    id: str
    at: int


class Stored(Struct, frozen=True):
    """The message is in the log, from this append or from an earlier one with its nonce."""

    seq: int
    id: str


class NotStored(Struct, frozen=True):
    """The message is not in the log. The same draft may be appended again."""

    reason: str


Settle = Callable[[Stored | NotStored], None]
Deliver = Callable[[str, Sequence[Entry]], None]  # the epoch, and entries of consecutive seqs


class LogUnavailable(Exception):
    """The log can't be read right now. The world's fault, not the caller's."""


class Broker(Protocol):
    """Keeps the logs. Implementations: `streamer/broker_memory.py`; others pass the same contract tests."""

    def subscribe(self, room: str, deliver: Deliver) -> None:
        """Have every new entry of `room` delivered, until `unsubscribe`. One subscription a room."""

    def unsubscribe(self, room: str) -> None:
        """End the subscription. What is being stored will still be settled."""

    def append(self, draft: Draft, settle: Settle) -> None:
        """Put a message into its room's log. `settle` is called once, later, never from within this call."""

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
