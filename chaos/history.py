"""What happened in a run, as the clients saw it: the judge is given this and nothing else."""

from collections.abc import Mapping, Sequence

from msgspec import Struct


class Shown(Struct, frozen=True):
    """An entry of a room's log, as a client was shown it or as it was read at the end."""

    seq: int
    id: str
    nonce: str
    author: str
    body: str


class Said(Struct, frozen=True):
    """A message was written to the connection, for the first time or again."""

    room: str
    nonce: str
    body: str


class Acked(Struct, frozen=True):
    """It was acknowledged."""

    room: str
    nonce: str
    seq: int
    id: str


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


Record = Said | Acked | Asked | Gap | Joined | Live | Out


class View(Struct, frozen=True):
    """What one client said and was told, in its order. `author` is its id, the same for the whole run."""

    name: str
    author: str
    records: Sequence[Record]


class Log(Struct, frozen=True):
    """A room's log as it was read when all was calm again."""

    epoch: str
    entries: Sequence[Shown]


class History(Struct, frozen=True):
    """A whole run.

    Attributes:
        views: of all clients.
        logs: each room's, as a client without a past reads it.
        rows: each room's, as it is in SQL.
    """

    views: Sequence[View]
    logs: Mapping[str, Log]
    rows: Mapping[str, Sequence[Shown]]
