"""Commands about people: who is there, and what they show of themselves."""

from chat.fields import PersonId, RoomName, Seq
from chat.frames import Command


class Away(Command, frozen=True):
    """Be shown as away, until `back` or any other command but `ping`."""


class Back(Command, frozen=True):
    """Be here again."""


class Members(Command, frozen=True):
    """Ask who is in a joined room."""

    room: RoomName


class Typing(Command, frozen=True):
    """Show in a joined room that one is writing. Has no answer when it is not shown."""

    room: RoomName


class Read(Command, frozen=True):
    """Everything in a joined room up to `seq` was read. A marker never moves back."""

    room: RoomName
    seq: Seq


class Direct(Command, frozen=True):
    """Enter the room that one shares with another person only. Answered by `joined`."""

    to: PersonId


class Directs(Command, frozen=True):
    """Ask for one's direct rooms."""


class Block(Command, frozen=True):
    """Have nothing to do with somebody: no direct room, no mentions."""

    id: PersonId


class Unblock(Command, frozen=True):
    """End a `block`."""

    id: PersonId


class Blocks(Command, frozen=True):
    """Ask whom one has blocked."""


AnyPeopleCommand = Away | Back | Members | Typing | Read | Direct | Directs | Block | Unblock | Blocks
