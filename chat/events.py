"""Events, from server to client.

A docstring says in `docs/protocol.md` when an event comes, and the description of a field what is in it;
`python -m scripts.protocol` writes them there.
"""

from typing import Annotated, Any, get_args

import msgspec
from msgspec import Meta, Raw, field

from chat.events_live import AnyLiveEvent
from chat.events_log import AnyEntry as AnyEntry
from chat.events_log import AnyLogEvent, Frames
from chat.events_log import Message as Message
from chat.events_people import AnyPeopleEvent
from chat.events_stage import AnyStageEvent
from chat.fields import Room
from chat.frames import Event as Event


class Welcome(Event, frozen=True):
    """Answers `hello`."""

    id: Annotated[str, Meta(description="who you are; stable with the token")]
    name: Annotated[str, Meta(description="as others see it")]
    now: Annotated[int, Meta(description="the server's time")]
    token: Annotated[str, Meta(description="for the next `hello`")]


class Joined(Event, frozen=True):
    """Answers `join`."""

    room: Room
    epoch: Annotated[str, Meta(description="the name of this life of the room's log")]
    seq: Annotated[int, Meta(description="of the newest entry; 0 when there is none")]
    members: Annotated[
        int,
        Meta(
            description="people in the room, you among them; one person on several connections and nodes "
            "counts once"
        ),
    ]
    recovered: Annotated[
        bool, Meta(description="`messages` are exactly those missed since the position in `join`")
    ]
    messages: Annotated[
        Frames,
        Meta(
            description="entries of the log as the frames they were, oldest first, the last one at `seq`; "
            "without a position the last 100, fewer when they are long"
        ),
    ]
    pins: Annotated[
        Frames,
        Meta(description="`message` frames of what is pinned, the first pin first, as they stand now"),
    ] = field(default_factory=list)
    read: Annotated[int, Meta(description="how far you have read, on any device; 0 for not at all")] = 0
    role: Annotated[str, Meta(description="yours here")] = "guest"
    may: Annotated[
        list[str],
        Meta(
            description="what you may do besides talking: `pin`, `delete` what others said, `kick`, `mute`, "
            "`ban`, `slow`, `filter`, `approve`, `audit`, `invite`, `policy`, `roles` and more"
        ),
    ] = field(default_factory=list)


class Gap(Event, frozen=True):
    """Comes before `joined` when something was missed and is not among what follows."""

    room: Room
    from_seq: Annotated[
        int,
        Meta(
            description="first entry that can't be replayed; 0 when the log began anew and earlier positions "
            "mean nothing"
        ),
    ]
    to_seq: Annotated[
        int,
        Meta(
            description="last one; where `joined` goes on is `to_seq + 1`, unless your position was ahead of "
            "the log"
        ),
    ]


class Ack(Event, frozen=True):
    """Answers a command that goes into the log: it is on disk."""

    room: Room
    nonce: Annotated[str, Meta(description="as in the command")]
    seq: Annotated[
        int, Meta(description="the entry's place in the room; the message's if there was nothing left to do")
    ]
    id: Annotated[str, Meta(description="the message's own name")]


class Left(Event, frozen=True):
    """Answers `leave`; nothing of the room follows."""

    room: Room


class Notice(Event, frozen=True, omit_defaults=True):
    """The server says something to you alone.

    With a `nonce` it answers that `send`, and nothing was stored: what the line was told to do is done, or
    the message waits for a moderator.
    """

    room: Room
    code: Annotated[
        str,
        Meta(
            description="`done`: the line of the chat was carried out; `held`: your message waits for a "
            "moderator, and you see it as `message` when it is let through; `review`: you are a moderator, "
            "and something waits for you"
        ),
    ]
    text: Annotated[str, Meta(description="for people; lines end with a newline")]
    nonce: Annotated[str | None, Meta(description="of the `send`, if it answers one")] = None


class Pong(Event, frozen=True):
    """Answers `ping`."""

    now: Annotated[int, Meta(description="the server's time")]


class Watching(Event, frozen=True):
    """Answers `watch`."""

    track: Annotated[str | None, Meta(description="as in `watch`")]


class Unwatched(Event, frozen=True):
    """Answers `unwatch`; nothing of the track follows, unless all are watched."""

    track: Annotated[str | None, Meta(description="as in `unwatch`")]


class Track(Event, frozen=True):
    """A watched track changed."""

    track: Annotated[Raw, Meta(description="the track as the API shows it")]


class Comment(Event, frozen=True):
    """Somebody commented on a moment of a watched track."""

    comment: Annotated[Raw, Meta(description="the comment as the API shows it")]


class Uncomment(Event, frozen=True):
    """A comment on a watched track was deleted."""

    track: Annotated[str, Meta(description="the track's id")]
    id: Annotated[str, Meta(description="the comment's")]


class Drain(Event, frozen=True):
    """The server stops, and closes the connection next."""

    reconnect_ms: Annotated[int, Meta(description="come back, here or elsewhere, after so many milliseconds")]


class Error(Event, frozen=True, omit_defaults=True):
    """Answers a command that was not carried out."""

    code: Annotated[str, Meta(description="one of those below")]
    message: Annotated[str, Meta(description="for people: the value that was wrong and the limit it broke")]
    nonce: Annotated[str | None, Meta(description="of the command, if it had one")] = None
    room: Annotated[str | None, Meta(description="of the command, if it had one")] = None
    retry_ms: Annotated[
        int | None, Meta(description="with `rate_limited` and `unavailable`: when to try again")
    ] = None


AnyEvent = (
    Welcome
    | Joined
    | Gap
    | Ack
    | AnyLogEvent
    | Left
    | AnyPeopleEvent
    | AnyLiveEvent
    | AnyStageEvent
    | Notice
    | Pong
    | Watching
    | Unwatched
    | Track
    | Comment
    | Uncomment
    | Drain
    | Error
)
EVENTS: dict[str, type[Any]] = {kind.__struct_config__.tag: kind for kind in get_args(AnyEvent)}

_encoder = msgspec.json.Encoder()
encode_event = _encoder.encode
