"""Tags of a track: what its file says, and what people make of it, which is kept apart.

Packaging may tell the file's tags again, at its end or after a restart; an edit outlives that, and when it is
taken back the file's own is there again.
"""

import unicodedata
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from hls.tags import MAX_NUMBER, is_reordering
from streamer.problems import RequestInvalid

MAX_EDIT_CHARS = 500
# A null takes the file's own away; a title goes back to the file's instead, because every track has one.
EditedTags = dict[str, str | int | None]

# Cc control, Cs lone surrogates, Zl and Zp line breaks.
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})

Text = Annotated[str, Meta(max_length=MAX_EDIT_CHARS)] | None | UnsetType
Number = Annotated[int, Meta(ge=1, le=MAX_NUMBER)] | None | UnsetType


class TrackEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change, and nothing else (RFC 7396): null, or a text of nothing but blanks, clears.

    A title that is cleared goes back to what the file says, or to the file's name. Control characters, line
    breaks, and characters that reorder text are refused.
    """

    title: Text = UNSET
    artist: Text = UNSET
    album: Text = UNSET
    album_artist: Text = UNSET
    track_number: Number = UNSET
    disc_number: Number = UNSET
    year: Number = UNSET
    genre: Text = UNSET


class Tags(msgspec.Struct, frozen=True):
    """What is said of a track. `year` is from 1 to 9999, and so are the numbers."""

    title: str | None
    artist: str | None
    album: str | None
    album_artist: str | None
    track_number: int | None
    disc_number: int | None
    year: int | None
    genre: str | None


_EDITS = msgspec.json.Decoder(EditedTags)


def changes(edit: TrackEdit) -> EditedTags:
    """What an edit asks for, cleaned; only the tags that it names.

    Raises:
        RequestInvalid: a text has a character in it that is not for one line of text.
    """
    asked = msgspec.structs.asdict(edit)
    return {name: clean(name, value) for name, value in asked.items() if value is not UNSET}


def merge(edits: EditedTags, changes: EditedTags) -> EditedTags:
    """The edits after some more changes."""
    merged = edits | changes
    if merged.get("title", "") is None:
        del merged["title"]
    return merged


def shown(tags: Mapping[str, str | int | None], edits: EditedTags) -> Tags:
    """The file's tags, but for what has been edited."""
    return msgspec.convert({**tags, **edits}, Tags)


def read_edits(stored: str | None) -> EditedTags:
    """Edits as the database has them: a JSON object, or NULL."""
    return {} if stored is None else _EDITS.decode(stored)


def write_edits(edits: EditedTags) -> str | None:
    """What the database keeps."""
    return msgspec.json.encode(edits).decode() if edits else None


def clean(name: str, value: str | int | None) -> str | int | None:
    """A value without the blanks around it; None if that leaves nothing.

    Raises:
        RequestInvalid: it has a character in it that is not for one line of text.
    """
    if not isinstance(value, str):
        return value
    for character in value:
        if unicodedata.category(character) in _REFUSED or is_reordering(character):
            raise RequestInvalid(
                f"{name} has the character U+{ord(character):04X}, which is not printable text"
            )
    return value.strip() or None


def without_ending(filename: str) -> str:
    """What a track without a title is called."""
    stem, dot, ending = filename.rpartition(".")
    return stem if dot and stem and len(ending) <= 5 else filename
