"""One connection to Redis: the one place that knows the client library."""

import asyncio
import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import hiredis
from msgspec import Struct
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import (
    AskError,
    AuthenticationError,
    ClusterDownError,
    MovedError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)

from streamer.broker_redis.cluster import Cluster
from streamer.broker_redis.script import Command, loading
from streamer.broker_redis.url import Address

CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 3.0
_CODE = re.compile(r"[A-Z]+(?= )")
_CODES = {
    NoScriptError: "NOSCRIPT",
    OutOfMemoryError: "OOM",
    ReadOnlyError: "READONLY",
    MovedError: "MOVED",  # a kind of the next
    AskError: "ASK",
    TryAgainError: "TRYAGAIN",
    ClusterDownError: "CLUSTERDOWN",
}
# Another server, or this one after a while, will do what this one does not. In a cluster: a slot has moved,
# or is being moved, key by key. Where ASK points to is no help: a script wants all its keys in one place, and
# meanwhile they are in two.
ELSEWHERE = frozenset(
    {"READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK", "LOADING", "NOSCRIPT", "BUSY"}
)
# What a script is told of a key of a slot that is being moved, and that is not here any more or yet.
_MOVING = "non local key"


class LineBroken(Exception):
    """No connection, or none any more. What was sent and not answered may have been done."""


class LineRefused(LineBroken):
    """Somebody is there and does not let us in; trying again does not help."""


class Refusal(Struct, frozen=True):
    """Redis did not do a command. `code` is the first word of its answer, such as `OOM`."""

    code: str
    text: str


class Line:
    """A connection that is opened again after it broke. One caller at a time, but for `send` and `receive`.

    Attributes:
        run: names the life of the process at the other end.
        uptime_s: how long that has been running, when the line was opened.
    """

    def __init__(
        self, address: Address, name: str, cluster: Cluster | None = None, slot: int | None = None
    ) -> None:
        """Args:
        name: is shown by Redis in its list of clients.
        cluster: says where the masters are, and learns it; then the other end is the master of `slot`.
        """
        self._address = address
        self._name = name
        self._cluster = cluster
        self._slot = slot
        self._makers: tuple[Address, Callable[[], AbstractConnection]] | None = None
        self._connection: AbstractConnection | None = None
        self.run = ""
        self.uptime_s = 0

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    async def open(self) -> None:
        """Connect, learn who is there, and make the scripts known to it.

        Raises:
            LineBroken
        """
        await self.close()
        if self._cluster is None or self._slot is None:
            await self._dial(self._address)
        else:
            await self._find(self._cluster, self._slot)
        server, *loaded = await self.ask([("INFO", "server"), *loading()])
        for answer in (server, *loaded):
            if isinstance(answer, Refusal):
                await self.close()
                raise LineBroken(answer.text)
        facts = dict(line.split(":", 1) for line in server.decode().splitlines() if ":" in line)
        self.run, self.uptime_s = facts["run_id"], int(facts["uptime_in_seconds"])

    async def _find(self, cluster: Cluster, slot: int) -> None:
        """Connect to the master of a slot, after asking one node after the other who that is."""
        trouble = "no node of the cluster answers"
        for node in list(cluster.nodes):
            try:
                await self._dial(node)
                [answer] = await self.ask([("CLUSTER", "SLOTS")])
            except LineRefused:
                raise
            except LineBroken as error:
                cluster.doubt(node)
                trouble = str(error)
                continue
            if isinstance(answer, Refusal):
                trouble = answer.text
            else:
                cluster.learn(answer, node)
                master = cluster.master(slot)
                if master is not None:
                    if master != node:
                        await self.close()
                        await self._dial(master)
                    return
                trouble = f"slot {slot} has no master"
            await self.close()
        raise LineBroken(trouble)

    async def _dial(self, address: Address) -> None:
        if self._makers is None or self._makers[0] != address:
            pool = ConnectionPool.from_url(
                address.url, protocol=2, socket_timeout=None, client_name=self._name, driver_info=None
            )
            self._makers = address, pool.make_connection
        self._connection = connection = self._makers[1]()
        connected = False
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await connection.connect()
            connected = self._connection is connection
        except AuthenticationError as error:
            raise LineRefused(f"the password is refused: {error}") from None
        except (RedisError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise LineBroken(str(error) or "no answer") from None
        finally:
            if not connected:  # who closed the line meanwhile had nothing yet that could be closed
                await self.close()
                await _hang_up(connection)
        if not connected:
            raise LineBroken("the line was closed")

    async def ask(self, commands: Sequence[Command], timeout_s: float = ANSWER_TIMEOUT_S) -> list[Any]:
        """Send commands at once and wait for all answers, which are in the same order.

        Raises:
            LineBroken: also after `timeout_s`, and if it has to be asked elsewhere.

        Cancelling it closes the line.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self.send(commands)
                answers = [await self.receive() for _ in commands]
        except TimeoutError:
            await self.close()
            raise LineBroken(f"no answer within {timeout_s:g} s") from None
        except asyncio.CancelledError:
            await self.close()
            raise
        for answer in answers:
            if isinstance(answer, Refusal) and answer.code in ELSEWHERE:
                await self.close()
                raise LineBroken(answer.text)
        return answers

    async def send(self, commands: Sequence[Command]) -> None:
        """Raises LineBroken."""
        connection = self._connection
        if connection is None:
            raise LineBroken("the line is closed")
        pack: Callable[[Any], bytes] = hiredis.pack_command
        packed = b"".join([pack(command) for command in commands])
        try:
            # Its own `connect` would open another connection, to another run maybe.
            if not connection.is_connected:
                raise LineBroken("the line was closed")
            await connection.send_packed_command(packed, check_health=False)
        except (RedisError, OSError) as error:
            await self.close()
            raise LineBroken(str(error)) from None

    async def receive(self) -> Any:
        """The next answer, or message.

        Raises:
            LineBroken
        """
        connection = self._connection
        if connection is None:
            raise LineBroken("the line is closed")
        try:
            return await connection.read_response(timeout=math.inf)
        except ResponseError as error:
            return _refusal(error)
        except (RedisError, OSError, asyncio.IncompleteReadError) as error:
            await self.close()
            raise LineBroken(str(error)) from None

    async def close(self) -> None:
        """Hang up. Idempotent."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await _hang_up(connection)


async def _hang_up(connection: AbstractConnection) -> None:
    with suppress(RedisError, OSError):
        await connection.disconnect(nowait=True)


def _refusal(error: ResponseError) -> Refusal:
    text = str(error)
    for kind, code in _CODES.items():  # the library has taken the code off
        if isinstance(error, kind):
            return Refusal(code, text)
    if _MOVING in text:
        return Refusal("ASK", text)
    found = _CODE.match(text)
    return Refusal(found[0] if found else "ERR", text)
