"""What a session asks of the shell around it, to be carried out in the order given."""

from msgspec import Struct

from chat.broker import Position
from chat.commands import Command
from chat.events import Event


class Reply(Struct, frozen=True):
    """Write `event` to this connection."""

    event: Event


class TellTime(Struct, frozen=True):
    """Reply `Pong`, with the time at which it is written."""


class Authenticate(Struct, frozen=True):
    """Find out who this is, then call `authenticated` or `refused`."""

    name: str | None
    token: str | None


class Enter(Struct, frozen=True):
    """Let this connection into a room, now or after a while, then call `entered` or `turned_away`."""

    room: str
    since: Position | None
    password: str | None = None
    invite: str | None = None


class Meet(Struct, frozen=True):
    """Find the direct room with somebody, now or after a while, then call `met` or `unmet`."""

    to: str


class Exit(Struct, frozen=True):
    """Take this connection out of a room."""

    room: str


class Turn(Struct, frozen=True):
    """Show in every room of this connection that it is away, or back."""

    away: bool


class Carry(Struct, frozen=True):
    """Carry out a command, and see that it is answered. If it names a room, this connection is in it."""

    command: Command


class Follow(Struct, frozen=True):
    """Tell this connection of changes of a track, or of all (None)."""

    track: str | None


class Unfollow(Struct, frozen=True):
    """End a `Follow`."""

    track: str | None


Effect = Reply | TellTime | Authenticate | Enter | Meet | Exit | Turn | Carry | Follow | Unfollow
