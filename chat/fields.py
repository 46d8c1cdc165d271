"""What the fields of commands and events may hold, once for all of them.

Unknown fields are ignored, so that a newer client may talk to an older server. Times are integer milliseconds
since the Unix epoch.
"""

from typing import Annotated, Any, get_args

from msgspec import Meta, Struct

from chat.emoji import MAX_EMOJI_CHARS
from chat.names import MAX_NAME_CHARS

MAX_BODY_CHARS = 4000
MAX_ROOM_CHARS = 64
MAX_NONCE_CHARS = 64
MAX_TRACK_CHARS = 64
MAX_EPOCH_CHARS = 64
MAX_TOKEN_CHARS = 2048
MAX_ID_CHARS = 64
MAX_QUERY_CHARS = 200
MAX_PAGE = 1000
MAX_RENDITION_CHARS = 32
MAX_PASSWORD_CHARS = 200
MAX_PERSON_CHARS = 256
DIRECT_PREFIX = "direct:"  # of the names of rooms of two
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
PersonId = Annotated[
    str, Meta(min_length=1, max_length=MAX_PERSON_CHARS, description=f"1 to {MAX_PERSON_CHARS} characters")
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
Password = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_PASSWORD_CHARS,
        description=f"1 to {MAX_PASSWORD_CHARS} characters, or null",
    ),
]
Epoch = Annotated[
    str, Meta(max_length=MAX_EPOCH_CHARS, description=f"at most {MAX_EPOCH_CHARS} characters, or null")
]
MessageId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_ID_CHARS,
        pattern=rf"^[A-Za-z0-9_\-]+{_END}",
        description=f"the message's `id`: 1 to {MAX_ID_CHARS} letters, digits, - _",
    ),
]
Thread = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_ID_CHARS,
        pattern=rf"^[A-Za-z0-9_\-]+{_END}",
        description=f"the `id` of a thread's first message, for that thread only: 1 to {MAX_ID_CHARS} "
        "letters, digits, - _",
    ),
]
RenditionName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_RENDITION_CHARS,
        pattern=rf"^[a-z0-9]+{_END}",
        description=f"1 to {MAX_RENDITION_CHARS} lower-case letters and digits, or null for the first",
    ),
]
Emoji = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_EMOJI_CHARS,
        description="an emoji, or a short code of lower-case letters, digits, _ + - such as heart or :+1:",
    ),
]
PageSize = Annotated[
    int,
    Meta(ge=1, le=MAX_PAGE, description=f"an integer from 1 to {MAX_PAGE}; `page_messages` are the most"),
]
Query = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_QUERY_CHARS,
        description=f"1 to {MAX_QUERY_CHARS} characters: words, or how they begin",
    ),
]
Moment = Annotated[
    int, Meta(ge=0, le=MAX_SEQ, description=f"milliseconds of the track, an integer from 0 to {MAX_SEQ}")
]


Media = Annotated[
    int,
    Meta(
        ge=0,
        le=MAX_SEQ,
        description="what you hear of the show: media time, milliseconds since the Unix epoch; left out "
        "when it is more than `media_within_s` from now",
    ),
]


class TrackAt(Struct, frozen=True, omit_defaults=True):
    """A track, or a moment of it."""

    id: Annotated[str, Meta(min_length=1, max_length=MAX_TRACK_CHARS, pattern=rf"^[A-Za-z0-9_\-]+{_END}")]
    at_ms: Moment | None = None


TrackLink = Annotated[
    TrackAt,
    Meta(
        description='`{"id","at_ms"}` of a track and maybe a moment of it; without, the first link to one in '
        "`body` counts"
    ),
]


class Author(Struct, frozen=True):
    """Who speaks. `id` is stable and means the person; `name` is for the eye."""

    id: str
    name: str


# --- of events

Room = Annotated[str, Meta(description="its name")]
At = Annotated[int, Meta(description="when the server got it")]
People = list[Author]


def describe(annotation: Any) -> str:
    """What the type of a field says of itself, or the other half of an optional one; maybe nothing."""
    parts = (annotation, *get_args(annotation))
    metas = (meta for part in parts for meta in getattr(part, "__metadata__", ()))
    return next((meta.description for meta in metas if getattr(meta, "description", None)), "")
