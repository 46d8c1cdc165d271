"""A front door on a free port, with an aiohttp application behind it and a shelf of resources, for tests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from streamer import route
from streamer.files import STORED, send_resource
from streamer.live.routes_hls import HlsRoutes
from streamer.resource import FileBody, Resource
from streamer.server import Acceptor, DoorLimits, FrontDoor, LiveMedia
from streamer.store_cache import StoreCache
from streamer.wheel import TimerWheel

PLAYLIST = Resource("application/vnd.apple.mpegurl", b"#EXTM3U\n", '"list"', 1_700_000_000, "max-age=1")
QUICK = DoorLimits(head_timeout_s=0.2, idle_timeout_s=0.4, write_timeout_s=0.4)
TICK_S = 0.02


@dataclass
class Shelf:
    """Resources by path; a callable answers later."""

    resources: dict[str, Resource | Callable[[], Awaitable[Resource | None]]] = field(default_factory=dict)

    def find(self, path: str) -> Resource | Awaitable[Resource | None] | None:
        found = self.resources.get(path)
        return found() if callable(found) else found


@dataclass
class Uploads:
    """What the application saw of uploads."""

    started: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    sizes: list[int] = field(default_factory=list)
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Door:
    door: FrontDoor
    port: int
    shelf: Shelf
    uploads: Uploads
    runner: web.AppRunner

    async def connect(self) -> "Client":
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 24)
        return Client(reader, writer)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Client:
    """Raw bytes out, parsed answers in."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def receive(self, method: str = "GET") -> Answer:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])}
        size = 0 if method == "HEAD" or status in (100, 304) else int(headers.get("content-length", 0))
        return Answer(status, headers, await self.reader.readexactly(size))

    async def ask(self, path: str, *fields: str, method: str = "GET", body: bytes = b"") -> Answer:
        length = [f"Content-Length: {len(body)}"] if body else []
        head = "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *fields, *length, "", ""])
        self.send(head.encode("latin-1") + body)
        return await self.receive(method)

    async def at_end(self) -> bool:
        """Everything was received and the server has closed; False when there was more."""
        try:
            return await self.reader.read() == b""
        except ConnectionResetError:
            return True

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


def application(shelf: Shelf, uploads: Uploads) -> web.Application:
    """An API with an upload that counts, an answer that waits to be released, and media through aiohttp."""

    async def hello(request: web.Request) -> web.Response:
        return web.json_response({"path": request.path})

    async def upload(request: web.Request) -> web.Response:
        uploads.started.set()
        size = 0
        try:
            async for chunk in request.content.iter_any():
                size += len(chunk)
        except BaseException:
            uploads.interrupted.set()
            raise
        uploads.sizes.append(size)
        return web.json_response({"size": size}, status=201)

    async def lazy(request: web.Request) -> web.Response:
        uploads.started.set()
        await uploads.released.wait()
        return await upload(request)

    async def slow(request: web.Request) -> web.Response:
        uploads.started.set()
        await uploads.released.wait()
        return web.Response(text="at last")

    async def media(request: web.Request) -> web.StreamResponse:
        found = shelf.find(request.path)
        resource = found if found is None or isinstance(found, Resource) else await found
        if resource is None:
            raise web.HTTPNotFound
        return await send_resource(request, resource)

    app = web.Application(client_max_size=1 << 40)
    app.router.add_get("/api", hello)
    app.router.add_post("/upload", upload)
    app.router.add_post("/lazy", lazy)
    app.router.add_get("/slow", slow)
    app.router.add_get("/hls/{name}", media)
    return app


@contextlib.asynccontextmanager
async def front_door(
    shelf: Shelf | None = None,
    limits: DoorLimits | None = None,
    websocket: Acceptor | None = None,
    cache: StoreCache | None = None,
    live: Callable[[TimerWheel], LiveMedia] | None = None,
    source: Callable[[TimerWheel], Acceptor] | None = None,
    progressive: Callable[[TimerWheel], Acceptor] | None = None,
) -> AsyncIterator[Door]:
    """A front door that is listening; whatever a test leaves open is closed hard."""
    loop = asyncio.get_running_loop()
    shelf, uploads = shelf or Shelf({"/hls/a.m3u8": PLAYLIST}), Uploads()
    app = application(shelf, uploads)
    wheel = TimerWheel(loop, TICK_S)
    wheel.start()
    media = live(wheel) if live else None
    if media is not None:
        route.register(app, HlsRoutes(media).routes())
    door = FrontDoor(
        loop=loop,
        shelf=shelf,
        live=media,
        http=lambda: runner.server(),  # type: ignore[misc]
        websocket=websocket,
        limits=limits or DoorLimits(),
        wheel=wheel,
        cache=cache,
        source=source and source(wheel),
        progressive=progressive and progressive(wheel),
    )
    if cache is not None:
        app[STORED] = cache
    app.on_response_prepare.append(door.announce_close)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
    await runner.setup()
    port = await door.listen("127.0.0.1", 0)
    try:
        yield Door(door, port, shelf, uploads, runner)
    finally:
        await door.drain(0)
        await runner.cleanup()
        wheel.stop()


def file_resource(path: Path, size_bytes: int | None = None) -> Resource:
    """A file as media; it may promise more than there is."""
    size = path.stat().st_size if size_bytes is None else size_bytes
    return Resource("audio/mp4", FileBody(path, size), '"file"', 1_700_000_000, "immutable")


async def until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    """Waits for a condition that nothing announces."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
