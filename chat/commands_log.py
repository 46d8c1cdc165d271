"""Commands about the log of a room: what is said there, what is done to it, and looking back."""

from msgspec.structs import force_setattr

from chat.emoji import clean_emoji
from chat.fields import (
    MAX_BODY_CHARS,
    Body,
    Emoji,
    Media,
    MessageId,
    Nonce,
    PageSize,
    Query,
    RoomName,
    Seq,
    Thread,
    TrackLink,
)
from chat.frames import Command
from chat.text import clean_body


class Logged(Command, frozen=True):
    """A command that becomes an entry of the log. It is said at the rate of messages."""

    room: RoomName
    nonce: Nonce


class Send(Logged, frozen=True):
    """Say something in a joined room; `nonce` makes it safe to send again. With `reply_to` it becomes part of
    a thread.
    """

    body: Body
    reply_to: MessageId | None = None
    track: TrackLink | None = None
    media: Media | None = None

    def __post_init__(self) -> None:
        force_setattr(self, "body", clean_body(self.body, MAX_BODY_CHARS))


class Edit(Logged, frozen=True):
    """Put other words into one's own message."""

    id: MessageId
    body: Body
    track: TrackLink | None = None

    def __post_init__(self) -> None:
        force_setattr(self, "body", clean_body(self.body, MAX_BODY_CHARS))


class Delete(Logged, frozen=True):
    """Take the words out of a message: one's own, or as a moderator anybody's."""

    id: MessageId


class React(Logged, frozen=True):
    """Put an emoji to a message."""

    id: MessageId
    emoji: Emoji
    media: Media | None = None

    def __post_init__(self) -> None:
        force_setattr(self, "emoji", clean_emoji(self.emoji))


class Unreact(React, frozen=True):
    """Take one's emoji back."""


class Pin(Logged, frozen=True):
    """Keep a message in everybody's sight."""

    id: MessageId


class Unpin(Logged, frozen=True):
    """End a `pin`."""

    id: MessageId


class History(Command, frozen=True):
    """Ask for messages of a joined room as they stand now: the newest, or those `before` or `after` a seq."""

    room: RoomName
    before: Seq | None = None
    after: Seq | None = None
    limit: PageSize | None = None
    thread: Thread | None = None

    def __post_init__(self) -> None:
        if self.before is not None and self.after is not None:
            raise ValueError("before and after are both there: a page goes one way")


class Search(Command, frozen=True):
    """Look for messages of a joined room that have all words of `query`, as they stand now."""

    room: RoomName
    query: Query
    before: Seq | None = None
    limit: PageSize | None = None


AnyLogCommand = Send | Edit | Delete | React | Unreact | Pin | Unpin | History | Search
