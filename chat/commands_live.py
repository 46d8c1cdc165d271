"""Commands about the sound of a show."""

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


AnyLiveCommand = Listen | Unlisten
