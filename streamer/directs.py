"""Rooms of two: who opens one, who may come in, and who wants nothing to do with whom."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any

from chat.effects import Effect, Exit
from chat.errors import CloseCode, ErrorCode
from chat.events_people import Direct, Invited
from chat.fields import DIRECT_PREFIX, Author
from chat.limits import Buckets, ChatLimits, Rate
from chat.session import State
from streamer.auth import Tokens
from streamer.callers import Callers
from streamer.lane import DatabaseFailed
from streamer.persons import Persons
from streamer.websocket import WebSocket

_MAX_KEPT = 10_000
_RING_AGAIN_S = 30.0
_NOT_YOURS = "this direct room is of others, or one of its two has blocked the other"


class Directs:
    """Stands before the rooms: lets nobody into a direct room but its two, and waits for read markers.

    Bounds: the pairs of 10,000 rooms are remembered; buckets of 10,000 people who open rooms.
    """

    def __init__(
        self,
        persons: Persons,
        callers: Callers,
        tokens: Tokens,
        limits: ChatLimits,
        perform: Callable[[WebSocket, Sequence[Effect]], None],
        now_ms: Callable[[], int],
    ) -> None:
        """Args: `perform` carries out what a session decides."""
        self._persons = persons
        self._callers = callers
        self._tokens = tokens
        self._limits = limits
        self._perform = perform
        self._now_ms = now_ms
        self._loop = asyncio.get_running_loop()
        self._openers = Buckets(Rate(limits.directs_per_s, limits.directs_burst), _MAX_KEPT)
        self._bells = Buckets(Rate(1 / _RING_AGAIN_S, 1), _MAX_KEPT)
        self._tasks: set[asyncio.Task[None]] = set()

    def admit(self, socket: WebSocket, room: str, enter: Callable[[], None]) -> None:
        """Have `enter` called, at once or later, for who may come in; turn others away.

        The connection holds further commands back.
        """
        author = socket.session.author
        assert author is not None
        if room.startswith(DIRECT_PREFIX) or self._callers.pending(author.id) is not None:
            self._spawn(socket, self._admit_later(socket, author.id, room, enter))
        else:
            enter()

    async def may_enter(self, id: str, room: str) -> bool:
        """Whether somebody may come into a room, and look at what was said there; for all but direct rooms
        that is not for us to say. Raises DatabaseFailed.
        """
        if not room.startswith(DIRECT_PREFIX):
            return True
        pair = await self._persons.pair(room)
        return pair is not None and id in (pair.first, pair.second) and not pair.blocked

    def meet(self, socket: WebSocket, to: str) -> None:
        """Find or make the direct room of somebody with another person, and have it joined."""
        author = socket.session.author
        assert author is not None
        retry_ms = self._openers.take(author.id, self._loop.time())
        if retry_ms:
            message = f"too many direct rooms at once; try again in {retry_ms} ms"
            self._refuse(socket, ErrorCode.RATE_LIMITED, message, retry_ms)
        elif to == author.id:
            self._refuse(socket, ErrorCode.NO_SUCH_PERSON, "to is yourself")
        else:
            self._spawn(socket, self._meet_later(socket, author, to))

    def part(self, sockets: Collection[WebSocket], room: str) -> None:
        """Two may not be in their room together any more: one has blocked the other."""
        for socket in sockets:
            if room in socket.session.rooms:
                told = socket.session.turned_away(room, ErrorCode.DIRECT_REFUSED, _NOT_YOURS)
                self._perform(socket, (Exit(room), *told))

    async def blocked(self, id: str) -> list[Author]:
        """Whom somebody has blocked, the last first. Raises DatabaseFailed."""
        return [self._callers.named(other) for other in await self._persons.blocks(id)]

    async def block(self, id: str, other: str) -> bool:
        """Somebody wants nothing to do with another. False: with too many already. Raises DatabaseFailed."""
        done, room = await self._persons.block(id, other, self._now_ms(), self._limits.max_blocks)
        if room is not None:
            self._callers.part((id, other), room)
        return done

    async def of(self, id: str) -> Sequence[Direct]:
        """The direct rooms of somebody, newest first. Raises DatabaseFailed."""
        found = await self._persons.directs(id, self._limits.directs_listed)
        named = self._callers.named
        return [Direct(row.room, named(row.other), row.seq, row.read, row.at) for row in found]

    async def close(self) -> None:
        """End what takes time, answered or not."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- inside

    async def _admit_later(self, socket: WebSocket, id: str, room: str, enter: Callable[[], None]) -> None:
        pending = self._callers.pending(id)
        if pending is not None:
            await asyncio.shield(pending)
        code, message = ErrorCode.DIRECT_REFUSED, _NOT_YOURS
        try:
            allowed = await self.may_enter(id, room)
        except DatabaseFailed as error:
            allowed, code = False, ErrorCode.UNAVAILABLE
            message = f"who may enter {room} can't be read right now: {error}"
        if socket.session.state is not State.ENTERING:
            return  # gone meanwhile
        if allowed:
            enter()
        else:
            self._perform(socket, socket.session.turned_away(room, code, message))
            socket.go_on()

    async def _meet_later(self, socket: WebSocket, author: Author, to: str) -> None:
        try:
            if await self._name(to) is None:
                self._refuse(socket, ErrorCode.NO_SUCH_PERSON, f"nobody has the id {to}")
                return
            if await self._persons.is_blocked(author.id, to):
                self._refuse(socket, ErrorCode.DIRECT_REFUSED, "one of you two has blocked the other")
                return
            wanted = DIRECT_PREFIX + self._tokens.digest("direct\n" + "\n".join(sorted((author.id, to))))
            room, _ = await self._persons.open_direct(wanted, author.id, to, self._now_ms())
        except DatabaseFailed as error:
            self._refuse(socket, ErrorCode.UNAVAILABLE, f"direct rooms can't be read right now: {error}")
            return
        if not self._bells.take(f"{room} {to}", self._loop.time()):
            self._callers.tell((to,), Invited(room, author))
        if socket.session.state is State.ENTERING and not self._entered(socket, room):
            socket.go_on()

    def _entered(self, socket: WebSocket, room: str) -> bool:
        """Go in, unless the connection is in too many rooms; whoever lets it in goes on with it."""
        self._perform(socket, socket.session.met(room))
        return socket.session.state is not State.OPEN or room in socket.session.rooms

    async def _name(self, id: str) -> str | None:
        """What somebody is called; who came to another node a moment ago may not be written down yet."""
        name = self._callers.named(Author(id, "")).name or await self._persons.name(id)
        if name is None:
            await asyncio.sleep(self._limits.people_write_s)
            name = await self._persons.name(id)
        return name

    def _refuse(self, socket: WebSocket, code: ErrorCode, message: str, retry_ms: int | None = None) -> None:
        if socket.session.state is State.ENTERING:
            self._perform(socket, socket.session.unmet(code, message, retry_ms))
            socket.go_on()

    def _spawn(self, socket: WebSocket, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._ended(socket, task))

    def _ended(self, socket: WebSocket, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            context = {"message": "a room was not entered", "exception": error, "protocol": socket}
            self._loop.call_exception_handler(context)
            socket.close(CloseCode.INTERNAL)
