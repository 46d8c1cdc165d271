"""The front door: one port for media, API, pages and WebSocket. DESIGN section 3."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Final, Protocol

from aiohttp import web

from streamer.connection import Connection
from streamer.files import FileCache
from streamer.heads import Head, HeadLimits
from streamer.live.progressive_request import is_progressive
from streamer.live.sessions import Caller
from streamer.pump import Pump
from streamer.refusal import Refused
from streamer.reply import ReplyMemory
from streamer.resource import Resource
from streamer.store_cache import StoreCache
from streamer.voice import Lookup, Voice
from streamer.wheel import TimerWheel

#: Takes over a transport with the request head, and bytes after it, of what asks for a WebSocket or brings a
#: live source. It returns the protocol that the transport calls from then on; `connection_made` is its own
#: business.
Acceptor = Callable[[asyncio.Transport, bytes], asyncio.Protocol]

_DATE_S: Final = 1.0
_SWEEP_S: Final = 10.0
#: How long a refused client may go on talking, so that it reads the refusal before the connection is reset.
_LINGER_S: Final = 2.0
_READER_THREADS: Final = 4
_MAX_REFUSED_AT_ONCE: Final = 256
_BACKLOG: Final = 1_024
_SOURCE_METHODS: Final = frozenset({"PUT", "POST", "SOURCE"})
_PLAYER_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class MediaShelf(Protocol):
    """Where the front door finds media."""

    def find(self, path: str) -> Resource | Awaitable[Resource | None] | None:
        """What GET of a path answers.

        Args:
            path: percent-decoded, without the query.

        Returns:
            The resource, ready from memory; an awaitable when something must be asked first; None when this
            is no media: aiohttp answers, with 404 too.
        """
        ...


class LiveMedia(Protocol):
    """Where the front door finds what is made at this moment."""

    def find(self, head: Head, caller: Caller, listener: str = "") -> Lookup | None:
        """What GET of a path below `heads.LIVE_PREFIXES` answers to `caller`; see `MediaShelf.find`.

        `listener` is who asks, if not whom the head names.
        What is not there yet is a `Waiting`, which is released within its bound.
        """
        ...

    def hurry(self) -> None:
        """Release everything that is waited for, with what there is."""
        ...


class NothingLive:
    """For a server without live shows."""

    def find(self, head: Head, caller: Caller, listener: str = "") -> None: ...

    def hurry(self) -> None: ...


@dataclass(frozen=True)
class DoorLimits:
    """Bounds on what a client may ask of the front door. All > 0.

    Attributes:
        max_head_bytes: of a request head; 431 (414 when it is the request line).
        max_header_count: fields in a head; 431.
        head_timeout_s: for a head to be complete once the connection is open or its first byte is there; 408.
        idle_timeout_s: between requests, and between two reads of a body.
        write_timeout_s: for the peer to read the one chunk (128 KiB) that is kept for it.
        max_body_bytes: of a request, by Content-Length or counted in chunks; 413.
        max_connections: open at once, WebSockets not counted; 503.
        max_open_files: kept open for the next reader.
    """

    max_head_bytes: int = 16_384
    max_header_count: int = 100
    head_timeout_s: float = 15.0
    idle_timeout_s: float = 75.0
    write_timeout_s: float = 60.0
    max_body_bytes: int = 4 << 30
    max_connections: int = 10_000
    max_open_files: int = 256

    @property
    def head(self) -> HeadLimits:
        return HeadLimits(self.max_head_bytes, self.max_header_count, self.max_body_bytes)


@dataclass
class DoorStats:
    """Plain counts, read by whoever wants to know.

    Attributes:
        connections_open: now, without WebSockets.
        requests_total: answered here, or handed to aiohttp or a WebSocket.
        bytes_sent: of answers given here, heads included.
        refused_total: by status.
        truncated_total: answers cut off because a file was gone or shorter than promised.
    """

    connections_open: int = 0
    requests_total: int = 0
    bytes_sent: int = 0
    refused_total: Counter[int] = field(default_factory=Counter)
    truncated_total: int = 0


class FrontDoor:
    """Listens, and owns every connection until a WebSocket takes it over.

    Args:
        loop: uvloop's in production; any loop in tests.
        shelf: where media is found.
        live: where live media is found.
        http: makes a request handler of aiohttp: the `web.Server` of an AppRunner.
        websocket: takes over upgrades at /ws; None leaves them to aiohttp.
        limits: what a client may ask for.
        wheel: the process's timer wheel, already started; None for one of its own.
        cache: has what lies in the store; None without a store.
        source: takes over what is sent to /live/ROOM; None leaves it to aiohttp.
        progressive: takes over who asks for /live/ROOM.mp3 and its like; None leaves them to aiohttp.
    """

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        shelf: MediaShelf,
        live: LiveMedia | None = None,
        http: Callable[[], asyncio.Protocol],
        websocket: Acceptor | None,
        limits: DoorLimits,
        wheel: TimerWheel | None = None,
        cache: StoreCache | None = None,
        source: Acceptor | None = None,
        progressive: Acceptor | None = None,
    ) -> None:
        self.find = shelf.find
        self.live = live or NothingLive()
        self.http = http
        self._websocket = websocket
        self._source = source
        self._progressive = progressive
        self.limits = limits
        self.head_limits = limits.head
        self.stats = DoorStats()
        self.draining = False
        self.replies = ReplyMemory()
        self.known = self.replies.get
        self.date_line = b""
        self.loop = loop
        self._own_wheel = wheel is None
        self.wheel = wheel or TimerWheel(loop)
        self.head_ticks = self.wheel.ticks(limits.head_timeout_s)
        self.idle_ticks = self.wheel.ticks(limits.idle_timeout_s)
        self.write_ticks = self.wheel.ticks(limits.write_timeout_s)
        self.linger_ticks = self.wheel.ticks(_LINGER_S)
        self.files = FileCache(limits.max_open_files)
        self._threads = ThreadPoolExecutor(_READER_THREADS, "veza-read")
        self.pump = Pump(loop, self.files, self._threads, cache)
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._deserted: asyncio.Event = asyncio.Event()

    async def listen(self, host: str, port: int) -> int:
        """Accepts connections from now on. Returns the port, which the system has chosen if `port` is 0.

        Raises:
            OSError: the address can't be had.
        """
        self._server = await self.loop.create_server(lambda: Connection(self), host, port, backlog=_BACKLOG)
        if self._own_wheel:
            self.wheel.start()
        self._renew_date()
        self._sweep_ticket = self.wheel.schedule(_SWEEP_S, self._sweep)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    def acceptor(self, head: Head) -> Acceptor | None:
        """Who takes the connection over; None when it stays here.

        Raises:
            Refused: a source that comes elsewhere. What follows its head is sound, and no next request.
        """
        if head.upgrades and head.path == "/ws":
            return self._websocket
        if head.method in _SOURCE_METHODS and self._source is not None and head.path.startswith("/live/"):
            return self._source
        if head.method in _PLAYER_METHODS and self._progressive is not None and is_progressive(head.path):
            return self._progressive
        if head.method == "SOURCE":
            raise Refused(404, "sources come to /live/ROOM")
        return None

    def stop_accepting(self) -> None:
        """Closes the port; connections that are open go on. Idempotent."""
        if self._server is not None:
            self._server.close()

    async def drain(self, grace_s: float) -> None:
        """Closes idle connections at once, others when they have their answer, all of them after `grace_s`.

        Answers given meanwhile say `Connection: close`. When it is cancelled, connections stay open.
        """
        self.draining = True
        self.stop_accepting()
        for connection in list(self._connections):
            connection.drain()
        self.live.hurry()
        if not await self._wait_deserted(grace_s):
            for connection in list(self._connections):
                connection.abort()
            await self._wait_deserted(1.0)
        self._date_ticket.cancel()
        self._sweep_ticket.cancel()
        if self._own_wheel:
            self.wheel.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.files.close()

    async def announce_close(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """For `app.on_response_prepare`: aiohttp's answers while draining say `Connection: close`."""
        if self.draining:
            response.force_close()
            response.headers["Connection"] = "close"  # aiohttp 3.14 calls this after it has made the fields

    def look_up(self, head: Head, raw: bytes, voice: Voice) -> Lookup | None:
        """What GET of a path answers, live or not; None if it is aiohttp's."""
        if not head.listener:
            return self.find(head.path)
        if head.personal and head.method == "GET" and not head.http10:
            voice.last = raw.partition(b"\r\n")[2], head
        return self.live.find(head, voice)

    def admit(self, connection: Connection) -> None:
        """Counts a new connection. Far beyond the limit it is dropped: even saying 503 takes a descriptor."""
        self._connections.add(connection)
        self.stats.connections_open += 1
        self._deserted.clear()
        if self.stats.connections_open > self.limits.max_connections + _MAX_REFUSED_AT_ONCE:
            connection.abort()

    def forget(self, connection: Connection) -> None:
        """The connection is closed, or a WebSocket's."""
        if connection in self._connections:
            self._connections.discard(connection)
            self.stats.connections_open -= 1
            if not self._connections:
                self._deserted.set()

    def report(self, error: BaseException) -> None:
        """Something of ours failed while a client was served."""
        self.loop.call_exception_handler({"message": "an answer could not be given", "exception": error})

    async def _wait_deserted(self, timeout_s: float) -> bool:
        if not self._connections:
            return True
        try:
            async with asyncio.timeout(timeout_s):
                await self._deserted.wait()
        except TimeoutError:
            return False
        return True

    def _renew_date(self) -> None:
        self.date_line = b"Date: %b\r\n" % formatdate(usegmt=True).encode()
        self._date_ticket = self.wheel.schedule(_DATE_S, self._renew_date)

    def _sweep(self) -> None:
        self.files.sweep()
        self._sweep_ticket = self.wheel.schedule(_SWEEP_S, self._sweep)
