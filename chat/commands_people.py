"""Commands about people: who is there, and what they show of themselves."""

from chat.fields import RoomName
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


AnyPeopleCommand = Away | Back | Members | Typing
