"""One connection to Redis: the one place that knows the client library."""

import asyncio
import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

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

from streamer.broker_redis_script import Command, loading

CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 3.0
_CODE = re.compile(r"[A-Z]+(?= )")
_CODES = {NoScriptError: "NOSCRIPT", OutOfMemoryError: "OOM", ReadOnlyError: "READONLY"}


class LineBroken(Exception):
    """No connection, or none any more. What was sent and not answered may have been done."""


class Refusal(Struct, frozen=True):
    """Redis did not do a command. `code` is the first word of its answer, such as `OOM`."""

    code: str
    text: str


class Address(Struct, frozen=True):
    """Where a Redis is, from its URL.

    Attributes:
        url: as the client library takes it.
        shown: without the password.
    """

    url: str
    shown: str
    database: int
    cluster: bool


def read_url(url: str) -> Address:
    """Take a `redis_url` apart.

    Raises:
        ValueError: it can't be used; says why.
    """
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("it names no host")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    cluster = query.pop("cluster", "false")
    if cluster not in ("true", "false"):
        raise ValueError(f"cluster = {cluster} must be true or false")
    database = parts.path.strip("/") or "0"
    if not database.isdigit():
        raise ValueError(f"the path is the number of the database, not {database!r}")
    if cluster == "true" and database != "0":
        raise ValueError("a cluster has database 0 only")
    shown = f"{parts.scheme}://{parts.hostname}:{parts.port or 6379}/{database}"
    plain = urlunsplit(parts._replace(query=urlencode(query)))
    try:
        ConnectionPool.from_url(plain)
    except (ValueError, TypeError, RedisError) as error:
        raise ValueError(str(error)) from None
    return Address(plain, shown, int(database), cluster == "true")


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
                await connection.connect()  # type: ignore[no-untyped-call]
        except (RedisError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            await self.close()
            refused = "the password is refused: " if isinstance(error, AuthenticationError) else ""
            raise LineBroken(refused + (str(error) or "no answer")) from None
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
