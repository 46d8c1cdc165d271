"""Puts what is live together: the stage, who takes what shows give, and the ways in."""

import asyncio
import os
import time

from sqlalchemy.ext.asyncio import AsyncEngine

from chat.roles import Person
from hls.live import OnAir
from streamer.account import Quota
from streamer.auth import is_account
from streamer.chat_log import ChatLog
from streamer.gauges import rtmp_gauges, uplink_gauges, way_gauges
from streamer.hub import WebSocketHub
from streamer.ingest.http import HttpWay
from streamer.ingest.rtmp.server import RtmpWay
from streamer.ingest.wrong_keys import WrongKeys
from streamer.lane import Lane
from streamer.library import Library
from streamer.live.audience import WayOut
from streamer.live.cockpits import Cockpits
from streamer.live.counters import LiveCounters, live_gauges, node_gauges, slow_gauges
from streamer.live.crier import Crier
from streamer.live.delays import Delays, InHand
from streamer.live.doors import OrderDoors
from streamer.live.far import WaysOut
from streamer.live.host import refuse_source
from streamer.live.keeping import Keeping
from streamer.live.keys import StreamKeys
from streamer.live.line import Admission
from streamer.live.lookout import Lookout
from streamer.live.nodes import Here, Nodes
from streamer.live.outlet import Outlet
from streamer.live.passes import Passes
from streamer.live.progressive import Progressive, ProgressiveLimits
from streamer.live.relay import Relay
from streamer.live.routes_hls import HlsRoutes
from streamer.live.routes_keys import KeyRoutes
from streamer.live.routes_live import LiveRoutes
from streamer.live.sessions import Sessions
from streamer.live.shelf import LiveShelf
from streamer.live.show import House, Show
from streamer.live.show_state import Rules
from streamer.live.stage import LiveStage, StageLimits
from streamer.live.workers import ProcessWorkers
from streamer.metrics import Gauge
from streamer.room_desk import RoomDesk
from streamer.route import Route
from streamer.routes_metadata import MetadataRoutes
from streamer.routes_status import StatusRoutes
from streamer.settings import Settings
from streamer.warden import Word
from streamer.wheel import TimerWheel
from streamer.worker import WorkerPool


class LiveParts:
    """All of it. Made inside the loop that it runs in.

    Attributes:
        keys: stream keys.
        stage: where ways in bring their sources.
        outlets: who takes what shows give, in the order in which they are told.
        lookout: looks at shows; its `delays` are for ways out to fill.
        audience: where ways out count sessions.
        passes: of rooms that are not open.
        shelf: the front door finds in it what players fetch over HLS.
        http: takes over the front door's connections that bring a source.
        rtmp: has a port of its own.
        progressive: those of players that want an endless answer.
        nodes: brings shows to other nodes, and theirs here; None where there is one node.
    """

    def __init__(
        self,
        settings: Settings,
        secret: bytes,
        engine: AsyncEngine,
        tasks: asyncio.TaskGroup,
        hub: WebSocketHub,
        library: Library,
        quota: Quota,
        wheel: TimerWheel,
        log: ChatLog,
    ) -> None:
        """Args: `secret` is the server's."""
        self._settings = settings
        self._hub = hub
        self._warden = hub.warden
        self._lane = Lane(engine, "veza-live")
        self._clock = time.monotonic  # of encoders, too; the loop's stands still in a turn
        self._wrong = WrongKeys()
        self.keys = StreamKeys(self._lane, hub.warden.broker, hub.now_ms, hub.warden.new_id, os.urandom)
        self.passes = Passes(secret)
        self.audience = hub.desk.listeners.audience
        self._cockpits = Cockpits(self._clock, self._notice)
        self._crier, self._counters = Crier(hub.desk.herald, self._name_of), LiveCounters()
        sessions = Sessions(self.audience, wheel, hub.peers.behind)
        doors = OrderDoors(hub.warden.orders)
        self.shelf = LiveShelf(wheel, sessions, doors, self.passes, time.time)
        self.progressive = self._make_progressive(doors, wheel, tasks)
        self._keeping = self._make_keeping(library, quota, tasks)
        delays = self._make_delays(sessions)
        #: Another way out is one more line here.
        self.outlets: list[Outlet] = [
            hub.desk.listeners,
            self.shelf,
            self.progressive,
            self._cockpits,
            self._crier,
            self._counters,
            self._keeping.book,
            self._keeping.recorder,
            delays,
        ]
        self.stage = self._make_stage(library.desk.workers, tasks)
        self.lookout = Lookout(self.stage, self.audience, self._cockpits, self._clock, _now_us)
        self.lookout.delays = delays.of
        hub.desk.uplinks.stage = self.stage
        hub.desk.watchtower.sight = self.lookout
        self.http = self._make_http(wheel, tasks)
        idle_s = settings.live_grace_s
        self.rtmp = RtmpWay(self.stage, wheel=wheel, idle_s=idle_s, wrong=self._wrong, tasks=tasks)
        self.lookout.rtmp_port = lambda: self.rtmp.port
        self.nodes = self._make_nodes(log, wheel, tasks)
        self.stage.nodes = self.lookout.nodes = self.nodes

    def _make_nodes(self, log: ChatLog, wheel: TimerWheel, tasks: asyncio.TaskGroup) -> Nodes | None:
        if log.air is None:
            return None
        air, heard = log.air, (self._hub.desk.listeners, self.progressive)
        relay = Relay(self.shelf, air.write, self._find, _now_us, log.node, wheel, tasks)
        self.outlets.append(relay)
        here = Here(
            node=log.node,
            shows=lambda: self.stage.shows,
            cockpit=self.lookout.cockpit,
            audience=self.audience,
            relay=relay,
            ways=WaysOut(self.shelf, heard),
            grace_s=self._settings.live_grace_s,
            clock=self._clock,
            now_us=_now_us,
        )
        return Nodes(here, log.broker, air.read, tasks)

    def _make_keeping(self, library: Library, quota: Quota, tasks: asyncio.TaskGroup) -> Keeping:
        settings, desk = self._settings, library.desk
        return Keeping(
            *(settings, self._lane, self._hub, desk, quota, tasks),
            show_of=self._find,
            alarm=self._not_recorded,
        )

    def _make_delays(self, sessions: Sessions) -> Delays:
        in_hand: dict[WayOut, InHand] = {
            "hls": sessions.delay_ms,
            "websocket": self._hub.desk.listeners.in_hand_ms,
            "progressive": self.progressive.in_hand_ms,
        }
        return Delays(_now_us, in_hand)

    def _make_stage(self, workers: WorkerPool, tasks: asyncio.TaskGroup) -> LiveStage:
        settings = self._settings
        house = House(
            workers=ProcessWorkers(workers),
            tasks=tasks,
            outlets=self.outlets,
            recorder=self._keeping.recorder,
            rules=Rules(grace_s=settings.live_grace_s, max_sources=settings.live_max_sources),
            renditions=tuple(settings.live_renditions),
            clock=self._clock,
            now_us=_now_us,
            ended=lambda show: self.stage.ended(show),
        )
        limits, make_id = StageLimits(settings.live_max_shows), self._warden.new_id
        stage = LiveStage(self.keys, house, limits, make_id, self._refuse)
        stage.contested = lambda room, why: self._cockpits.warn(room, "contested", why)
        return stage

    def _make_http(self, wheel: TimerWheel, tasks: asyncio.TaskGroup) -> HttpWay:
        return HttpWay(
            self.stage,
            origins=frozenset(origin.lower() for origin in self._settings.origins),
            address_of=self._hub.peers.address,
            wheel=wheel,
            idle_s=self._settings.live_grace_s,
            wrong=self._wrong,
            tasks=tasks,
        )

    def _make_progressive(
        self, doors: OrderDoors, wheel: TimerWheel, tasks: asyncio.TaskGroup
    ) -> Progressive:
        passes, settings = self.passes, self._settings
        limits = ProgressiveLimits(settings.live_burst_s, max_listeners=settings.live_max_progressive)
        return Progressive(
            audience=self.audience,
            doors=doors,
            verify=lambda token, room: passes.verify(token, room, time.time()),
            wheel=wheel,
            tasks=tasks,
            limits=limits,
        )

    def routes(self, desk: RoomDesk) -> list[Route]:
        """The API of what is live."""
        titles = MetadataRoutes(self.stage, self._wrong, self._hub.peers.address_of, self._clock)
        keys = KeyRoutes(self.keys, desk, self._warden, guests=self._settings.uploads == "anyone")
        live = LiveRoutes(self.stage, self.lookout, self.passes, desk, self._warden, _now_us)
        live.nodes, self._hub.desk.watchtower.may = self.nodes, live.may
        status = StatusRoutes(self.lookout, self._warden)
        hls = HlsRoutes(self.shelf)
        return [route for part in (live, hls, keys, titles, status) for route in part.routes()]

    def gauges(self) -> list[Gauge]:
        """Metrics of what is live."""
        uplinks = self._hub.desk.uplinks
        return [
            *live_gauges(self._counters, self.stage.shows.values, self.audience),
            *slow_gauges(
                lambda: self._hub.desk.listeners.missed_total, lambda: self.progressive.stats.slow_total
            ),
            *([] if self.nodes is None else node_gauges(*self.nodes.facts)),
            *way_gauges(self.http.stats),
            *uplink_gauges(uplinks.stats, lambda: len(uplinks)),
            *rtmp_gauges(self.rtmp.stats),
        ]

    async def listen(self) -> list[str]:
        """Open the ports that ways in have for themselves. Returns lines for the operator."""
        said = await self.rtmp.listen(self._settings.host, self._settings.rtmp_port)
        return [f"veza: {said}"] if said else []

    async def prepare(self) -> None:
        """Before anybody is let in: what was on goes on. Raises DatabaseFailed, SQLAlchemyError."""
        await self._keeping.prepare(self.stage, _now_us)

    async def run(self) -> None:
        """Let time go by on the stage, and tell rooms what happens. Runs until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            stage = self.stage.run(self._hub.desk.watchtower.tick)
            for work in (stage, self._crier.run(), self._keeping.book.run()):
                tasks.create_task(work)
            if self.nodes is not None:
                tasks.create_task(self.nodes.run())

    async def close(self) -> None:
        """Sources are sent away; shows go on with the next start."""
        self.stage.stop()
        if self.nodes is not None:
            self.nodes.close()
        await self._keeping.stop()
        self.http.close()
        await self.rtmp.close()
        self.progressive.close()

    async def end(self) -> None:
        """Let go of the database; nothing is called after it."""
        await self._lane.close()

    def _notice(self, room: str, code: str, text: str) -> None:
        self._warden.tell(Word("notice", room, code=code, text=text))

    async def _refuse(self, admission: Admission) -> str | None:
        person = Person(admission.person, admission.name, account=is_account(admission.person))
        orders = self._warden.orders
        order = await orders.load(admission.room)
        return refuse_source(order, orders.general, person, self._warden.now_ms())

    def _find(self, room: str) -> Show | None:
        return self.stage.shows.get(room)

    def _not_recorded(self, room: str, why: str) -> None:
        self._cockpits.set(room, "recording", up=True, why=why)

    def _name_of(self, show: OnAir) -> str:
        here = self.stage.shows.get(show.room)
        return here.name if here is not None else show.room


def _now_us() -> int:
    return time.time_ns() // 1000
