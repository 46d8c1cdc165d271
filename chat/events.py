"""Events, from server to client. One Struct is one JSON object; its tag is `type`."""

import msgspec
from msgspec import Raw, Struct

from chat.fields import Author


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


class Drain(Event, frozen=True):
    """The connection is about to be closed; come back, here or elsewhere, after `reconnect_ms`."""

    reconnect_ms: int


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
    | Drain
    | Error
)

_encoder = msgspec.json.Encoder()
encode_event = _encoder.encode
