"""Commands in, events out. One Struct is one JSON object; its tag is `type`; limits are part of its types.

Unknown fields are ignored, so that a newer client may talk to an older server. Times are integer milliseconds
since the Unix epoch.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct
from msgspec.structs import force_setattr

from chat.names import MAX_NAME_CHARS, clean_name
from chat.text import clean_body

MAX_BODY_CHARS = 4000
MAX_ROOM_CHARS = 64
MAX_NONCE_CHARS = 64
MAX_TRACK_CHARS = 64
MAX_EPOCH_CHARS = 64
MAX_TOKEN_CHARS = 2048
MAX_SEQ = 2**53 - 1  # the largest integer that JavaScript counts to

# `$` would let a newline follow; the look-ahead ends the string in Python's and in JavaScript's dialect.
_END = r"(?![\s\S])"
RoomName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_ROOM_CHARS,
        # No browser asks for /r/. or /r/..: they mean another address.
        pattern=rf"^(?!\.{{1,2}}{_END})[a-z0-9_:.\-]+{_END}",
        description=f"1 to {MAX_ROOM_CHARS} lower-case letters, digits, - _ : . but not . or .. alone",
    ),
]
Nonce = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_NONCE_CHARS,
        pattern=rf"^[!-~]+{_END}",
        description=f"1 to {MAX_NONCE_CHARS} visible ASCII characters",
    ),
]
TrackId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_TRACK_CHARS,
        pattern=rf"^[A-Za-z0-9_\-]+{_END}",
        description=f"1 to {MAX_TRACK_CHARS} letters, digits, - _, or null",
    ),
]
Name = Annotated[str, Meta(description=f"1 to {MAX_NAME_CHARS} visible characters, or null")]
Seq = Annotated[int, Meta(ge=0, le=MAX_SEQ, description=f"an integer from 0 to {MAX_SEQ}")]
Body = Annotated[
    str, Meta(min_length=1, max_length=MAX_BODY_CHARS, description=f"1 to {MAX_BODY_CHARS} characters")
]
Token = Annotated[
    str,
    Meta(min_length=1, max_length=MAX_TOKEN_CHARS, description=f"1 to {MAX_TOKEN_CHARS} characters, or null"),
]
Epoch = Annotated[
    str, Meta(max_length=MAX_EPOCH_CHARS, description=f"at most {MAX_EPOCH_CHARS} characters, or null")
]


class Author(Struct, frozen=True):
    """Who speaks. `id` is stable and means the person; `name` is for the eye."""

    id: str
    name: str


# --- commands: client to server


class Command(Struct, frozen=True, tag_field="type", tag=str.lower):
    """A frame from a client."""


class Hello(Command, frozen=True):
    """First frame of a connection: a guest's `name`, or a `token`, or a guest's token and a new name."""

    name: Name | None = None
    token: Token | None = None

    def __post_init__(self) -> None:
        if self.name is not None:
            force_setattr(self, "name", clean_name(self.name))
        elif self.token is None:
            raise ValueError("name is missing: a guest needs one, or a token")


class Join(Command, frozen=True):
    """Enter a room; with `epoch` and `seq` of the last message seen, resume it."""

    room: RoomName
    epoch: Epoch | None = None
    seq: Seq | None = None

    def __post_init__(self) -> None:
        if (self.epoch is None) != (self.seq is None):
            lacking = "epoch" if self.epoch is None else "seq"
            raise ValueError(f"{lacking} is missing: epoch and seq are one position and come together")


class Send(Command, frozen=True):
    """Say something in a joined room; `nonce` makes it safe to send again."""

    room: RoomName
    nonce: Nonce
    body: Body

    def __post_init__(self) -> None:
        force_setattr(self, "body", clean_body(self.body, MAX_BODY_CHARS))


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


AnyCommand = Hello | Join | Send | Leave | Ping | Watch | Unwatch
COMMANDS: dict[str, type[Command]] = {
    kind.__name__.lower(): kind for kind in (Hello, Join, Send, Leave, Ping, Watch, Unwatch)
}


# --- events: server to client


class Event(Struct, frozen=True, tag_field="type", tag=str.lower):
    """A frame to a client."""


class Welcome(Event, frozen=True):
    """Answers `hello`. `token`, sent in a later `hello`, keeps `id`."""

    id: str
    name: str
    now: int
    token: str


class Joined(Event, frozen=True):
    """Answers `join`. `messages` are `message` frames, oldest first, that end at `seq`."""

    room: str
    epoch: str
    seq: int
    members: int
    recovered: bool
    messages: list[Raw]


class Gap(Event, frozen=True):
    """Comes before `joined`: the messages `from_seq` to `to_seq` are not among those that follow."""

    room: str
    from_seq: int
    to_seq: int


class Ack(Event, frozen=True):
    """Answers `send`: the message is on disk."""

    room: str
    nonce: str
    seq: int
    id: str


class Message(Event, frozen=True):
    """Somebody said something."""

    room: str
    seq: int
    id: str
    nonce: str
    author: Author
    body: str
    at: int


class Left(Event, frozen=True):
    """Answers `leave`; nothing of the room follows."""

    room: str


class Presence(Event, frozen=True):
    """Who came and went since the last one."""

    room: str
    count: int
    joined: list[Author]
    left: list[Author]


class Pong(Event, frozen=True):
    """Answers `ping`."""

    now: int


class Watching(Event, frozen=True):
    """Answers `watch`."""

    track: str | None


class Unwatched(Event, frozen=True):
    """Answers `unwatch`; nothing of the track follows."""

    track: str | None


class Track(Event, frozen=True):
    """A watched track changed; `track` is what the API shows of it."""

    track: Raw


class Comment(Event, frozen=True):
    """Somebody commented on a watched track; `comment` is what the API shows of it."""

    comment: Raw


class Uncomment(Event, frozen=True):
    """A comment on a watched track was deleted."""

    track: str
    id: str


class Error(Event, frozen=True, omit_defaults=True):
    """Answers a command that was not carried out."""

    code: str
    message: str
    nonce: str | None = None
    room: str | None = None
    retry_ms: int | None = None


AnyEvent = (
    Welcome
    | Joined
    | Gap
    | Ack
    | Message
    | Left
    | Presence
    | Pong
    | Watching
    | Unwatched
    | Track
    | Comment
    | Uncomment
    | Error
)

_encoder = msgspec.json.Encoder()
encode_event = _encoder.encode
