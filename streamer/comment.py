"""A comment at a moment of a track: what a client sends, what clients see, and where a page of them ends."""

from typing import Annotated

import msgspec
from msgspec import Meta
from msgspec.structs import force_setattr

from chat.fields import MAX_SEQ
from chat.names import MAX_NAME_CHARS, clean_name
from chat.text import clean_body
from streamer.ids import ID_LENGTH, ID_PATTERN

MAX_COMMENT_CHARS = 1000

#: `at_ms` and `id` of the last comment of a page.
CURSOR_PATTERN = f"^[0-9]{{1,16}}-{ID_PATTERN.removeprefix('^')}"


class NewComment(msgspec.Struct, frozen=True):
    """What somebody wants to say. `name` is for guests; an account has its own."""

    at_ms: Annotated[int, Meta(ge=0, le=MAX_SEQ, description="The moment, in milliseconds of the track.")]
    body: Annotated[
        str,
        Meta(
            description="Plain text; space at its ends is not counted, and control characters are refused.",
            extra_json_schema={"minLength": 1, "maxLength": MAX_COMMENT_CHARS},
        ),
    ]
    name: Annotated[
        str | None,
        Meta(description="Visible characters.", extra_json_schema={"maxLength": MAX_NAME_CHARS}),
    ] = None

    def __post_init__(self) -> None:
        force_setattr(self, "body", clean_body(self.body, MAX_COMMENT_CHARS))
        if self.name is not None:
            force_setattr(self, "name", clean_name(self.name))


class Commenter(msgspec.Struct, frozen=True):
    """Who said it. `id` is that of chat messages; null for who had no token."""

    id: str | None
    name: str


class Comment(msgspec.Struct, frozen=True):
    """A comment at a moment of a track."""

    id: str
    track: str
    at_ms: int
    body: str
    author: Commenter
    created_at: int


class CommentPage(msgspec.Struct, frozen=True):
    """Comments in the order of the track. `next` is the cursor of the next page, null on the last."""

    items: list[Comment]
    next: str | None


def cursor_after(comment: Comment) -> str:
    """Where the page after this comment begins."""
    return f"{comment.at_ms}-{comment.id}"


def read_cursor(cursor: str) -> tuple[int, str]:
    """(at_ms, id) of a cursor that matches CURSOR_PATTERN."""
    return int(cursor[: -ID_LENGTH - 1]), cursor[-ID_LENGTH:]
