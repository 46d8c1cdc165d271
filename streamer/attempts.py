"""What a member asks for and can't be judged at once: looked up, then carried out or declined."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from chat.broker import LogUnavailable
from chat.commands import Command
from chat.errors import ErrorCode
from streamer.lane import DatabaseFailed

if TYPE_CHECKING:
    from streamer.chat_desk import ChatDesk
    from streamer.websocket import WebSocket

Deed = Callable[["ChatDesk", "WebSocket", Any], None]
Work = Callable[["ChatDesk", "WebSocket", Any], Coroutine[Any, Any, None]]


class Declined(Exception):
    """A command is not carried out: what the client is told."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def later(work: Work) -> Deed:
    """The deed that does `work`, while further commands of the connection wait.

    What `work` may raise: Declined, DatabaseFailed, LogUnavailable. All of them answer the command.
    """

    def deed(desk: ChatDesk, socket: WebSocket, command: Command) -> None:
        desk.spawn(socket, _attempt(work, desk, socket, command))

    return deed


async def _attempt(work: Work, desk: ChatDesk, socket: WebSocket, command: Command) -> None:
    try:
        await work(desk, socket, command)
    except Declined as declined:
        desk.refuse(socket, command, declined.code, declined.message)
    except (DatabaseFailed, LogUnavailable, TimeoutError) as error:
        message = f"it can't be looked up right now: {str(error) or 'no answer'}"
        desk.refuse(socket, command, ErrorCode.UNAVAILABLE, message)


class Turns:
    """One at a time for each key, in the order in which they came.

    Bound: a key is held only while somebody has its turn or waits for it.
    """

    def __init__(self) -> None:
        self._locks: dict[Hashable, tuple[asyncio.Lock, int]] = {}  # and how many use it

    @asynccontextmanager
    async def of(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for the turn; leaving ends it. Safe to cancel."""
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[key]
            if users == 1:
                del self._locks[key]
            else:
                self._locks[key] = (lock, users - 1)

    def __len__(self) -> int:
        return len(self._locks)
