"""Events about the sound of a show. The sound itself comes in binary frames: see `chat/sound.py`."""

from typing import Annotated

from msgspec import Meta, Raw

from chat.fields import Room
from chat.frames import Event


class Listening(Event, frozen=True):
    """Sound of a room follows, in binary frames. Answers `listen` while something is on; comes unasked when
    it begins, and when its form or its clock changes.
    """

    room: Room
    stream: Annotated[int, Meta(description="what the header of its binary frames calls it; 0 to 65535")]
    show: Annotated[str, Meta(description="id of the show, and of the track that its recording becomes")]
    rendition: Annotated[
        str, Meta(description="the one that was asked for, if the show has it; else the first")
    ]
    renditions: Annotated[list[str], Meta(description="those that can be asked for")]
    codec: Annotated[str, Meta(description="as RFC 6381 has it; WebCodecs wants it in lower case")]
    sample_rate: Annotated[int, Meta(description="Hz")]
    channels: Annotated[int, Meta(description="1 or 2")]
    description: Annotated[str, Meta(description="base64 of what a decoder needs before the first unit")]
    frame_ticks: Annotated[int, Meta(description="samples that each access unit decodes to")]
    began_at: Annotated[int, Meta(description="when the show began")]


class OffAir(Event, frozen=True):
    """Nothing is on in a room that one listens to: answers `listen`, or the show has ended. `listening` comes
    when something is.
    """

    room: Room


class Unlistened(Event, frozen=True):
    """Answers `unlisten`; no sound of the room follows."""

    room: Room


class Cockpit(Event, frozen=True):
    """How the show of a room does; comes twice a second after the command of that name."""

    room: Room
    show: Annotated[Raw, Meta(description="what `GET /api/v1/rooms/{room}/live` answers")]


AnyLiveEvent = Listening | OffAir | Unlistened | Cockpit
