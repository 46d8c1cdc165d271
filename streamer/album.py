"""An album: the tracks that name it, by whom, and how the API shows it."""

import msgspec
import sqlalchemy as sa

from hls.loudness import Loudness
from streamer.cover import COVER, cover_link
from streamer.track import Track

ALBUMS = "/api/v1/albums"
# More than any album has; of a feed of thousands, the first ones.
MAX_SHOWN_TRACKS = 2000


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
    """An album with its tracks, by disc, number and age; of a very long one the first 2,000."""

    tracks: list[Track]


class AlbumPage(msgspec.Struct, frozen=True):
    """Albums by artist, year and title. `next` is the cursor of the next page, null on the last."""

    items: list[Album]
    next: str | None


def view_album(row: sa.RowMapping) -> Album:
    """A row of `albums`, with what a link to its cover is made of, as clients see it."""
    cover = row["cover_track_id"]
    return Album(
        id=row["id"],
        title=row["title"],
        artist=row["artist"],
        year=row["year"],
        track_count=row["track_count"],
        duration_ms=row["duration_ms"],
        loudness=loudness_in(row),
        links=AlbumLinks(
            self=f"{ALBUMS}/{row['id']}",
            page=f"/a/{row['id']}",
            cover=None if cover is None else cover_link(cover, **{name: row[name] for name in COVER}),
        ),
    )


def loudness_in(row: sa.RowMapping) -> Loudness | None:
    """What a row says of loudness, if it does."""
    measured = (row["integrated_lufs"], row["range_lu"], row["true_peak_dbtp"])
    return None if measured == (None, None, None) else Loudness(*measured)
