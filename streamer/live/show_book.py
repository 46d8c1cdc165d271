"""Notes which shows are on, so that the next start knows, and other nodes do."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

import structlog

from hls.live import OnAir
from streamer.lane import DatabaseFailed, Lane
from streamer.live import show_rows
from streamer.live.outlet import Deaf
from streamer.live.show import Show
from streamer.live.show_rows import LIVE, ShowRow

_EVERY_S = 10.0
_STALE_MS = 300_000
"""A node that has not said for so long that a show is on has died, and nobody started it again."""
_PAUSE_S = 1.0

log = structlog.get_logger()


class ShowBook(Deaf):
    """An outlet. `run` writes, in order. Bound: two notes for each show that is on, or has just ended."""

    def __init__(
        self, lane: Lane, node: str, now_ms: Callable[[], int], show_of: Callable[[str], Show | None]
    ) -> None:
        """Args: `node` is the same after a restart of it."""
        self._lane = lane
        self._node = node
        self._now_ms = now_ms
        self._show_of = show_of
        self._on: dict[str, OnAir] = {}
        self._notes: deque[tuple[str, OnAir]] = deque()
        self._news = asyncio.Event()

    async def read(self) -> list[ShowRow]:
        """What was on when this node stopped. Raises DatabaseFailed."""
        return await self._lane.run(show_rows.read_live, self._node)

    async def strike(self, id: str) -> None:
        """A show is over. Raises DatabaseFailed."""
        await self._lane.run(show_rows.end, id, self._now_ms())

    def started(self, show: OnAir) -> None:
        self._note("started", show)

    def ended(self, show: OnAir) -> None:
        self._note("ended", show)

    def handed_over(self, show: OnAir) -> None:
        self._note("ended", show)

    async def run(self) -> None:
        """Write what there is to write. Runs until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EVERY_S):
                    await self._news.wait()
            self._news.clear()
            try:
                await self._write()
            except DatabaseFailed as error:
                log.error("which shows are on could not be noted", error=str(error))
                self._news.set()
                await asyncio.sleep(_PAUSE_S)

    def _note(self, what: str, show: OnAir) -> None:
        self._notes.append((what, show))
        self._news.set()

    async def _write(self) -> None:
        while self._notes:
            what, show = self._notes[0]
            if what == "started":
                await self._claim(show)
            else:
                await self.strike(show.show)
                self._on.pop(show.show, None)
            self._notes.popleft()
        if self._on:
            await self._lane.run(show_rows.see, list(self._on), self._now_ms())

    async def _claim(self, show: OnAir) -> None:
        here = self._show_of(show.room)
        if here is None or here.id != show.show:
            return
        person, name, now_ms = here.admission.person, here.admission.name, self._now_ms()
        row = ShowRow(
            *(show.show, show.room, LIVE, self._node, here.name, person, name, show.began_at_us, now_ms)
        )
        if await self._lane.run(show_rows.claim, row, now_ms - _STALE_MS, here.after):
            self._on[show.show] = show
        else:
            here.end("the room is live on another node")
