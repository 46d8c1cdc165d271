"""Puts Veza together, runs it in one event loop with one root TaskGroup, and stops it in order."""

import asyncio
import os
import signal
import socket
import time
import warnings
from pathlib import Path

import structlog
from aiohttp import web
from aiohttp.multipart import BadContentDispositionHeader, BadContentDispositionParam
from sqlalchemy.ext.asyncio import AsyncEngine

from streamer import middleware, route
from streamer.account import Quota
from streamer.announcer import Announcer
from streamer.auth import Tokens
from streamer.catalogue import Catalogue
from streamer.chat_log import ChatLog
from streamer.chat_parts import make_hub, make_room_desk, room_routes
from streamer.collection import Collection
from streamer.comments import Comments
from streamer.cover_workers import CoverWorkers
from streamer.covers import Covers
from streamer.database import open_database
from streamer.desk import Desk
from streamer.files import STORED
from streamer.gatekeeper import Gatekeeper
from streamer.gauges import (
    chat_gauges,
    comment_gauges,
    cover_gauges,
    door_gauges,
    library_gauges,
    loop_gauges,
    upload_gauges,
)
from streamer.ids import ENTROPY_BYTES, new_id
from streamer.ledger import Ledger
from streamer.leftovers import Leftovers
from streamer.library import Library
from streamer.limits import chat_limits, door_limits, upload_limits, worker_limits
from streamer.live.parts import LiveParts
from streamer.margin import Margin
from streamer.media import MediaFiles
from streamer.metrics import LoopLag, Metrics
from streamer.pages import PageMissing, add_page_routes
from streamer.resumable import Resumables
from streamer.routes_account import AccountRoutes
from streamer.routes_comments import CommentRoutes
from streamer.routes_covers import CoverRoutes
from streamer.routes_media import MediaRoutes
from streamer.routes_system import SystemRoutes
from streamer.routes_tracks import TrackRoutes
from streamer.routes_uploads import UploadRoutes
from streamer.routes_uploads import dress as dress_upload
from streamer.server import FrontDoor
from streamer.settings import Settings
from streamer.shelf import Shelf
from streamer.start import StartRefused
from streamer.storage import open_storage, refuse_without_store
from streamer.twin_catalogue import TwinCatalogue
from streamer.twin_work import Twins
from streamer.uploads import Uploads
from streamer.wheel import TimerWheel
from streamer.worker import WorkerPool

# aiohttp's handlers have had their grace in the front door when it is told to stop.
_HANDLERS_GRACE_S = 1.0
_READ_BUFFER_BYTES = 256 << 10

log = structlog.get_logger()


class App:
    """The parts, and what connects them. Made inside the loop that it runs in."""

    def __init__(
        self, settings: Settings, secret: bytes, engine: AsyncEngine, tasks: asyncio.TaskGroup
    ) -> None:
        loop = asyncio.get_running_loop()
        root = settings.data_path / "tracks"
        self._settings, self._engine, self._tasks = settings, engine, tasks
        self._tokens = Tokens(secret)
        self._origins = frozenset(origin.lower() for origin in settings.origins)
        self._stop_asked = asyncio.Event()
        self._background: list[asyncio.Task[None]] = []
        self.wheel, self.lag = TimerWheel(loop), LoopLag()
        self.chat_log = ChatLog(settings, engine, limits := chat_limits(settings))
        self.hub = make_hub(settings, engine, self.chat_log, self._tokens, self.wheel, limits)
        self.workers = WorkerPool(worker_limits(settings), settings.renditions)
        self.catalogue = Catalogue(engine)
        self.shelf = Shelf(root, self.catalogue.get, tasks)
        self.storage = open_storage(settings, engine, self.catalogue, self.shelf, tasks)
        self.media = MediaFiles(root, self.storage)
        announcer = Announcer(self.hub.track_changed, loop)
        self.cover_workers = CoverWorkers(self.workers)
        maker, data = self.cover_workers, settings.data_path
        self.covers = Covers(self.catalogue, self.shelf, announcer, maker, data, self.media, tasks)
        self.library = self._make_library(root, announcer)
        self.collection = Collection(engine, self.catalogue, self.shelf, announcer, now_ms, make_id)
        self.catalogue.tell = self.collection.level
        margin, told, orders = Margin(engine), self.hub.watchers.tell, self.hub.warden.orders
        self.comments = Comments(self.library, margin, orders, limits, told, now_ms, loop.time, make_id)
        self.quota = Quota(self.catalogue, self.shelf, settings.quota_bytes)
        self.uploads = Uploads(self.library, root, upload_limits(settings), self.quota)
        ledger, ttl_s = Ledger(engine), settings.upload_ttl_s
        self.resumables = Resumables(self.library, self.uploads, ledger, ttl_s, now_ms)
        house = (self.hub, self.library, self.quota, self.wheel)
        self.live = LiveParts(settings, secret, engine, tasks, *house, self.chat_log)
        self.web = self._make_web()
        self.runner = web.AppRunner(
            self.web,
            access_log=None,
            keepalive_timeout=settings.idle_timeout_s,
            shutdown_timeout=_HANDLERS_GRACE_S,
            read_bufsize=_READ_BUFFER_BYTES,
            auto_decompress=False,  # a small body must not become a large one
        )

    async def run(self) -> None:
        """Serve until a signal asks to stop, then stop within the grace and a moment.

        Raises:
            StartRefused: the port can't be had.
        """
        settings = self._settings
        self._listen_to_signals()
        self.wheel.start()
        await self.chat_log.prepare()
        for name, work in (("chat", self.chat_log.run()), ("lag", self.lag.run())):
            self._background.append(self._tasks.create_task(work, name=name))
        workers_ready = self._tasks.create_task(self.workers.start(), name="workers")
        if self.storage is None:
            await refuse_without_store(self._engine)
        else:
            await self.storage.prepare()
        await self.runner.setup()  # which reads the page
        await workers_ready
        await asyncio.gather(self.resumables.recover(), self.hub.warden.load())
        resting = self.resumables.run(lambda: self.workers.turns.crowded)
        await self.live.prepare()
        storing = [("storage", self.storage.run())] if self.storage else []
        live = ("live", self.live.run())
        for name, work in (("sweep", self.library.sweep()), ("resumables", resting), live, *storing):
            self._background.append(self._tasks.create_task(work, name=name))
        self.door = self._make_door()
        self.web.freeze()
        try:
            port = await self.door.listen(settings.host, settings.port)
        except OSError as error:
            # getaddrinfo has numbers of its own; asyncio puts more words around those of bind().
            named = error.errno is None or isinstance(error, socket.gaierror)
            reason = error.strerror or str(error) if named else os.strerror(error.errno or 0)
            raise StartRefused(f"can't listen on {settings.host}:{settings.port}: {reason}") from None
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        print(f"veza: listening on http://{host}:{port}", *await self.live.listen(), sep="\n", flush=True)
        await self._stop_asked.wait()
        await self._stop(settings.stop_grace_s)

    def _make_door(self) -> FrontDoor:
        assert self.runner.server is not None
        return FrontDoor(
            loop=asyncio.get_running_loop(),
            shelf=self.shelf,
            live=self.live.shelf,
            http=self.runner.server,
            websocket=self.hub.accept,
            limits=door_limits(self._settings),
            wheel=self.wheel,
            cache=self.storage.cache if self.storage else None,
            source=self.live.http.accept,
            progressive=self.live.progressive.accept,
        )

    def _make_library(self, root: Path, announcer: Announcer) -> Library:
        desk = Desk(
            catalogue=self.catalogue,
            twins=Twins(TwinCatalogue(self._engine, self.catalogue), root, now_ms),
            leftovers=Leftovers(self.catalogue, root),
            covers=self.covers,
            shelf=self.shelf,
            announcer=announcer,
            workers=self.workers,
            tasks=self._tasks,
            now_ms=now_ms,
        )
        return Library(desk, root, make_id)

    @property
    def stopping(self) -> bool:
        return self._stop_asked.is_set()

    async def _stop(self, grace_s: float) -> None:
        """In this order: no new work; what is in flight; what is left; the database last."""
        log.info("stopping", grace_s=grace_s)
        self.library.expect_stop()
        await self.live.close()
        await self.covers.close()
        await self.resumables.stop()
        async with asyncio.TaskGroup() as ending:
            ending.create_task(self.door.drain(grace_s))
            ending.create_task(self.hub.close(grace_s))
            ending.create_task(self._close_workers(grace_s))
        await self.library.stop()
        await self.live.end()
        await self.runner.cleanup()
        self.uploads.close()
        for task in self._background:
            task.cancel()
        self.wheel.stop()

    async def _close_workers(self, grace_s: float) -> None:
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + grace_s
        await self.cover_workers.close(grace_s)  # they are the pool's
        await self.workers.close(max(0.0, deadline_s - loop.time()))

    def _make_web(self) -> web.Application:
        app = web.Application()
        middleware.install(app, self._origins)
        if self.storage is not None:
            app[STORED] = self.storage.cache
        metrics = Metrics(
            [
                *door_gauges(lambda: self.door.stats),
                *upload_gauges(self.uploads.stats),
                *library_gauges(self.library, self.shelf),
                *chat_gauges(self.hub.stats),
                *self.chat_log.gauges(),
                *comment_gauges(self.comments.events_total),
                *cover_gauges(self.cover_workers.events_total),
                *(self.storage.gauges() if self.storage else []),
                *self.live.gauges(),
                *loop_gauges(self.lag.take),
            ]
        )
        system = SystemRoutes(self._engine, lambda: self.stopping, self.chat_log.trouble, metrics.render)
        gatekeeper = Gatekeeper(self._tokens, self._settings.uploads, now_s)
        tracks = TrackRoutes(self.library, self.uploads, self.media, gatekeeper)
        resumable = UploadRoutes(self.resumables, gatekeeper)
        comments = CommentRoutes(self.comments, gatekeeper, self.hub.peers)
        covers = CoverRoutes(self.covers, self.library, self.uploads, gatekeeper)
        account = AccountRoutes(self.quota, gatekeeper)
        media, desk = MediaRoutes(self.shelf), make_room_desk(self.hub, gatekeeper)
        parts = (tracks, covers, comments, resumable, account, media, system)
        made = (*self.collection.routes(gatekeeper), *room_routes(self.hub, desk), *self.live.routes(desk))
        routes = [*made, *(route for part in parts for route in part.routes())]
        system.describe(routes)
        route.register(app, routes)
        add_page_routes(app)
        app.on_response_prepare.extend((dress_upload, self._announce_close))
        return app

    async def _announce_close(self, request: web.Request, response: web.StreamResponse) -> None:
        await self.door.announce_close(request, response)

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)

    def _on_signal(self, number: int) -> None:
        if self.stopping:
            # Asked twice: at once. What is on disk is whole, and the next start takes up the rest.
            os._exit(128 + number)
        self._stop_asked.set()


async def serve(settings: Settings, secret: bytes) -> None:
    """Run Veza until it is asked to stop.

    Raises:
        DatabaseUnusable, StartRefused: it can't start; nothing is left running.
    """
    for category in (BadContentDispositionHeader, BadContentDispositionParam):
        warnings.simplefilter("ignore", category)  # aiohttp's, about headers that clients send
    engine = await open_database(settings.effective_database_url)
    try:
        async with asyncio.TaskGroup() as tasks:
            await App(settings, secret, engine, tasks).run()
    except* (StartRefused, PageMissing) as group:
        raise group.exceptions[0] from None
    finally:
        await engine.dispose()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def now_s() -> int:
    return int(time.time())


def make_id() -> str:
    return new_id(now_ms(), os.urandom(ENTROPY_BYTES))
