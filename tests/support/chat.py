"""The chat without the rest of the server: a hub on a socket of its own, and clients that talk to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.asyncio.client import ClientConnection, connect

from chat.limits import ChatLimits
from streamer.auth import Tokens
from streamer.broker_memory import MemoryBroker
from streamer.broker_redis.broker import RedisBroker
from streamer.broker_redis.url import read_url
from streamer.database import open_database
from streamer.history import History
from streamer.hub import WebSocketHub
from streamer.journal import Journal
from streamer.lane import Lane
from streamer.persons import Persons
from streamer.wheel import TimerWheel
from tests.support.redis import Redis

HEAR_TIMEOUT_S = 20
SECRET = b"a secret for tests, 32 bytes long or more"


async def eventually(condition: Callable[[], object]) -> None:
    """Return when the condition holds."""
    async with asyncio.timeout(HEAR_TIMEOUT_S):
        while not condition():  # noqa: ASYNC110  # what is waited for has no event of its own
            await asyncio.sleep(0.001)


class FakeDoor(asyncio.Protocol):
    """Waits for a whole head and hands it over, as the front door does."""

    def __init__(self, accept: Callable[[asyncio.Transport, bytes], asyncio.Protocol]) -> None:
        self._accept = accept
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by duck, not by class

    def data_received(self, data: bytes) -> None:
        self._received += data
        if b"\r\n\r\n" in self._received:
            self._transport.set_protocol(self._accept(self._transport, self._received))


@dataclass
class ChatServer:
    port: int
    hub: WebSocketHub
    broker: Any  # MemoryBroker, or RedisBroker with `redis`
    journal: Journal
    engine: AsyncEngine
    wheel: TimerWheel

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"


@asynccontextmanager
async def chat_server(
    folder: Path,
    *,
    limits: ChatLimits | None = None,
    tick_s: float = 0.05,
    make_broker: Callable[[Journal], MemoryBroker] = MemoryBroker,
    redis: Redis | None = None,
    **options: Any,
) -> AsyncIterator[ChatServer]:
    """A hub on a free port of loopback; its database in `folder` outlives it.

    With `redis` it is one of the nodes that share it, and the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    loop = asyncio.get_running_loop()
    engine = await open_database(f"sqlite:///{folder / 'veza.db'}")
    journal = Journal(engine)
    wheel = TimerWheel(loop, tick_s)
    wheel.start()
    broker: Any  # MemoryBroker, or RedisBroker with `redis`
    if redis is None:
        broker, running = make_broker(journal), journal.run()
    else:
        broker = shared = RedisBroker(read_url(redis.url), engine, limits or ChatLimits())
        running = shared.run()
    writer = asyncio.create_task(running)
    try:
        hub = WebSocketHub(
            broker=broker,
            history=History(engine, limits),
            order=Lane(engine, "veza-order"),
            persons=Persons(engine),
            tokens=Tokens(SECRET),
            wheel=wheel,
            limits=limits or ChatLimits(),
            **options,
        )
        await hub.warden.load()
        server = await loop.create_server(lambda: FakeDoor(hub.accept), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            yield ChatServer(port, hub, broker, journal, engine, wheel)
        finally:
            server.close()
            await hub.close(grace_s=5)
            wheel.stop()
            await writer
    finally:
        writer.cancel()
        await engine.dispose()


class Client:
    """A person in front of a WebSocket: says JSON, expects JSON."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seen: list[dict[str, Any]] = []

    async def say(self, type: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": type, **fields}))

    async def hear(self) -> dict[str, Any]:
        """The next frame, whatever it is."""
        async with asyncio.timeout(HEAR_TIMEOUT_S):
            frame: dict[str, Any] = json.loads(await self.socket.recv())
        self.seen.append(frame)
        return frame

    async def expect(self, type: str, **fields: Any) -> dict[str, Any]:
        """The next frame of a type, with these values; only presence and pongs are passed over."""
        while True:
            frame = await self.hear()
            if frame["type"] != type and frame["type"] in ("presence", "pong"):
                continue
            assert frame["type"] == type, frame
            assert {key: frame.get(key) for key in fields} == fields, frame
            return frame

    async def until(self, type: str, **fields: Any) -> dict[str, Any]:
        """The next frame of a type with these values, whatever comes before it."""
        while True:
            frame = await self.hear()
            if frame["type"] == type and all(frame.get(key) == value for key, value in fields.items()):
                return frame

    async def send(self, room: str, nonce: str, body: str) -> dict[str, Any]:
        await self.say("send", room=room, nonce=nonce, body=body)
        return await self.until("ack", nonce=nonce)

    async def join(self, room: str, **position: Any) -> dict[str, Any]:
        await self.say("join", room=room, **position)
        return await self.until("joined", room=room)


@asynccontextmanager
async def client(url: str, name: str | None = "ann", **hello: Any) -> AsyncIterator[Client]:
    """Connected and greeted; with a name of None, only connected."""
    async with AsyncExitStack() as stack:
        socket = await stack.enter_async_context(
            connect(url, ping_interval=None, compression=None, max_size=None)
        )
        someone = Client(socket)
        if name is not None:
            await someone.say("hello", name=name, **hello)
            await someone.expect("welcome")
        yield someone
