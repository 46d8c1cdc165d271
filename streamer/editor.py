"""Edits of tags: stored, shown at once, and told to who watches."""

import asyncio

import sqlalchemy as sa

from streamer import derived
from streamer.announcer import Announcer
from streamer.catalogue import Catalogue
from streamer.ids import is_id
from streamer.problems import TrackUnknown
from streamer.shelf import Shelf
from streamer.tables import tracks
from streamer.tags import EditedTags, merge, read_edits, write_edits
from streamer.track import TrackRecord


class Editor:
    """The one writer of edits, as `streamer.work` is of all else in a track's row.

    Neither writes a column of the other's, so an edit and packaging can't undo each other, in whatever order
    they reach the database. In memory both have the same record, and write different attributes of it.
    """

    def __init__(self, catalogue: Catalogue, shelf: Shelf, announcer: Announcer) -> None:
        self._catalogue = catalogue
        self._shelf = shelf
        self._announcer = announcer
        self._turn = asyncio.Lock()  # so that memory sees edits in the order of their commits

    async def track(self, track_id: str) -> TrackRecord:
        """The track, to be judged before it is edited.

        Raises:
            TrackUnknown: there is none.
        """
        record = await self._shelf.get(track_id)
        if record is None:
            raise TrackUnknown(f"there is no track {track_id}")
        return record

    async def edit(self, track_id: str, changes: EditedTags) -> TrackRecord:
        """Change some tags of a track, in whatever state it is; the others stay.

        Raises:
            TrackUnknown: there is none.
        """
        async with self._turn:
            edits = await self._store(track_id, changes) if is_id(track_id) else None
            # A record that was being loaded meanwhile may be older than the edit; this one waits for it.
            record = None if edits is None else await self._shelf.get(track_id)
            if record is None or edits is None:
                raise TrackUnknown(f"there is no track {track_id}")
            record.edits = edits
        self._announcer.now(record)
        return record

    async def _store(self, track_id: str, changes: EditedTags) -> EditedTags | None:
        one = tracks.c.id == track_id
        async with self._catalogue.begin() as connection:
            # Written to first, so that the row is ours until the commit, on SQLite too: what another edit
            # has changed is seen here, and not overwritten.
            taken = sa.update(tracks).where(one).values(edits=tracks.c.edits).returning(tracks.c.edits)
            row = (await connection.execute(taken)).first()
            if row is None:
                return None
            edits = merge(read_edits(row.edits), changes)
            await connection.execute(sa.update(tracks).where(one).values(edits=write_edits(edits)))
            await derived.follow(connection, track_id)
        return edits
