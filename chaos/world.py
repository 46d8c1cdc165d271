"""The servers of a run, and everything that may befall them."""

import asyncio
import contextlib
import random
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from chaos.proxy import Proxy
from streamer.auth import Tokens
from tests.support.postgres import running_postgres
from tests.support.redis import Redis
from tests.support.server import Server, start_server

_SECRET = "the nodes of a chaos run share this one"
# What is acknowledged must outlive kill -9 of Redis too.
_REDIS_OPTIONS = ("--appendonly", "yes", "--appendfsync", "always")


# As usual; or next to nothing is kept in memory and in Redis, so that SQL is read and there are gaps.
_LIMITS = ("", ",resume_messages=12,history_messages=8,room_idle_s=1")
_ALWAYS = "invites_per_room=1000000"  # the keeper makes them for as long as it runs


class Node:
    """A server process on a port that stays the same, with a proxy before it."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]
        self._folder = folder
        self._settings = settings | {"port": self._port, "accepts_burst": 1000, "stop_grace_s": 5}
        self._server: Server | None = None
        self.proxy = Proxy(self._port)
        self.logs: list[str] = []

    async def start(self) -> None:
        self._server = await asyncio.to_thread(start_server, self._folder, **self._settings)

    async def stop(self, number: int) -> None:
        """Returns when the process has ended."""
        if self._server is not None:
            self.signal(signal.SIGCONT)
            await asyncio.to_thread(self._server.stop, number)
            self.logs.append(self._server.log)
            self._server = None

    def signal(self, number: int) -> None:
        assert self._server is not None
        with contextlib.suppress(ProcessLookupError):
            self._server.process.send_signal(number)


def operator_token() -> str:
    """Of somebody who may do everything on all nodes of a run."""
    tokens = Tokens(_SECRET.encode())
    return tokens.issue("keeper", now_s=int(time.time()), ttl_s=86_400, operator=True)


class World:
    """Nodes, and Redis when there is more than what one process keeps."""

    def __init__(
        self, nodes: list[Node], redis: Redis | None, database_url: str, chance: random.Random
    ) -> None:
        self.nodes = nodes
        self.redis = redis
        self.database_url = database_url
        self._chance = chance

    def port(self) -> int:
        """Where a client may connect: any node's proxy."""
        return self._chance.choice(self.nodes).proxy.port

    def faults(self) -> Sequence[tuple[str, Callable[[], Awaitable[None]]]]:
        """What may happen next, each by its name. It has passed when it returns."""
        node = [
            ("kill -9 of a node", self._kill),
            ("a node restarts", self._restart),
            ("a node stands still", self._freeze),
            ("lines are cut", self._cut),
            ("all lines are cut", self._cut_all),
            ("lines are slow", self._slow),
            ("lines pass nothing", self._hold),
        ]
        if self.redis is None:
            return node
        return [
            *node,
            ("kill -9 of Redis", self._kill_redis),
            ("Redis restarts", self._restart_redis),
            ("Redis stands still", self._freeze_redis),
            ("Redis drops its clients", self._drop_redis),
        ]

    async def _kill(self) -> None:
        await self._again(signal.SIGKILL)

    async def _restart(self) -> None:
        await self._again(signal.SIGTERM)

    async def _again(self, number: int) -> None:
        node = self._chance.choice(self.nodes)
        pause_s = self._chance.uniform(0, 2)
        await node.stop(number)
        await asyncio.sleep(pause_s)
        await node.start()

    async def _freeze(self) -> None:
        node, pause_s = self._chance.choice(self.nodes), self._chance.uniform(0.2, 5)
        node.signal(signal.SIGSTOP)
        await asyncio.sleep(pause_s)
        node.signal(signal.SIGCONT)

    async def _cut(self) -> None:
        self._chance.choice(self.nodes).proxy.cut(self._chance.uniform(0.2, 0.8), self._chance)

    async def _cut_all(self) -> None:
        for node in self.nodes:
            node.proxy.cut(1.0, self._chance)

    async def _slow(self) -> None:
        proxy = self._chance.choice(self.nodes).proxy
        proxy.slow(self._chance.uniform(0.02, 0.5))
        await asyncio.sleep(self._chance.uniform(1, 5))
        proxy.go_on()

    async def _hold(self) -> None:
        proxy = self._chance.choice(self.nodes).proxy
        proxy.hold()
        await asyncio.sleep(self._chance.uniform(0.5, 6))
        proxy.go_on()

    async def _kill_redis(self) -> None:
        await self._redis_again(signal.SIGKILL)

    async def _restart_redis(self) -> None:
        await self._redis_again(signal.SIGTERM)

    async def _redis_again(self, number: int) -> None:
        assert self.redis is not None
        pause_s = self._chance.uniform(0, 3)
        await asyncio.to_thread(self.redis.stop, number)
        await asyncio.sleep(pause_s)
        await asyncio.to_thread(self.redis.start)

    async def _freeze_redis(self) -> None:
        assert self.redis is not None
        self.redis.pause()
        await asyncio.sleep(self._chance.uniform(0.2, 5))
        self.redis.go_on()

    async def _drop_redis(self) -> None:
        assert self.redis is not None
        for kind in ("normal", "pubsub"):
            await asyncio.to_thread(self.redis.say, "CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")


@asynccontextmanager
async def running_world(
    folder: Path, nodes: int, *, redis: bool, chance: random.Random
) -> AsyncIterator[World]:
    """Everything up for the length of a `with`. Several nodes need Redis, and have a PostgreSQL then."""
    async with AsyncExitStack() as stack:
        limits = chance.choice(_LIMITS)
        settings: dict[str, Any] = {"log_format": "json", "secret": _SECRET, "chat_limits": _ALWAYS + limits}
        print(f"chaos: limits {settings['chat_limits']}", flush=True)
        database_url = f"sqlite:///{folder / 'node0' / 'veza.db'}"
        server: Redis | None = None
        if redis:
            database_url = stack.enter_context(running_postgres(folder))
            server = Redis(folder / "redis", *_REDIS_OPTIONS)
            await asyncio.to_thread(server.start)
            stack.callback(server.kill)
            settings |= {"redis_url": server.url, "database_url": database_url}
        world = World(
            [Node(folder / f"node{n}", settings) for n in range(nodes)], server, database_url, chance
        )
        for node in world.nodes:
            stack.push_async_callback(node.stop, signal.SIGKILL)
            await node.start()
            await node.proxy.start()
            stack.push_async_callback(node.proxy.close)
        yield world
