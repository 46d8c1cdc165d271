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
    AuthenticationError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from streamer.broker_redis.script import Command, loading
from streamer.broker_redis.url import Address

CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 3.0
_CODE = re.compile(r"[A-Z]+(?= )")
_CODES = {NoScriptError: "NOSCRIPT", OutOfMemoryError: "OOM", ReadOnlyError: "READONLY"}


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

    def __init__(self, address: Address, name: str) -> None:
        """Args: `name` is shown by Redis in its list of clients."""
        pool = ConnectionPool.from_url(
            address.url, protocol=2, socket_timeout=None, client_name=name, driver_info=None
        )
        self._make: Callable[[], AbstractConnection] = pool.make_connection
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
        self._connection = connection = self._make()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                # The library has types, but not for this one.
                await connection.connect()  # type: ignore[no-untyped-call]
        except (RedisError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            await self.close()
            if isinstance(error, AuthenticationError):
                raise LineRefused(f"the password is refused: {error}") from None
            raise LineBroken(str(error) or "no answer") from None
        server, *loaded = await self.ask([("INFO", "server"), *loading()])
        for answer in (server, *loaded):
            if isinstance(answer, Refusal):
                await self.close()
                raise LineBroken(answer.text)
        facts = dict(line.split(":", 1) for line in server.decode().splitlines() if ":" in line)
        self.run, self.uptime_s = facts["run_id"], int(facts["uptime_in_seconds"])

    async def ask(self, commands: Sequence[Command], timeout_s: float = ANSWER_TIMEOUT_S) -> list[Any]:
        """Send commands at once and wait for all answers, which are in the same order.

        Raises:
            LineBroken: also after `timeout_s`.

        Cancelling it closes the line.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self.send(commands)
                return [await self.receive() for _ in commands]
        except TimeoutError:
            await self.close()
            raise LineBroken(f"no answer within {timeout_s:g} s") from None
        except asyncio.CancelledError:
            await self.close()
            raise

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
            with suppress(RedisError, OSError):
                await connection.disconnect(nowait=True)


def _refusal(error: ResponseError) -> Refusal:
    text = str(error)
    for kind, code in _CODES.items():  # the library has taken the code off
        if isinstance(error, kind):
            return Refusal(code, text)
    found = _CODE.match(text)
    return Refusal(found[0] if found else "ERR", text)
