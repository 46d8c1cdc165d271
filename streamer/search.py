"""Looking for what is here by what is said of it."""

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from streamer import index
from streamer.album import Album, view_album
from streamer.discography import listed
from streamer.index import Kind
from streamer.playlist import Playlist, view_playlist
from streamer.playlist_rows import PlaylistRows
from streamer.showcase import Showcase
from streamer.tables import albums
from streamer.track import Track
from streamer.words import words

CURSOR_PATTERN = r"^[0-3]-[1-9][0-9]{0,17}$"
_MAX_OTHERS = 10  # albums, and playlists


class Found(msgspec.Struct, frozen=True):
    """What matches. `items` are a page of tracks, the best first; the rest comes with the first page."""

    items: list[Track]
    next: str | None
    albums: list[Album]
    playlists: list[Playlist]


class Search:
    """Asks the index.

    The order is that of tiers (`streamer.index`), within one the newest first: it is the same on both
    databases, and a track that comes while somebody turns the pages moves none of the others.
    """

    def __init__(self, engine: AsyncEngine, showcase: Showcase, playlists: PlaylistRows) -> None:
        self._engine = engine
        self._showcase = showcase
        self._playlist_rows = playlists

    async def find(self, text: str, *, limit: int, cursor: str | None) -> Found:
        """One page of what matches every word of `text`, which may be anything.

        Args:
            cursor: of the page before, matches CURSOR_PATTERN.
        """
        asked = words(text)
        if not asked:
            return Found([], None, [], [])
        places = await self._tracks(asked, limit + 1, cursor)
        shown = await self._showcase.tracks([track_id for _, track_id in places[:limit]])
        after = places[limit - 1][0] if len(places) > limit else None
        if cursor is not None:
            return Found(shown, after, [], [])
        return Found(shown, after, await self._albums(asked), await self._playlists(asked))

    async def _tracks(self, asked: list[str], limit: int, cursor: str | None) -> list[tuple[str, str]]:
        """Cursor and id of each track."""
        first, before = (int(part) for part in cursor.split("-")) if cursor else (0, None)
        found: list[tuple[str, str]] = []
        async with self._engine.connect() as connection:
            for tier in range(first, index.TIERS[Kind.TRACK]):
                rows = await index.find(
                    connection, Kind.TRACK, asked, tier=tier, before=before, limit=limit - len(found)
                )
                found += [(f"{tier}-{serial}", track_id) for serial, track_id in rows]
                if len(found) >= limit:
                    break
                before = None
        return found

    async def _albums(self, asked: list[str]) -> list[Album]:
        async with self._engine.connect() as connection:
            found = await index.best(connection, Kind.ALBUM, asked, _MAX_OTHERS)
            rows = (await connection.execute(listed().where(albums.c.id.in_(found)))).mappings()
            by_id = {row["id"]: view_album(row) for row in rows}
        return [by_id[album_id] for album_id in found if album_id in by_id]

    async def _playlists(self, asked: list[str]) -> list[Playlist]:
        async with self._engine.connect() as connection:
            found = await index.best(connection, Kind.PLAYLIST, asked, _MAX_OTHERS)
        return [view_playlist(row) for row in await self._playlist_rows.several(found)]
