"""Events about the log of a room: its entries, which everyone is shown, and pages of messages."""

from typing import Annotated, Any

from msgspec import Meta, Raw, Struct, field

from chat.fields import At, Author, People, Room, TrackAt
from chat.frames import Event

Seq = Annotated[int, Meta(description="one more than the one before")]
Target = Annotated[str, Meta(description="of the message concerned")]
Of = Annotated[int, Meta(description="`seq` of the message concerned")]
Nonce = Annotated[str, Meta(description="as its author sent it")]
Who = Annotated[Author, Meta(description='`{"id","name"}` at that time')]
Mentions = Annotated[
    list[str], Meta(description="ids of the people that the text means by `@name`; only if there are some")
]
Link = Annotated[
    TrackAt | None, Meta(description='`{"id","at_ms"}` of the track it points to; only if it does')
]
Heard = Annotated[
    int | None,
    Meta(
        description="what its author heard of the show: media time, milliseconds since the Unix epoch; only "
        "if they said so"
    ),
]
Frames = Annotated[list[Raw], Meta(extra_json_schema={"items": {"$ref": "#/$defs/AnyEntry"}})]


class Reaction(Struct, frozen=True):
    """How many have put one emoji to a message, and some of them."""

    emoji: str
    count: int
    people: People


class Message(Event, frozen=True, omit_defaults=True):
    """Somebody said something. Those in `history`, `search` and `pins` say how it stands now."""

    room: Room
    seq: Seq
    id: Annotated[str, Meta(description="sorts by time")]
    nonce: Nonce
    author: Who
    body: Annotated[str, Meta(description="plain text; empty when it was deleted")]
    at: At
    reply_to: Annotated[str | None, Meta(description="`id` of the message it answers; only in a reply")] = (
        None
    )
    thread: Annotated[
        str | None, Meta(description="`id` of the first message of its thread; only in a reply")
    ] = None
    mentions: Mentions = field(default_factory=list)
    track: Link = None
    media: Heard = None
    edited_at: Annotated[int | None, Meta(description="when it was last edited; only if it was")] = None
    deleted_at: Annotated[int | None, Meta(description="when it was deleted; only if it was")] = None
    reactions: Annotated[
        list[Reaction],
        Meta(
            description='`{"emoji","count","people"}` of each emoji, with some of the people, you first; '
            "only how it stands now"
        ),
    ] = field(default_factory=list)
    replies: Annotated[int, Meta(description="in its thread; only how it stands now")] = 0
    pinned: Annotated[bool, Meta(description="only how it stands now")] = False


class Edited(Event, frozen=True, omit_defaults=True):
    """A message has other words now. What was deleted stays so."""

    room: Room
    seq: Seq
    id: Target
    nonce: Nonce
    author: Who
    of: Of
    at: At
    body: Annotated[str, Meta(description="plain text; missing when the message was deleted since")] = ""
    mentions: Mentions = field(default_factory=list)
    track: Link = None


class Deleted(Event, frozen=True):
    """The words of a message are gone, with its reactions and its pin."""

    room: Room
    seq: Seq
    id: Target
    nonce: Nonce
    author: Annotated[Author, Meta(description="who deleted it")]
    of: Of
    at: At


class Reacted(Event, frozen=True, omit_defaults=True):
    """Somebody put an emoji to a message."""

    room: Room
    seq: Seq
    id: Target
    nonce: Nonce
    author: Who
    emoji: Annotated[str, Meta(description="an emoji, or a short code without colons")]
    of: Of
    at: At
    media: Heard = None


class Unreacted(Event, frozen=True, omit_defaults=True):
    """Somebody took an emoji back."""

    room: Room
    seq: Seq
    id: Target
    nonce: Nonce
    author: Who
    emoji: Annotated[str, Meta(description="as in `reacted`")]
    of: Of
    at: At
    media: Heard = None


class Pinned(Event, frozen=True):
    """A message is to be kept in sight."""

    room: Room
    seq: Seq
    id: Target
    nonce: Nonce
    author: Annotated[Author, Meta(description="who pinned it")]
    of: Of
    at: At


class Unpinned(Event, frozen=True):
    """A message need not be kept in sight any more."""

    room: Room
    seq: Seq
    id: Target
    nonce: Nonce
    author: Annotated[Author, Meta(description="who did it")]
    of: Of
    at: At


class System(Event, frozen=True):
    """The server tells something of the room, such as what plays now."""

    room: Room
    seq: Seq
    id: Annotated[str, Meta(description="of this event; sorts by time")]
    nonce: Annotated[str, Meta(description="the server's own")]
    author: Annotated[Author, Meta(description='the server: `{"id":"system","name":"Veza"}`')]
    event: Annotated[
        str,
        Meta(
            description="what happened: `went_live`, `now_playing`, `interrupted`, `back`, `ended`, `order`; "
            "what plays (`title`, and `artist` and `song` if they are known) does so from `media` on"
        ),
    ]
    at: At
    fields: Annotated[dict[str, Any], Meta(description="what is to be known of it")]


class HistoryPage(Event, frozen=True, omit_defaults=True, tag="history"):
    """Answers `history`."""

    room: Room
    messages: Annotated[
        Frames, Meta(description="`message` and `system` frames, as they stand now, oldest first")
    ]
    next: Annotated[
        int | None,
        Meta(description="`before` (or `after`, if that was asked) of the next page; only if there is more"),
    ] = None
    thread: Annotated[str | None, Meta(description="as in the command")] = None


class SearchPage(Event, frozen=True, omit_defaults=True, tag="search"):
    """Answers `search`."""

    room: Room
    query: Annotated[str, Meta(description="as in the command")]
    messages: Annotated[Frames, Meta(description="`message` frames, as they stand now, newest first")]
    next: Annotated[int | None, Meta(description="`before` of the next page; only if there is more")] = None


AnyEntry = Message | Edited | Deleted | Reacted | Unreacted | Pinned | Unpinned | System
"""What has a place in a room's log."""
AnyLogEvent = AnyEntry | HistoryPage | SearchPage
