"""A playlist: tracks in an order that somebody gave them, and how the API shows it."""

from typing import Annotated

import msgspec
import sqlalchemy as sa
from msgspec import UNSET, Meta, UnsetType

from streamer.tags import MAX_EDIT_CHARS
from streamer.track import Track

PLAYLISTS = "/api/v1/playlists"
MAX_ENTRIES = 10_000
MAX_PLAYLISTS = 10_000
MAX_DESCRIPTION_CHARS = 2000

Title = Annotated[str, Meta(min_length=1, max_length=MAX_EDIT_CHARS)]
Description = Annotated[str, Meta(max_length=MAX_DESCRIPTION_CHARS)] | None
EntryId = Annotated[str, Meta(max_length=64)]


class NewPlaylist(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A playlist to make. The title is one line; the description may have several, null is none."""

    title: Title
    description: Description = None


class PlaylistEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change, and nothing else (RFC 7396)."""

    title: Title | UnsetType = UNSET
    description: Description | UnsetType = UNSET


class NewEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A track to add. `at` is its place, from 0; without it, or beyond the end, it comes last."""

    track: Annotated[str, Meta(max_length=64)]
    at: Annotated[int, Meta(ge=0, le=MAX_ENTRIES)] | None = None


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every entry of the playlist, once, in the order they are to have."""

    items: Annotated[list[EntryId], Meta(max_length=MAX_ENTRIES)]


class PlaylistLinks(msgspec.Struct, frozen=True):
    """Where the playlist is on this server."""

    self: str
    page: str


class Playlist(msgspec.Struct, frozen=True, kw_only=True):
    """A playlist. `revision` grows with each change, and is what If-Match is compared with."""

    id: str
    title: str
    description: str | None
    revision: int
    track_count: int
    duration_ms: int
    created_at: int
    updated_at: int
    links: PlaylistLinks


class PlaylistEntry(msgspec.Struct, frozen=True):
    """A track at its place; `id` is that of the place, as a track may be in a playlist more than once."""

    id: str
    track: Track


class PlaylistWithItems(Playlist, frozen=True, kw_only=True):
    """A playlist with its tracks, in order."""

    items: list[PlaylistEntry]


class PlaylistPage(msgspec.Struct, frozen=True):
    """Playlists, newest first. `next` is the cursor of the next page, null on the last."""

    items: list[Playlist]
    next: str | None


def view_playlist(row: sa.RowMapping) -> Playlist:
    """A row of `playlists`, with what its entries come to, as clients see it."""
    return Playlist(
        id=row["id"],
        title=row["title"],
        description=row["description"],
        revision=row["revision"],
        track_count=row["track_count"],
        duration_ms=int(row["duration_ms"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        links=PlaylistLinks(self=f"{PLAYLISTS}/{row['id']}", page=f"/p/{row['id']}"),
    )
