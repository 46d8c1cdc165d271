"""The one that hears from Redis: one connection, one channel for each room that somebody here is in."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from chat.broker import Page
from streamer.broker_redis import script
from streamer.broker_redis.ears import Ears
from streamer.broker_redis.line import ANSWER_TIMEOUT_S, Line, LineBroken, Refusal
from streamer.broker_redis.link import Pause, Strand
from streamer.broker_redis.logs import Logs, read_page

_PING_S = 1.0
_SUBSCRIBED = 500  # channels in one command
_CAUGHT_UP = 100  # rooms that are read at once
MISSED = 1000  # entries; what lies further back the room reads by itself

Receive = Callable[[bytes], None]


class Listener:
    """Subscribes, hears, and after a break finds out what was missed.

    Attributes:
        confirmed: called with a channel when Redis sends what is published there.
    """

    def __init__(self, *, line: Line, logs: Logs, ears: Ears, link: Strand, shout: str) -> None:
        """Args: `shout` is "S" where channels are sharded, else empty."""
        self._line = line
        self._logs = logs
        self._ears = ears
        self._link = link
        self._subscribe, self._unsubscribe = f"{shout}SUBSCRIBE", f"{shout}UNSUBSCRIBE"
        self._receivers: dict[str, tuple[Receive, str | None]] = {}
        self._names: dict[bytes, str] = {}
        self._owed: Counter[str] = Counter()  # confirmations that have not come, by channel
        self._changes: dict[str, bool] = {}  # what has not been sent yet
        self._wake = asyncio.Event()
        self._heard_s = 0.0
        self._behind: set[str] = set()
        self._fell_behind = asyncio.Event()
        self._bells: dict[str, asyncio.Event] = {}
        self._ready: set[str] = set()
        self.confirmed: Callable[[], None] = lambda: None

    def add(self, channel: str, receive: Receive, room: str | None = None) -> None:
        """Hear what is published in `channel`, which is that of `room`, from soon on."""
        self._receivers[channel] = (receive, room)
        self._names[channel.encode()] = channel
        self._change(channel, True)

    def remove(self, channel: str) -> None:
        self._receivers.pop(channel, None)
        self._ready.discard(channel)
        bell = self._bells.pop(channel, None)
        if bell is not None:
            bell.set()
        self._change(channel, False)

    def hears(self, channel: str) -> bool:
        """Whether nothing that is sent there now is missed here, or nobody here wants it."""
        return channel not in self._receivers or channel in self._ready

    async def wait(self, channel: str) -> None:
        """Return when what is published from now on is heard, if it is wanted. Safe to cancel."""
        while not self.hears(channel):
            bell = self._bells.setdefault(channel, asyncio.Event())
            await bell.wait()

    async def run(self) -> None:
        """For the life of the process; cancelling it is safe."""
        pause = Pause()
        try:
            while True:
                try:
                    await self._line.open()
                    pause.reset()
                    await self._listen()
                except LineBroken as error:
                    self._link.down("listening", str(error))
                self._ready.clear()
                self._ears.lost()
                await self._line.close()
                await pause.wait()
        finally:
            await self._line.close()

    async def catch_up(self) -> None:
        """Read what was missed while the line was broken; to be run beside `run`."""
        pause = Pause()
        while True:
            if not self._behind:
                self._fell_behind.clear()
                await self._fell_behind.wait()
            rooms = list(self._behind)[:_CAUGHT_UP]
            self._behind.difference_update(rooms)
            try:
                await self._read_missed(rooms)
                pause.reset()
            except LineBroken:
                self._behind.update(rooms)
                await pause.wait()

    async def _read_missed(self, rooms: list[str]) -> None:
        seen = {room: place for room in rooms if (place := self._ears.seen(room)) is not None}
        commands = [
            script.read(self._logs.keys.room(room), "", seq, MISSED) for room, (_, seq) in seen.items()
        ]
        answers = await self._logs.ask(commands) if commands else []
        pages = dict(zip(seen, answers, strict=True))
        for room in rooms:
            page: Page | None = None
            match pages.get(room):
                case [b"done", *_] as answer:
                    page = read_page(answer)
            # If the line broke once more meanwhile, what was missed since is still to come.
            self._ears.catch_up(room, page, whole=room not in self._behind)

    def _change(self, channel: str, wanted: bool) -> None:
        # In the order of the last word on each: what is sent first is confirmed first.
        self._changes.pop(channel, None)
        self._changes[channel] = wanted
        self._wake.set()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._owed.clear()
        self._changes = dict.fromkeys(self._receivers, True)
        self._heard_s = loop.time()
        if not self._receivers:
            self._link.up("listening")
        sender = loop.create_task(self._send())
        try:
            while True:
                self._take(await self._line.receive())
                self._heard_s = loop.time()
        finally:
            sender.cancel()
            with suppress(asyncio.CancelledError, LineBroken):
                await sender

    async def _send(self) -> None:
        """Subscribe, unsubscribe, and see whether anybody is there."""
        loop = asyncio.get_running_loop()
        try:
            while loop.time() - self._heard_s < ANSWER_TIMEOUT_S and not self._elsewhere():
                self._wake.clear()
                changes, self._changes = self._changes, {}
                for wanted, command in ((False, self._unsubscribe), (True, self._subscribe)):
                    await self._say(command, [name for name, want in changes.items() if want is wanted])
                try:
                    async with asyncio.timeout(_PING_S):
                        await self._wake.wait()
                except TimeoutError:
                    async with asyncio.timeout(ANSWER_TIMEOUT_S):
                        await self._line.send([("PING",)])
        except TimeoutError:
            pass
        finally:
            await self._line.close()  # which ends the other half too

    def _elsewhere(self) -> bool:
        """Whether messages are numbered, and so published, by another Redis than the one that is heard."""
        return self._logs.run not in ("", self._line.run)

    async def _say(self, command: str, channels: list[str]) -> None:
        for start in range(0, len(channels), _SUBSCRIBED):
            part = channels[start : start + _SUBSCRIBED]
            if command is self._subscribe:
                self._owed.update(part)
            await self._line.send([(command, *part)])

    def _take(self, message: object) -> None:
        if isinstance(message, Refusal):
            raise LineBroken(message.text)
        if not isinstance(message, list) or len(message) != 3:
            return  # an answer to PING
        kind, channel_bytes, data = message
        channel = self._names.get(channel_bytes)
        if channel is None:
            return
        if kind.endswith(b"message"):
            receiver = self._receivers.get(channel)
            if receiver is not None:
                receiver[0](data)
        elif kind.endswith(b"unsubscribe"):
            if channel in self._receivers and not self._owed[channel] and channel not in self._changes:
                raise LineBroken("the channel has moved to another node")
            if channel not in self._receivers and not self._owed[channel]:
                self._names.pop(channel_bytes, None)
        else:
            self._confirm(channel)

    def _confirm(self, channel: str) -> None:
        self._owed[channel] -= 1
        if self._owed[channel] > 0:
            return
        del self._owed[channel]
        receiver = self._receivers.get(channel)
        if receiver is None:
            return
        self._ready.add(channel)
        room = receiver[1]
        if room is not None and self._ears.confirmed(room):
            self._behind.add(room)
            self._fell_behind.set()
        bell = self._bells.pop(channel, None)
        if bell is not None:
            bell.set()
        if not self._owed and not self._changes:
            self._link.up("listening")
        self.confirmed()
