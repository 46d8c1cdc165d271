"""Events about people: who is there, and what they show of themselves."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct, field

from chat.fields import Author, People, Room
from chat.frames import Event


class Presence(Event, frozen=True):
    """The count has changed, or who is here, or away."""

    room: Room
    count: Annotated[int, Meta(description="people in the room")]
    joined: Annotated[
        People, Meta(description='who came since the last one, at most 20 of them, as `{"id","name"}`')
    ]
    left: Annotated[People, Meta(description="who went, likewise")]
    away: Annotated[People, Meta(description="who is away now, likewise")] = field(default_factory=list)
    back: Annotated[People, Meta(description="who is not away any more, likewise")] = field(
        default_factory=list
    )


class Member(Struct, frozen=True):
    """Somebody in a room."""

    id: str
    name: str
    state: Annotated[str, Meta(description="`online` or `away`")]
    role: Annotated[str, Meta(description="that they were given here; empty for none")] = ""


class Members(Event, frozen=True):
    """Answers `members`."""

    room: Room
    members: Annotated[
        Sequence[Member],
        Meta(
            description='everybody as `{"id","name","state","role"}`, `state` being `online` or `away`; '
            "nobody where more than 200 are in"
        ),
    ]
    count: Annotated[int, Meta(description="people in the room")]


class Role(Event, frozen=True):
    """Somebody was given a role in the room, or lost it: what `members` says of them has changed."""

    room: Room
    id: Annotated[str, Meta(description="whose; maybe yours, and maybe of somebody who is not here")]
    role: Annotated[str, Meta(description="that they have been given now; empty for none")]


class Rights(Event, frozen=True):
    """What `joined` said of you in the room has changed."""

    room: Room
    role: Annotated[str, Meta(description="yours here")]
    may: Annotated[list[str], Meta(description="what you may do besides talking, as in `joined`")]


class Standing(Event, frozen=True):
    """Answers `away` and `back`, and comes unasked when silence or a command make it so."""

    state: Annotated[str, Meta(description="of this connection: `away` or `online`")]


class Typing(Event, frozen=True):
    """Somebody is writing."""

    room: Room
    author: Annotated[Author, Meta(description='`{"id","name"}`; maybe yourself')]
    ttl_ms: Annotated[
        int,
        Meta(description="to be shown for so long, and no longer than until a message of that author comes"),
    ]


class Read(Event, frozen=True):
    """Answers `read`; also told to the other connections of the same person."""

    room: Room
    seq: Annotated[int, Meta(description="everything up to it was read")]


class Invited(Event, frozen=True):
    """Somebody has opened the direct room they share with you: `join` it."""

    room: Room
    by: Annotated[Author, Meta(description='`{"id","name"}`')]


class Direct(Struct, frozen=True):
    """A room of two."""

    room: str
    other: Author
    seq: int
    read: int
    at: int


class Directs(Event, frozen=True):
    """Answers `directs`."""

    directs: Annotated[
        Sequence[Direct],
        Meta(
            description='at most 100, as `{"room","other","seq","read","at"}`: with whom, the newest entry, '
            "how far you have read, and when something last happened; that where it was last comes first"
        ),
    ]


class Blocked(Event, frozen=True):
    """Answers `block`; also told to the other connections of the same person."""

    id: Annotated[str, Meta(description="whose messages are to be hidden")]


class Unblocked(Event, frozen=True):
    """Answers `unblock`; also told to the other connections of the same person."""

    id: Annotated[str, Meta(description="whose messages are to be shown again")]


class Blocks(Event, frozen=True):
    """Answers `blocks`."""

    people: Annotated[People, Meta(description='whom you have blocked, as `{"id","name"}`, the last first')]


class Link(Event, frozen=True):
    """The server has lost its log for more than a moment, or has it again; after `welcome` if it is lost."""

    up: Annotated[bool, Meta(description="false: nothing can be sent and no room be joined for now")]


AnyPeopleEvent = (
    Presence
    | Members
    | Role
    | Rights
    | Standing
    | Typing
    | Read
    | Invited
    | Directs
    | Blocked
    | Unblocked
    | Blocks
    | Link
)
