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


class Members(Event, frozen=True):
    """Answers `members`."""

    room: Room
    members: Annotated[
        Sequence[Member],
        Meta(
            description='everybody as `{"id","name","state"}`, `state` being `online` or `away`; nobody '
            "where more than 200 are in"
        ),
    ]
    count: Annotated[int, Meta(description="people in the room")]


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


AnyPeopleEvent = Presence | Members | Standing | Typing
