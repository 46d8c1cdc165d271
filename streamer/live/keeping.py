"""Puts together what outlives a show, and this process: recordings, and the book of what is on."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hls.live import LIVE_RATE
from streamer import folder
from streamer.account import Quota
from streamer.auth import Identity
from streamer.desk import Desk
from streamer.hub import WebSocketHub
from streamer.ids import is_id
from streamer.lane import Lane
from streamer.live.recorder import Recorder
from streamer.live.revival import Revival
from streamer.live.sayings import Sayings
from streamer.live.show import Show
from streamer.live.show_book import ShowBook
from streamer.live.stage import LiveStage
from streamer.live.studio import Studio
from streamer.live.timeline import Timeline
from streamer.problems import QuotaExceeded
from streamer.settings import Settings
from streamer.track import TrackRecord

_THREADS = 2  # one recording may wait for the disk while others write


class Keeping:
    """What keeps it.

    Attributes:
        recorder: an outlet, and told what is measured.
        book: an outlet.
    """

    def __init__(
        self,
        settings: Settings,
        lane: Lane,
        hub: WebSocketHub,
        desk: Desk,
        quota: Quota,
        tasks: asyncio.TaskGroup,
        show_of: Callable[[str], Show | None],
        alarm: Callable[[str, str], None],
    ) -> None:
        self._settings = settings
        self._hub = hub
        self._desk = desk
        self._quota = quota
        self._root = settings.data_path / "tracks"
        self._thread = ThreadPoolExecutor(_THREADS, "veza-record")
        most = hub.desk.limits.comments_per_track
        self._sayings = Sayings(lane, hub.warden.broker, most)
        studio = Studio(
            desk=desk,
            thread=self._thread,
            min_free_bytes=settings.min_free_bytes,
            max_ticks=settings.max_duration_s * LIVE_RATE,
            objection=self._objection,
            comment=self._comment,
            alarm=alarm,
        )
        self.recorder = Recorder(self._root, studio, tasks, show_of)
        self.book = ShowBook(lane, node_of(settings.data_path, hub.warden.new_id), hub.now_ms, show_of)

    async def prepare(self, stage: LiveStage, now_us: Callable[[], int]) -> None:
        """Take up what a former process left."""
        await Revival(self._desk.catalogue, self._root, self.book, stage, self.recorder, now_us).run()

    async def stop(self) -> None:
        """Write what there is; the next start goes on."""
        await self.recorder.stop()
        self._thread.shutdown(wait=False)

    async def _objection(self, room: str, record: TrackRecord) -> str | None:
        if self._settings.live_record == "never":
            return "shows are not recorded here"
        order = await self._hub.warden.orders.load(room)
        if order.policy.entry != "open":
            return "the room is not open to everybody"
        owner = None if record.owner_id is None else Identity(record.owner_id, record.owner_name or "")
        try:
            await self._quota.check(owner, 0)
        except QuotaExceeded as error:
            return str(error)
        return None

    async def _comment(self, room: str, record: TrackRecord, timeline: Timeline, began_us: int) -> None:
        ended_ms = timeline.ends_at_us // 1000
        await self._sayings.copy(room, record.id, began_us // 1000, ended_ms, timeline.place_ms)


def node_of(data: Path, make_id: Callable[[], str]) -> str:
    """What this node is called, after a restart too: by the data folder that it has to itself."""
    path = data / "node"
    try:
        said = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        said = ""
    if not is_id(said):
        said = make_id()
        os.makedirs(data, exist_ok=True)
        folder.write(path, f"{said}\n".encode())
    return said
