"""What happened in a run, as the clients saw it: the judge is given this and nothing else."""

from collections.abc import Mapping, Sequence

from msgspec import Struct


class Shown(Struct, frozen=True):
    """An entry of a room's log, as a client was shown it or as it was read at the end.

    Attributes:
        id: of the message, its own or the one that something was done to.
        body: empty for what has none, and for what was deleted.
        kind: `type` of the event.
        reactions: how often each emoji stands at a message; only at the end.
    """

    seq: int
    id: str
    nonce: str
    author: str
    body: str
    kind: str = "message"
    emoji: str = ""
    reactions: tuple[tuple[str, int], ...] = ()

    @property
    def place(self) -> tuple[int, str, str, str, str, str]:
        """What of it is the same for everyone and for ever."""
        return self.seq, self.id, self.nonce, self.author, self.kind, self.emoji


class Said(Struct, frozen=True):
    """Something was written to the connection, for the first time or again.

    Attributes:
        kind: of the entry that comes of it; `line` for what is said to the server, and is in no log.
        id: of the message that it is done to; a new one has none yet.
    """

    room: str
    nonce: str
    body: str
    kind: str = "message"
    id: str = ""
    emoji: str = ""


class Acked(Struct, frozen=True):
    """It was acknowledged."""

    room: str
    nonce: str
    seq: int
    id: str


class Refused(Struct, frozen=True):
    """It was refused, and will not be said again."""

    room: str
    nonce: str
    code: str


class Asked(Struct, frozen=True):
    """`join` was sent, with a position or without (`epoch` is None)."""

    room: str
    epoch: str | None
    seq: int


class Gap(Struct, frozen=True):
    """`gap` was told."""

    room: str
    from_seq: int
    to_seq: int


class Joined(Struct, frozen=True):
    """`joined` was told, with what it showed."""

    room: str
    epoch: str
    seq: int
    recovered: bool
    shown: tuple[Shown, ...]


class Live(Struct, frozen=True):
    """An entry was shown as it came."""

    room: str
    entry: Shown


class Out(Struct, frozen=True):
    """The client is not in the room any more; a lost connection is one for every room."""

    room: str


Record = Said | Acked | Refused | Asked | Gap | Joined | Live | Out


class View(Struct, frozen=True):
    """What one client said and was told, in its order. `author` is its id, the same for the whole run."""

    name: str
    author: str
    records: Sequence[Record]


class Log(Struct, frozen=True):
    """A room's log as it was read when all was calm again.

    Attributes:
        entries: its messages, as they stand at the end.
        seq: of the newest entry of any kind; at least that of the last message.
    """

    epoch: str
    entries: Sequence[Shown]
    seq: int = 0

    @property
    def end(self) -> int:
        return max(self.seq, self.entries[-1].seq if self.entries else 0)


class History(Struct, frozen=True):
    """A whole run.

    Attributes:
        views: of all clients.
        logs: each room's, as a client without a past reads it.
        rows: each room's entries of all kinds, as they are in SQL.
        audit: details of each room's audit log.
    """

    views: Sequence[View]
    logs: Mapping[str, Log]
    rows: Mapping[str, Sequence[Shown]]
    audit: Mapping[str, Sequence[str]] = {}
