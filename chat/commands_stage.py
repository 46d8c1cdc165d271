"""Commands of who broadcasts over a connection. The recording goes in binary frames: `chat/uplink.py`."""

from typing import Annotated

from msgspec import Meta

from chat.fields import MAX_SEQ, RoomName
from chat.frames import Command

MAX_KEY_CHARS = 200
MAX_SESSION_CHARS = 64
MAX_MEDIA_TYPE_CHARS = 100
MAX_SOURCE_CHARS = 200
MAX_TITLE_CHARS = 300

StreamKey = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_KEY_CHARS,
        description=f"the room's stream key: 1 to {MAX_KEY_CHARS} characters",
    ),
]
SessionName = Annotated[
    str,
    Meta(
        min_length=16,
        max_length=MAX_SESSION_CHARS,
        pattern=r"^[A-Za-z0-9_\-]+(?![\s\S])",
        description="made up by the client, not to be guessed: "
        f"16 to {MAX_SESSION_CHARS} letters, digits, - _",
    ),
]
MediaType = Annotated[
    str,
    Meta(
        max_length=MAX_MEDIA_TYPE_CHARS,
        description=f"of the recording, such as audio/webm;codecs=opus: at most {MAX_MEDIA_TYPE_CHARS} "
        "characters",
    ),
]
Words = Annotated[
    str,
    Meta(max_length=MAX_TITLE_CHARS, description=f"at most {MAX_TITLE_CHARS} characters"),
]


class GoLive(Command, frozen=True):
    """Broadcast to a joined room; with the `session` of before, go on with that recording.

    Answered by `onair`.
    """

    room: RoomName
    key: StreamKey
    session: SessionName
    media_type: MediaType = ""
    kept_from: Annotated[
        int,
        Meta(
            ge=0,
            le=MAX_SEQ,
            description=f"first byte of the recording that can still be sent: an integer from 0 to {MAX_SEQ}",
        ),
    ] = 0
    client: Annotated[
        str,
        Meta(
            max_length=MAX_SOURCE_CHARS,
            description=f"what the program calls itself: at most {MAX_SOURCE_CHARS} characters",
        ),
    ] = ""


class GoOff(Command, frozen=True):
    """End one's recording; what came of it is still heard. Answered by `dismissed`."""

    room: RoomName


class Title(Command, frozen=True):
    """Say what plays in one's recording from the sound on that is sent next. Answered by `titled`."""

    room: RoomName
    text: Words | None = None
    artist: Words | None = None
    title: Words | None = None


AnyStageCommand = GoLive | GoOff | Title
