"""A show as one endless answer, for players that know nothing else: `/live/ROOM.mp3` and `/live/ROOM.aac`."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from hls.live import ChunkCut, OnAir
from streamer.lane import DatabaseFailed
from streamer.live.audience import Audience
from streamer.live.delays import typical_ms
from streamer.live.icy import Block, Inlay, encode_title
from streamer.live.outlet import Deaf, Title
from streamer.live.progressive_listener import Listener
from streamer.live.progressive_request import (
    playlist,
    preflight,
    read_tune,
    refusal,
    sound_head,
)
from streamer.live.progressive_station import Channel, Station
from streamer.live.shelf import Doors
from streamer.refusal import Refused
from streamer.wheel import TimerWheel

_COUNTED_AFTER_BLOCKS: Final = 3  # a second: a player that only looks what this is, is no listener
_LEARN_S: Final = 5.0
_LINGER_S: Final = 10.0
_RETRY_S: Final = 5


@dataclass(frozen=True, slots=True)
class ProgressiveLimits:
    """Bounds, all > 0 but `burst_s`, which may be 0.

    Attributes:
        burst_s: of sound that a player gets at once, so that it begins to play.
        max_queue_bytes: of a listener who does not read; more, and the connection is cut.
        max_listeners: of this node; beyond, 503.
    """

    burst_s: float = 2.0
    max_queue_bytes: int = 256 << 10
    max_listeners: int = 10_000


@dataclass
class ProgressiveStats:
    """Plain counts, read by whoever wants to know.

    Attributes:
        listeners_open: connections that get sound.
        slow_total: listeners that were cut off because they did not read.
        answers_total: first answers, by status.
    """

    listeners_open: int = 0
    slow_total: int = 0
    answers_total: Counter[int] = field(default_factory=Counter)


class Progressive(Deaf):
    """The outlet of progressive streams. Takes connections over from the front door.

    Sound is gathered to blocks of a part's length, so that a listener costs three writes a second; the same
    bytes go to all. Bounds: `ProgressiveLimits`.
    """

    def __init__(
        self,
        *,
        audience: Audience,
        doors: Doors,
        verify: Callable[[str, str], bool],
        wheel: TimerWheel,
        tasks: asyncio.TaskGroup,
        limits: ProgressiveLimits,
    ) -> None:
        """Args: `verify(token, room)` judges a pass; `tasks` is the process's root group."""
        self.stats = ProgressiveStats()
        self.limits = limits
        self._audience = audience
        self._doors = doors
        self._verify = verify
        self._wheel = wheel
        self._tasks = tasks
        self._stations: dict[str, Station] = {}
        self._closing = False

    # --- from the front door

    def accept(self, transport: asyncio.Transport, received: bytes) -> asyncio.Protocol:
        """Take over a transport whose request head, and maybe more, is `received`."""
        listener = Listener(self, transport, read_tune(received[: received.find(b"\r\n\r\n") + 4]))
        # The transport is told of the listener when this returns, and must not be written to before.
        asyncio.get_running_loop().call_soon(self._receive, listener)
        return listener

    def close(self) -> None:
        """End every answer, and let nobody in any more. Idempotent."""
        self._closing = True
        for station in self._stations.values():
            self._end(station)

    def gone(self, listener: Listener) -> None:
        """Its connection has ended."""
        channel, listener.channel = listener.channel, None
        if channel is None:
            return
        channel.listeners.discard(listener)
        self.stats.listeners_open -= 1
        if listener.counted:
            self._audience.left(listener.tune.room, "progressive")

    def in_hand_ms(self, room: str) -> int | None:
        """How much sound a listener of a room has not heard yet; None where nobody listens."""
        station = self._stations.get(room)
        channels = () if station is None else station.channels.values()
        most = max(channels, key=lambda channel: len(channel.listeners), default=None)
        if most is None or not most.recent:
            return None
        given_ms = (most.recent[-1].end_us - most.recent[0].at_us) / 1000
        waiting = (listener.transport.get_write_buffer_size() for listener in most.listeners)
        return typical_ms(given_ms, waiting, most.rendition.bitrate)

    # --- from the show

    def started(self, show: OnAir) -> None:
        before = self._stations.get(show.room)
        same = before is not None and before.show.show == show.show
        station = Station(show, before.inlays if before is not None and same else ())
        self._stations[show.room] = station
        for form, channel in before.channels.items() if before is not None else ():
            heir = station.channels.get(form)
            if heir is None:
                self._end_channel(channel)
                continue
            heir.listeners, heir.newcomers, heir.blocks = channel.listeners, channel.newcomers, channel.blocks
            for listener in heir.listeners:
                listener.channel = heir

    def renewed(self, show: OnAir) -> None:
        self.started(show)

    def chunk(self, show: OnAir, chunk: ChunkCut) -> None:
        station = self._stations.get(show.room)
        for channel in station.channels.values() if station is not None else ():
            if station is not None and channel.rendition.name == chunk.rendition:
                self._gather(station, channel, chunk)

    def titled(self, show: OnAir, title: Title) -> None:
        station = self._stations.get(show.room)
        if station is not None:
            station.inlays.append(Inlay(title.number, title.starts_at_us, encode_title(title.text)))

    def ended(self, show: OnAir) -> None:
        station = self._stations.get(show.room)
        if station is not None and station.show.show == show.show:
            del self._stations[show.room]
            self._end(station)

    # --- inside

    def _gather(self, station: Station, channel: Channel, chunk: ChunkCut) -> None:
        ticks = len(chunk.units) * channel.rendition.frame_ticks
        at_us, end_us = (station.show.time_us(place) for place in (chunk.at_ticks, chunk.at_ticks + ticks))
        block = channel.gatherer.add(at_us, end_us, chunk.units, ticks)
        if block is None:
            return
        channel.keep(block, self.limits.burst_s)
        _write_to_all(channel.listeners, block, station.inlays)
        while channel.newcomers and channel.newcomers[0][0] <= channel.blocks:
            _, listener = channel.newcomers.popleft()
            if listener.channel is not None:
                listener.counted = True
                self._audience.came(listener.tune.room, "progressive")

    def _receive(self, listener: Listener) -> None:
        tune = listener.tune
        if self.stats.listeners_open >= self.limits.max_listeners or self._closing:
            self._refuse(listener, Refused(503, "too many listen here; try again in a moment"), _RETRY_S)
        elif tune.method == "OPTIONS":
            self._answer(listener, 204, preflight())
        elif self._doors.is_open(tune.room) is None and tune.room in self._stations:
            self._tasks.create_task(self._learn(listener), name="progressive")
        else:
            self._tune_in(listener)

    async def _learn(self, listener: Listener) -> None:
        try:
            async with asyncio.timeout(_LEARN_S):
                await self._doors.learn(listener.tune.room)
        except (DatabaseFailed, TimeoutError):
            refused = Refused(503, "whether the room is open can't be looked up right now")
            self._refuse(listener, refused, _RETRY_S)
        else:
            self._tune_in(listener)

    def _tune_in(self, listener: Listener) -> None:
        tune = listener.tune
        station = self._stations.get(tune.room)
        if station is None:
            return self._refuse(listener, Refused(404, f"nothing is live in {tune.room!r}"))
        if not self._doors.is_open(tune.room) and not self._verify(tune.token, tune.room):
            detail = "the room is not open: its pass is missing, not good, or no longer good"
            return self._refuse(listener, Refused(403, detail))
        if tune.form in ("m3u", "pls"):
            return self._answer(listener, 200, playlist(tune, station.forms))
        channel = station.channels.get(tune.form)
        if channel is None:
            there = " and ".join(station.forms)
            return self._refuse(listener, Refused(404, f"this show has no {tune.form}; it has {there}"))
        head = sound_head(tune, channel.rendition.bitrate)
        if tune.method == "HEAD":
            return self._answer(listener, 200, head)
        self._begin(listener, station, channel, head)

    def _begin(self, listener: Listener, station: Station, channel: Channel, head: bytes) -> None:
        if listener.transport.is_closing():
            return
        self.stats.answers_total[200] += 1
        self.stats.listeners_open += 1
        listener.channel = channel
        channel.listeners.add(listener)
        channel.newcomers.append((channel.blocks + _COUNTED_AFTER_BLOCKS, listener))
        listener.write(head + b"".join(listener.weave(block, station.inlays) for block in channel.recent))

    def _refuse(self, listener: Listener, refused: Refused, retry_s: int | None = None) -> None:
        self._answer(listener, refused.status, refusal(listener.tune, refused, retry_s))

    def _answer(self, listener: Listener, status: int, answer: bytes) -> None:
        self.stats.answers_total[status] += 1
        if not listener.transport.is_closing():
            listener.write(answer)
            self._part(listener)

    def _part(self, listener: Listener) -> None:
        """Close when what was written is read, or after a while."""
        listener.transport.close()
        self._wheel.schedule(_LINGER_S, listener.transport.abort)

    def _end(self, station: Station) -> None:
        for channel in station.channels.values():
            self._end_channel(channel)

    def _end_channel(self, channel: Channel) -> None:
        for listener in list(channel.listeners):
            self.gone(listener)
            self._part(listener)


def _write_to_all(listeners: Iterable[Listener], block: Block, inlays: Sequence[Inlay]) -> None:
    """The loop that the cost of a listener is made of. See `streamer.websocket.write_to_all`."""
    write, size = os.write, len(block.data)
    for listener in list(listeners):
        weaver = listener.weaver
        if weaver is None:
            data = block.data
        elif weaver.left >= size:
            weaver.left -= size
            data = block.data
        else:
            data = weaver.weave(block, inlays)
        try:
            sent_bytes = write(listener.fd, data)
        except OSError:  # there is no room or no descriptor, or the connection is broken: the transport knows
            sent_bytes = 0
        if sent_bytes != len(data):
            listener.queue(data[sent_bytes:])
