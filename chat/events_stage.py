"""Events for who broadcasts over a connection."""

from typing import Annotated

from msgspec import Meta

from chat.fields import Room
from chat.frames import Event


class OnAir(Event, frozen=True):
    """Answers `golive`: the recording is wanted from byte `upto` on."""

    room: Room
    session: Annotated[str, Meta(description="as in `golive`")]
    stream: Annotated[int, Meta(description="what the header of its binary frames calls it; 0 to 65535")]
    upto: Annotated[int, Meta(description="so many bytes of the recording have come")]
    window_bytes: Annotated[
        int, Meta(description="so many bytes may come beyond `upto`, of this or of the newest `taken`")
    ]
    hold_ms: Annotated[
        int, Meta(description="a recording whose connection broke can go on within so many milliseconds")
    ]


class Taken(Event, frozen=True):
    """So much of a recording need not be kept to be sent again."""

    stream: Annotated[int, Meta(description="as in `onair`")]
    upto: Annotated[int, Meta(description="bytes of the recording, from its beginning")]


class Dismissed(Event, frozen=True):
    """A recording is over here: answers `gooff`, or comes when the server lets go of it."""

    room: Room
    session: Annotated[str, Meta(description="as in `golive`")]
    code: Annotated[
        str,
        Meta(
            description="`over`: by `gooff`; `taken-over`: another source came with the same key, or the "
            "recording goes on over another connection; `revoked`: the key was; `refused`: it can't be "
            "decoded; `ended`: the host ended the show; `stalled`: no sound came for long; `stopping`: the "
            "server stops, begin another recording when it is back; `gap`: bytes were left out; "
            "`too-fast`: more than the window came"
        ),
    ]
    reason: Annotated[str, Meta(description="for people")]


class Titled(Event, frozen=True):
    """Answers `title`."""

    room: Room


AnyStageEvent = OnAir | Taken | Dismissed | Titled
