"""One show on its way to be a track: parts are appended as they come, and the track is ready when it ends."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import structlog
from msgspec.structs import replace
from sqlalchemy.exc import SQLAlchemyError

from hls.live import GRID, LIVE_RATE, OnAir, PartCut
from hls.report import LoudnessMeasured, PeaksCut
from streamer.lane import DatabaseFailed
from streamer.live.measured import Measured
from streamer.live.outlet import Title
from streamer.live.reel import SAMPLES_PER_PEAK, Reel, laid, pad, zoomed
from streamer.live.studio import Studio
from streamer.live.tape import PEAKS, Tape
from streamer.live.timeline import Timeline
from streamer.notes import note
from streamer.shelf import file_sizes
from streamer.track import Chapter, Event, TrackRecord, advance

T = TypeVar("T")

MAX_CHAPTERS = 1000
_MAX_WAITING_BYTES = 16 << 20
"""Behind a slow disk: half a minute of FLAC, minutes of anything else. Then the recording ends."""
_STORE_S = 30.0
_AGAIN_S = 10.0


class Recording:
    """The only writer of its track's record while the show runs. `run` does the work; other calls return at
    once.

    Bound: 16 MiB wait for the disk; beyond them the recording ends, and the show does not.
    """

    def __init__(self, record: TrackRecord, path: Path, studio: Studio, *, resumed: bool = False) -> None:
        """Args: `resumed`: its row and files are there, and the record says how far they go."""
        self.record = record
        self.timeline = Timeline()
        self.over = asyncio.Event()
        self._path = path
        self._studio = studio
        self._desk = studio.desk
        self._tape = Tape(path, studio.min_free_bytes)
        self._resumed = resumed
        self._show: OnAir | None = None
        self._parts: deque[PartCut] = deque()
        self._peaks: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._reel = Reel(record)
        self._measured = Measured(record.loudness_histogram)
        self._news = asyncio.Event()
        self._ended = self._deaf = self._left = self._stopping = False
        self._objection: str | None = None  # against recording on
        self._began_us = 0
        self._away_ticks: int | None = None
        self._stored_at = 0.0
        self._log = structlog.get_logger().bind(track=record.id, room=record.room)

    def take_up(self, began_at_us: int) -> None:
        """Count what the record has already: a former process wrote it."""
        self._began_us = began_at_us
        self.timeline.begin(began_at_us)
        self.timeline.extend(self.record.packaged_ticks)
        self._desk.shelf.hold(self.record)

    # --- from the show

    def started(self, show: OnAir) -> None:
        """Sound follows, from the beginning or from where the record says."""
        self._show = show
        self._began_us = self._began_us or show.began_at_us
        self.timeline.begin(show.starts_at_us)
        self._measured.renew()
        if pairs := pad(self.record.peaks, self.timeline.ticks):
            self._peaks.append(pairs)

    def part(self, part: PartCut) -> None:
        """More of one rendition."""
        if self._deaf or self._show is None:
            return
        if part.rendition == self._show.renditions[0].name:
            self.timeline.extend(part.duration_ticks)
        self._parts.append(part)
        self._waiting_bytes += len(part.data)
        if self._waiting_bytes > _MAX_WAITING_BYTES:
            self._give_up(f"{self._waiting_bytes} bytes wait for the disk")
        self._news.set()

    def titled(self, title: Title) -> None:
        """A chapter begins."""
        start_ms = self.timeline.place_ms(title.starts_at_us)
        chapters = self.record.chapters
        if chapters and chapters[-1].start_ms >= start_ms:
            chapters.pop()
        if len(chapters) < MAX_CHAPTERS and not self._deaf:
            chapters.append(Chapter(start_ms, title.text))
            self._stored_at = 0.0  # soon
            self._news.set()

    def interrupted(self, *, interrupted: bool) -> None:
        """The source is away: if it does not come back, the recording ends here."""
        self._away_ticks = self.timeline.ticks if interrupted else None

    def measured(self, report: PeaksCut | LoudnessMeasured) -> None:
        """More of the waveform, or the loudness of what one encoder gave."""
        if self._deaf:
            return
        if isinstance(report, LoudnessMeasured):
            self._measured.report(report)
        elif report.samples_per_peak == SAMPLES_PER_PEAK:
            note(self.record, report)
            self._peaks.append(report.data)

    def end(self) -> None:
        """The show is over. Idempotent."""
        self._ended = True
        self._news.set()

    def stop(self) -> None:
        """The server stops: write what there is; the next start goes on. Idempotent."""
        self._stopping, self._stored_at = True, 0.0
        self._news.set()

    async def leave(self) -> None:
        """The track was deleted. The show goes on."""
        self._left = self._deaf = True
        self._news.set()
        await self.over.wait()

    # --- the work

    async def run(self) -> None:
        """Until the track is ready, or left to the next start."""
        try:
            if not self._resumed and not await self._begin():
                self._deaf = True
                return
            while not (self._left or self._ended or self._stopping):
                await self._news.wait()
                self._news.clear()
                await self._write()
            await self._write()
            if self._ended and not self._left:
                await self._finish_in_the_end()
        except (OSError, SQLAlchemyError, DatabaseFailed) as error:
            self._log.error("the recording is left to the next start", error=str(error))
            self._give_up("it could not be stored")
        except Exception:  # our mistake: it costs a recording, not the show
            self._log.exception("recording failed in the server")
            self._give_up("the server made a mistake")
        finally:
            self._deaf = True
            await self._in_thread(self._tape.close)
            self.over.set()

    async def _begin(self) -> bool:
        """Make the track with the first part; without one there is none."""
        while not self._parts and not self._ended and not self._stopping:
            await self._news.wait()
            self._news.clear()
        show = self._show
        if not self._parts or show is None or await self._studio.objection(show.room, self.record):
            return False
        inits = self._reel.begin(show.renditions)
        try:
            await self._in_thread(lambda: self._tape.make(inits))
        except OSError:
            await self._desk.leftovers.remove(self.record.media_id)
            raise
        await self._desk.catalogue.insert(self.record)
        await self._desk.catalogue.write_recording(self.record)
        self._desk.shelf.hold(self.record)
        return True

    async def _write(self) -> None:
        if self._left or not (self._parts or self._peaks):
            return
        parts, peaks = list(self._parts), list(self._peaks)
        self._parts.clear()
        self._peaks.clear()
        parts = [one for one in parts if one.rendition in self.record.renditions]
        batch = [(f"{one.rendition}.mp4", one.data) for one in parts]
        batch += [(PEAKS, data) for data in peaks]
        try:
            await self._in_thread(lambda: self._tape.append(batch))
        except OSError as error:
            self._give_up(error.strerror or str(error))
            return
        before = self.record.packaged_ticks
        for one in parts:
            self._waiting_bytes -= len(one.data)
            self._reel.lay(laid(one))
        if self.record.packaged_ticks != before or not self._stored_at:
            await self._show_progress()
        if self.timeline.ticks > self._studio.max_ticks:
            self._objection = f"no recording may be longer than {self._studio.max_ticks // LIVE_RATE} s"
        if self._objection is not None and self._reel.even:
            self._give_up(self._objection)

    async def _show_progress(self) -> None:
        record, now_ms = self.record, self._desk.now_ms()
        record.received_bytes = record.size_bytes = sum(self._reel.sizes.values())
        listed = any(one.segments for one in record.renditions.values())
        if listed and (not record.playable or now_ms - self._stored_at >= _STORE_S * 1000):
            self._stored_at = now_ms
            first, record.updated_at = not record.playable, now_ms
            record.loudness_histogram = self._measured.histogram
            # First in the database, then for all to see: who sees it play finds it in the list.
            await self._desk.catalogue.write_recording(replace(record, playable=True))
            record.playable = True
            self._objection = await self._studio.objection(record.room or "", record)
            if first and not self._left:
                self._desk.announcer.now(record)
        if listed and not self._left:
            self._desk.shelf.changed(record.id)
            self._desk.announcer.soon(record)

    def _give_up(self, reason: str) -> None:
        """The recording ends here, and is a track; the show goes on."""
        if not self._deaf:
            self._deaf = True
            self._reel.level()
            self._parts.clear()
            self._log.error("the recording ends before its show", reason=reason)
            self.record.reason = reason
            self._studio.alarm(self.record.room or "", reason)
        self._ended = True
        self._news.set()

    async def _finish_in_the_end(self) -> None:
        """Where the disk is full there may be room again, before the next start has to do it."""
        while True:
            try:
                await self._finish()
                return
            except (OSError, SQLAlchemyError, DatabaseFailed) as error:
                if self._stopping:
                    raise
                self._log.error("the recording could not be finished, and will be", error=str(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN_S):
                    while not self._stopping:
                        self._news.clear()
                        await self._news.wait()

    async def _finish(self) -> None:
        record = self.record
        self._reel.close()
        if self._away_ticks is not None:
            self._reel.trim(self._away_ticks)
        whole = all(one.segments for one in record.renditions.values())
        if record.packaged_ticks < GRID.part_ticks or not whole:
            await self._drop()
            return
        sizes = {f"{name}.mp4": one.size_bytes for name, one in record.renditions.items()}
        if self.timeline.lives > 1:
            pad(record.peaks, record.packaged_ticks)
        await self._in_thread(lambda: self._tape.finish(sizes, zoomed(record.peaks).to_binary()))
        record.file_bytes = await self._in_thread(lambda: file_sizes(self._path, record))
        record.received_bytes = record.size_bytes = sum(sizes.values())
        record.duration_ms = (record.packaged_ticks * 1000 + LIVE_RATE // 2) // LIVE_RATE
        self._measured.write(record)
        await self._desk.catalogue.write_recording(record)
        await self._studio.comment(record.room or "", record, self.timeline, self._began_us)
        await self._become_ready()

    async def _become_ready(self) -> None:
        record, now_ms = self.record, self._desk.now_ms()
        state = advance(record.state, Event.SHOW_ENDED)
        await self._desk.catalogue.finish(replace(record, state=state, playable=True, updated_at=now_ms))
        for rendition in record.renditions.values():
            rendition.complete = True
        record.state, record.playable, record.updated_at, record.peaks = state, True, now_ms, None
        if self._left:
            return
        self._desk.outcomes[Event.SHOW_ENDED.name.lower()] += 1
        self._desk.shelf.changed(record.id)
        self._desk.announcer.now(record)
        self._desk.shelf.release(record.id)
        self._log.info("recording ready", duration_ms=record.duration_ms, size_bytes=record.size_bytes)

    async def _drop(self) -> None:
        """There is too little of it to be a track."""
        self._desk.announcer.forget(self.record.id)
        self._desk.shelf.remove(self.record.id)
        await self._in_thread(self._tape.close)
        forgotten = await self._desk.catalogue.delete(self.record.id)
        if forgotten is not None:
            await self._desk.leftovers.remove(forgotten.media_id)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._studio.thread, call)
