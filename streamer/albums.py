"""Albums as people ask for them."""

import base64
import binascii

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.album import MAX_SHOWN_TRACKS, AlbumPage, AlbumWithTracks, view_album
from streamer.discography import listed
from streamer.grouping import keys_of
from streamer.ids import is_id
from streamer.problems import AlbumUnknown, RequestInvalid
from streamer.showcase import Showcase
from streamer.tables import album_tracks, albums


class Albums:
    """Lists albums and shows one. They follow from the tracks: nobody makes, changes or deletes them here."""

    def __init__(self, engine: AsyncEngine, showcase: Showcase) -> None:
        self._engine = engine
        self._showcase = showcase

    async def page(self, *, limit: int, cursor: str | None, artist: str | None) -> AlbumPage:
        """Albums by artist, year and title.

        Args:
            artist: only theirs; accents and case make no difference.

        Raises:
            RequestInvalid: the cursor is not one of ours.
        """
        query = listed().order_by(albums.c.sort).limit(limit + 1)
        if cursor is not None:
            query = query.where(albums.c.sort > _position(cursor))
        if artist is not None:
            first, end = keys_of(artist)
            query = query.where(albums.c.sort >= first, albums.c.sort < end)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        after = _cursor(rows[limit - 1]["sort"]) if len(rows) > limit else None
        return AlbumPage([view_album(row) for row in rows[:limit]], after)

    async def get(self, album_id: str) -> AlbumWithTracks:
        """An album with its tracks.

        Raises:
            AlbumUnknown: there is none.
        """
        if not is_id(album_id):
            raise AlbumUnknown(f"there is no album {album_id}")
        query = (
            sa.select(album_tracks.c.track_id)
            .where(album_tracks.c.album_id == album_id)
            .order_by(album_tracks.c.place, album_tracks.c.track_id)
            .limit(MAX_SHOWN_TRACKS)
        )
        async with self._engine.connect() as connection:
            found = await connection.execute(listed().where(albums.c.id == album_id))
            row = found.mappings().first()
            if row is None:
                raise AlbumUnknown(f"there is no album {album_id}")
            track_ids = list((await connection.execute(query)).scalars())
        shown = await self._showcase.tracks(track_ids)
        album = view_album(row)
        values = {name: getattr(album, name) for name in album.__struct_fields__}
        return AlbumWithTracks(**values, tracks=shown)


def _cursor(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def _position(cursor: str) -> str:
    try:
        position = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        position = ""
    if not position or "\x00" in position:
        raise RequestInvalid(f"cursor is {cursor[:100]!r}, which no page has given")
    return position
