"""A playlist: tracks in an order that somebody gave them, and how the API shows it."""

import msgspec

from streamer.track import Track


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
