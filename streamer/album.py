"""An album: the tracks that name it, by whom, and how the API shows it."""

import msgspec

from hls.loudness import Loudness
from streamer.track import Track


class AlbumLinks(msgspec.Struct, frozen=True):
    """Where the album is on this server; `cover` is that of its first track with one."""

    self: str
    page: str
    cover: str | None


class Album(msgspec.Struct, frozen=True, kw_only=True):
    """Tracks that name the same album by the same artist.

    `year` is the earliest; `loudness` is that of all of it in a row, null until all of it is measured.
    """

    id: str
    title: str
    artist: str | None
    year: int | None
    track_count: int
    duration_ms: int
    loudness: Loudness | None
    links: AlbumLinks


class AlbumWithTracks(Album, frozen=True, kw_only=True):
    """An album with its tracks, by disc and number."""

    tracks: list[Track]
