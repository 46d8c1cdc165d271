"""After a start: shows that were on wait for their sources, and recordings that nobody finished are."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from hls.live import GRID
from streamer.catalogue import Catalogue
from streamer.live import tape
from streamer.live.line import Admission, Offer
from streamer.live.recorder import Recorder
from streamer.live.reel import take_up
from streamer.live.show_book import ShowBook
from streamer.live.show_encoding import Past
from streamer.live.show_rows import ShowRow
from streamer.live.stage import LiveStage
from streamer.track import Event, TrackRecord, advance

log = structlog.get_logger()


class Revival:
    """Brings together what the database and the disk say of shows, before any source is let in."""

    def __init__(
        self,
        catalogue: Catalogue,
        root: Path,
        book: ShowBook,
        stage: LiveStage,
        recorder: Recorder,
        now_us: Callable[[], int],
    ) -> None:
        """Args: `root`: where tracks have their folders."""
        self._catalogue = catalogue
        self._root = root
        self._book = book
        self._stage = stage
        self._recorder = recorder
        self._now_us = now_us

    async def run(self) -> None:
        """Do it. Raises DatabaseFailed, SQLAlchemyError."""
        rows = {row.id: row for row in await self._book.read()}
        pasts: dict[str, Past] = {}
        for id in await self._catalogue.recordings():
            if await asyncio.to_thread((self._root / id).is_dir):  # else it is another node's
                await self._take_up(id, rows.get(id), pasts)
        for row in rows.values():
            self._resume(row, pasts.get(row.id) or self._guess(row))

    async def _take_up(self, id: str, row: ShowRow | None, pasts: dict[str, Past]) -> None:
        record = await self._catalogue.get(id)
        if record is None:
            return
        try:
            found = await asyncio.to_thread(tape.find, self._root / id, list(record.renditions))
            if not all(one.init_size_bytes for one in found.renditions.values()):
                raise OSError("a file has lost its beginning")
        except OSError as error:
            await self._lose(record, f"the recording can't be read: {error.strerror or error}")
            return
        take_up(record, found)
        began_at_us = record.created_at * 1000 if row is None else row.began_at_us
        recording = self._recorder.resume(record, began_at_us)
        log.info("recording found", track=id, packaged_ms=record.packaged_ms, goes_on=row is not None)
        if row is None:
            recording.end()
            return
        segments = found.last // GRID.parts_per_segment + 1
        ticks = next(iter(found.renditions.values())).presented_ticks
        pasts[id] = Past(began_at_us, segments, ticks, len(record.chapters))

    async def _lose(self, record: TrackRecord, reason: str) -> None:
        record.state, record.reason = advance(record.state, Event.FILES_LOST), reason
        record.playable, record.updated_at = False, self._now_us() // 1000
        await self._catalogue.update(record)
        log.error("recording lost", track=record.id, reason=reason)

    def _resume(self, row: ShowRow, past: Past) -> None:
        admission = Admission(row.room, "", row.person, 0, row.person_name)
        self._stage.resume(row.id, admission, Offer("http", name=row.title), past)
        log.info("a show waits for its sources", room=row.room, show=row.id)

    def _guess(self, row: ShowRow) -> Past:
        """Of a show that is not recorded: as much as could have been."""
        ticks = max(0, self._now_us() - row.began_at_us) * GRID.timescale // 1_000_000
        segments = ticks // GRID.segment_ticks + 1
        return Past(row.began_at_us, segments, segments * GRID.segment_ticks)
