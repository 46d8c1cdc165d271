"""Puts what is live together: the stage, who takes what shows give, and the ways in."""

import asyncio
import os
import time
from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.hub import WebSocketHub
from streamer.ingest.http import HttpWay
from streamer.ingest.wrong_keys import WrongKeys
from streamer.lane import Lane
from streamer.live.keys import StreamKeys
from streamer.live.outlet import Outlet
from streamer.live.routes_keys import KeyRoutes
from streamer.live.show import House
from streamer.live.show_state import Rules
from streamer.live.stage import LiveStage, StageLimits
from streamer.live.workers import ProcessWorkers
from streamer.room_desk import RoomDesk
from streamer.route import Route
from streamer.routes_metadata import MetadataRoutes
from streamer.settings import Settings
from streamer.wheel import TimerWheel
from streamer.worker import WorkerPool


class LiveParts:
    """All of it. Made inside the loop that it runs in.

    Attributes:
        keys: stream keys.
        stage: where ways in bring their sources.
        outlets: who takes what shows give, in the order in which they are told.
        http: takes over the front door's connections that bring a source.
    """

    def __init__(
        self,
        settings: Settings,
        engine: AsyncEngine,
        tasks: asyncio.TaskGroup,
        hub: WebSocketHub,
        workers: WorkerPool,
        wheel: TimerWheel,
        make_id: Callable[[], str],
    ) -> None:
        self._lane = Lane(engine, "veza-live")
        self._warden = hub.warden
        self._guests = settings.uploads == "anyone"
        self.keys = StreamKeys(self._lane, hub.warden.broker, hub.now_ms, make_id, os.urandom)
        #: Another way out is one more line here.
        self.outlets: list[Outlet] = [
            hub.desk.listeners,
        ]
        house = House(
            workers=ProcessWorkers(workers),
            tasks=tasks,
            outlets=self.outlets,
            recorder=None,
            rules=Rules(grace_s=settings.live_grace_s, max_sources=settings.live_max_sources),
            renditions=tuple(settings.live_renditions),
            clock=asyncio.get_running_loop().time,
            now_us=_now_us,
            ended=lambda show: self.stage.ended(show),
        )
        self.stage = LiveStage(self.keys, house, StageLimits(settings.live_max_shows), make_id)
        hub.desk.uplinks.stage = self.stage
        self._wrong = WrongKeys()
        self._address_of = hub.peers.address_of
        self._clock = house.clock
        self.http = HttpWay(
            self.stage,
            origins=frozenset(origin.lower() for origin in settings.origins),
            address_of=hub.peers.address,
            wheel=wheel,
            idle_s=settings.live_grace_s,
            wrong=self._wrong,
            tasks=tasks,
        )

    def routes(self, desk: RoomDesk) -> list[Route]:
        """The API of what is live."""
        titles = MetadataRoutes(self.stage, self._wrong, self._address_of, self._clock)
        keys = KeyRoutes(self.keys, desk, self._warden, guests=self._guests)
        return [route for part in (keys, titles) for route in part.routes()]

    async def prepare(self) -> None:
        """Before anybody is let in."""

    async def run(self) -> None:
        """Let time go by on the stage. Runs until cancelled."""
        await self.stage.run()

    async def close(self) -> None:
        """Sources are sent away; shows go on with the next start."""
        self.stage.stop()
        self.http.close()

    async def end(self) -> None:
        """Let go of the database; nothing is called after it."""
        await self._lane.close()


def _now_us() -> int:
    return time.time_ns() // 1000
