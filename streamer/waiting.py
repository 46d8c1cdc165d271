"""What many connections wait for at once, and the one pass in which all of them get it.

A connection that waits costs an entry in a set: no task, no future, no timer. One ticket in the wheel bounds
the wait for all who wait for the same; who comes later waits shorter.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Final, Protocol

from streamer.reply import Reply
from streamer.resource import Found
from streamer.wheel import TimerWheel

#: Who is answered in one turn of the loop: some 10 ms. Then others have theirs.
_AT_ONCE: Final = 2_000


class Waiter(Protocol):
    """A connection that waits. Nothing is in its transport's hands meanwhile.

    Attributes:
        fd: its descriptor, to which may be written past the transport.
    """

    fd: int

    def wire(self, reply: Reply, found: Found) -> bytes | None:
        """The whole response, if it is the same for everyone who sent the same; else None."""

    def receive_written(self, rest: bytes) -> None:
        """All of the response but `rest` is written."""

    def receive_awaited(self, reply: Reply, found: Found) -> None:
        """The answer is there, and to be given in this connection's own way."""

    def fail(self, error: Exception) -> None:
        """It can't be answered: something of ours is broken."""


class Waiting:
    """One thing that is not there yet, and who waits for it. Bound: the connections that are open."""

    __slots__ = ("_expired", "_found", "_futures", "_groups", "_ticket")

    def __init__(self, wheel: TimerWheel, timeout_s: float, expired: Callable[["Waiting"], None]) -> None:
        """Args: `expired` is called if it has not come within `timeout_s`, and is to release."""
        self._groups: dict[Reply, set[Waiter]] = {}
        self._futures: list[asyncio.Future[Found]] = []
        self._found: Found | None = None
        self._expired = expired
        self._ticket = wheel.schedule(timeout_s, self.expire)

    def __len__(self) -> int:
        return sum(map(len, self._groups.values())) + len(self._futures)

    def park(self, waiter: Waiter, reply: Reply) -> None:
        """Answer this one too. Those who asked with the same bytes are given the same bytes."""
        assert self._found is None, "it is there: nobody has to wait"
        group = self._groups.get(reply)
        if group is None:
            group = self._groups[reply] = set()
        group.add(waiter)

    def leave(self, waiter: Waiter, reply: Reply) -> None:
        """It waits no longer. Idempotent."""
        group = self._groups.get(reply)
        if group is not None:
            group.discard(waiter)
            if not group:
                del self._groups[reply]

    async def wait(self) -> Found:
        """For who has a task anyway. Safe to cancel."""
        future: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        self._futures.append(future)
        try:
            return await future
        finally:
            if future in self._futures:
                self._futures.remove(future)

    def expire(self) -> None:
        """It has been waited for long enough."""
        if self._found is None:
            self._expired(self)

    def release(self, found: Found) -> None:
        """It is there, or never will be: answer everyone, some thousand in each turn of the loop."""
        assert self._found is None, "once"
        self._found = found
        self._ticket.cancel()
        futures, self._futures = self._futures, []
        for future in futures:
            if not future.done():
                future.set_result(found)
        self._answer(found)

    def _answer(self, found: Found) -> None:
        left = _AT_ONCE
        while self._groups and left > 0:
            reply, group = next(iter(self._groups.items()))
            left -= self._answer_group(reply, group, found, left)
            if not group:
                self._groups.pop(reply, None)
        if self._groups:
            asyncio.get_running_loop().call_soon(self._answer, found)

    def _answer_group(self, reply: Reply, group: set[Waiter], found: Found, most: int) -> int:
        """Answers at most so many; returns how many."""
        wire = next(iter(group)).wire(reply, found)
        size_bytes = 0 if wire is None else len(wire)
        count = min(most, len(group))
        write = os.write
        for _ in range(count):
            waiter = group.pop()
            try:
                if wire is None:
                    waiter.receive_awaited(reply, found)
                    continue
                try:
                    sent_bytes = write(waiter.fd, wire)
                except OSError:  # there is no room, or the connection is broken: the transport knows
                    sent_bytes = 0
                waiter.receive_written(b"" if sent_bytes == size_bytes else wire[sent_bytes:])
            except Exception as error:
                waiter.fail(error)
        return count
