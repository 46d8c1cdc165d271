"""Commands about the sound of a show."""

from typing import Annotated

from msgspec import Meta

from chat.fields import RenditionName, RoomName
from chat.frames import Command


class Listen(Command, frozen=True):
    """Hear what is on in a joined room, now or when it begins. Said again, it goes over to another
    `rendition`.
    """

    room: RoomName
    rendition: RenditionName | None = None


class Unlisten(Command, frozen=True):
    """End a `listen`."""

    room: RoomName


class Cockpit(Command, frozen=True):
    """See how the show of a joined room does, twice a second, as `cockpit` events; with `on` false no more.

    For who rules the room, and who broadcasts to it.
    """

    room: RoomName
    on: Annotated[bool, Meta(description="false: send it no more")] = True


AnyLiveCommand = Listen | Unlisten | Cockpit
