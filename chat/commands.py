"""Commands, from client to server. Limits are part of the types.

A docstring says in `docs/protocol.md` what a command is for, and the description of a field's type what may
be in it; `python -m scripts.protocol` writes them there.
"""

from typing import Any, get_args

from msgspec.structs import force_setattr

from chat.commands_live import AnyLiveCommand
from chat.commands_log import AnyLogCommand
from chat.commands_log import Send as Send
from chat.commands_people import AnyPeopleCommand
from chat.commands_stage import AnyStageCommand
from chat.fields import Epoch, Name, Password, RoomName, Seq, Token, TrackId
from chat.frames import Command as Command
from chat.names import clean_name


class Hello(Command, frozen=True):
    """First frame. A guest gives a `name`, or the `token` of before, or both for a new name."""

    name: Name | None = None
    token: Token | None = None

    def __post_init__(self) -> None:
        if self.name is not None:
            force_setattr(self, "name", clean_name(self.name))
        elif self.token is None:
            raise ValueError("name is missing: a guest needs one, or a token")


class Join(Command, frozen=True):
    """Enter a room; with `epoch` and `seq` of the last message seen, resume it.

    A room may ask for a `password`, or for an `invite`: the token of its link.
    """

    room: RoomName
    epoch: Epoch | None = None
    seq: Seq | None = None
    password: Password | None = None
    invite: Token | None = None

    def __post_init__(self) -> None:
        if (self.epoch is None) != (self.seq is None):
            lacking = "epoch" if self.epoch is None else "seq"
            raise ValueError(f"{lacking} is missing: epoch and seq are one position and come together")


class Leave(Command, frozen=True):
    """Leave a room."""

    room: RoomName


class Ping(Command, frozen=True):
    """Ask for the server's time."""


class Watch(Command, frozen=True):
    """Be told of every change of one track, or with null of all tracks."""

    track: TrackId | None


class Unwatch(Command, frozen=True):
    """End a `watch`."""

    track: TrackId | None


AnyCommand = (
    Hello
    | Join
    | Leave
    | AnyLogCommand
    | AnyPeopleCommand
    | AnyLiveCommand
    | AnyStageCommand
    | Ping
    | Watch
    | Unwatch
)
COMMANDS: dict[str, type[Any]] = {kind.__struct_config__.tag: kind for kind in get_args(AnyCommand)}
