"""A client's commands without an acknowledgement, in the order in which they were given."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

Frame = dict[str, Any]

MAX_OUTBOX = 500
# More at once would only be refused as too fast, and come again.
MAX_UNDER_WAY = 16
# The server knows a nonce again for five minutes; this is less by what an answer takes.
KNOWN_S = 290.0


class Pending(Struct):
    """A command that waits. `tried_s` is when it first went out, `sent` whether it is under way now."""

    command: Frame
    tried_s: float | None = None
    sent: bool = False


class OutboxFull(Exception):
    """`MAX_OUTBOX` commands wait already: this one was not kept."""

    def __init__(self) -> None:
        super().__init__(f"{MAX_OUTBOX} commands wait to be acknowledged already")


class Outbox:
    """What is sent again with its nonce until it is settled."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[str, Pending] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, command: Frame) -> None:
        """Keep a command with a `room` and a `nonce`.

        Raises:
            OutboxFull: too many wait.
        """
        if len(self._entries) >= MAX_OUTBOX:
            raise OutboxFull
        self._entries[command["nonce"]] = Pending(command)

    def take(self, may_send: Callable[[str], bool], now_s: float) -> list[Frame]:
        """Those to be written now, of rooms of which `may_send`; they count as sent."""
        free = MAX_UNDER_WAY - sum(entry.sent for entry in self._entries.values())
        waiting = (entry for entry in self._entries.values() if not entry.sent)
        chosen = [entry for entry in waiting if may_send(entry.command["room"])][: max(0, free)]
        for entry in chosen:
            entry.sent = True
            entry.tried_s = now_s if entry.tried_s is None else entry.tried_s
        return [entry.command for entry in chosen]

    def get(self, nonce: str | None) -> Frame | None:
        entry = self._entries.get(nonce) if nonce else None
        return entry.command if entry else None

    def settle(self, nonce: str | None) -> Frame | None:
        """Take one out; None when it is not there."""
        entry = self._entries.pop(nonce, None) if nonce else None
        return entry.command if entry else None

    def unsend(self, nonce: str | None = None) -> None:
        """One was refused for now, or with None the line broke: it goes again, or all do."""
        for each, entry in self._entries.items():
            if nonce is None or each == nonce:
                entry.sent = False

    def nonces(self, room: str) -> list[str]:
        """Those that wait in a room."""
        return [nonce for nonce, entry in self._entries.items() if entry.command["room"] == room]

    def doubtful(self, room: str, now_s: float) -> list[str]:
        """Nonces in a room that went out so long ago that sending them again might say them twice."""
        return [
            nonce
            for nonce, entry in self._entries.items()
            if entry.command["room"] == room and entry.tried_s is not None and now_s - entry.tried_s > KNOWN_S
        ]
