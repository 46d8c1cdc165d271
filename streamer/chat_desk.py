"""Carries out what members of rooms ask for: what every such deed needs, in one place."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Literal

from chat.broker import Broker, Draft, NotStored, Outcome, Settle, Stored
from chat.commands import Command
from chat.errors import CloseCode, ErrorCode
from chat.events import Ack, Error, Event
from chat.fields import Author
from chat.limits import Buckets, ChatLimits, Rate
from chat.roles import Right
from streamer.attempts import Turns
from streamer.deeds import DEEDS
from streamer.hearing import Hearing
from streamer.herald import Herald
from streamer.history import History
from streamer.ids import ENTROPY_BYTES, new_id
from streamer.lines import Lines
from streamer.live.audience import Audience
from streamer.live.listeners import Listeners
from streamer.live.uplinks import Uplinks
from streamer.live.watchtower import Watchtower
from streamer.moderator import Moderator
from streamer.people import People
from streamer.rooms import Rooms
from streamer.warden import Warden
from streamer.websocket import WebSocket
from streamer.wheel import TimerWheel

_MAX_TYPING = 10_000  # people who have been typing lately


class ChatDesk:
    """Hands a command to its deed (`streamer/deeds.py`), and does for deeds what they have in common.

    Attributes:
        broker, history, rooms, people, warden, lines, limits: for the deeds.
        listeners: who hears what is on.
        uplinks: who broadcasts.
        watchtower: who looks behind a show.
        typing: who was shown as typing, by room and id.
        turns: for deeds that judge what they then change.
        herald: announces what happens.
    """

    def __init__(
        self,
        *,
        broker: Broker,
        history: History,
        rooms: Rooms,
        warden: Warden,
        moderator: Moderator,
        people: People,
        limits: ChatLimits,
        wheel: TimerWheel,
        reply: Callable[[WebSocket, Event], None],
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
    ) -> None:
        """Args: `clock` gives seconds since the epoch; `entropy(n)` gives n random bytes."""
        self.broker = broker
        self.history = history
        self.rooms = rooms
        self.people = people
        self.listeners = Listeners(limits, Audience())
        self.uplinks = Uplinks(limits, wheel)
        self.watchtower = Watchtower()
        self.limits = limits
        self.warden = warden
        self.lines = Lines(warden, moderator)
        self.hearing = Hearing(warden, self._store, self.spawn)
        self.reply = reply
        self.typing = Buckets(Rate(1 / limits.typing_interval_s, 1), _MAX_TYPING)
        self.turns = Turns()
        self.herald = Herald(broker, self.now_ms, self.new_id)
        self._clock = clock
        self._entropy = entropy
        self._tasks: set[asyncio.Task[None]] = set()

    def carry_out(self, socket: WebSocket, command: Command) -> None:
        """Do what is asked, now or after a while; the client is answered."""
        DEEDS[type(command)](self, socket, command)

    def exit(self, socket: WebSocket, room: str) -> None:
        """Take somebody out of a room, in or on the way in, and out of what is on there. Idempotent."""
        self.listeners.leave(socket, room)
        self.watchtower.leave(socket, room)
        self.rooms.exit(socket, room)

    def part(self, socket: WebSocket) -> None:
        """A connection ends; its rooms were left before. Idempotent."""
        self.uplinks.part(socket)
        self.people.left(socket)

    def author(self, socket: WebSocket) -> Author:
        """Who is behind an open connection."""
        author = socket.session.author
        assert author is not None
        return author

    def now_s(self) -> float:
        """Monotonic."""
        return asyncio.get_running_loop().time()

    def now_ms(self) -> int:
        return int(self._clock() * 1000)

    def new_id(self) -> str:
        return new_id(self.now_ms(), self._entropy(ENTROPY_BYTES))

    def may(self, socket: WebSocket, room: str, what: Literal["delete", "pin"]) -> bool:
        """Whether somebody may delete messages of others in a room; or pin, and unpin."""
        return self.hearing.may(socket, room, Right.PIN if what == "pin" else Right.DELETE)

    def append(self, socket: WebSocket, draft: Draft, then: Settle | None = None) -> None:
        """Put an event into its room's log, if the room's order lets it; the client is answered.

        With `ack` or an error when that is settled, with an error if it may not be said.

        Args:
            then: called with the outcome, after the answer; once, whatever becomes of the draft.
        """
        self.hearing.receive(socket, draft, then)

    def _store(self, socket: WebSocket, draft: Draft, then: Settle | None) -> None:
        self.broker.append(draft, partial(self._settle, socket, draft, then))

    def refuse(self, socket: WebSocket, command: Any, code: ErrorCode, message: str) -> None:
        """Answer that a command was not carried out."""
        nonce, room = getattr(command, "nonce", None), getattr(command, "room", None)
        self.reply(socket, Error(code.value, message, nonce=nonce, room=room))

    def spawn(self, socket: WebSocket, work: Coroutine[Any, Any, None]) -> None:
        """Carry out what takes time. Further commands of this connection wait until it ends."""
        socket.wait()
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, socket))

    async def close(self) -> None:
        """End what takes time, answered or not."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.history.close()

    def _settle(self, socket: WebSocket, draft: Draft, then: Settle | None, outcome: Outcome) -> None:
        self._answer(socket, draft, outcome)
        if then is not None:
            then(outcome)

    def _answer(self, socket: WebSocket, draft: Draft, outcome: Outcome) -> None:
        if isinstance(outcome, Stored):
            self.rooms.stats.messages_total += 1
            self.rooms.note_stored(draft.room, outcome.seq)
            self.reply(socket, Ack(draft.room, draft.nonce, outcome.seq, outcome.id))
            return
        if isinstance(outcome, NotStored):
            code, retry_ms = ErrorCode.NOT_STORED, None
            message = f"the message was not stored: {outcome.reason}"
        else:
            code, retry_ms = ErrorCode.RATE_LIMITED, outcome.retry_ms
            message = f"too fast; try again in {retry_ms} ms"
        error = Error(code.value, message, nonce=draft.nonce, room=draft.room, retry_ms=retry_ms)
        self.reply(socket, error)

    def _ended(self, socket: WebSocket, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            context = {"message": "a command was not carried out", "exception": error, "protocol": socket}
            asyncio.get_running_loop().call_exception_handler(context)
            socket.close(CloseCode.INTERNAL)
        socket.go_on()
