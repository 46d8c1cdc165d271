"""Sound over the chat's WebSocket: each chunk is framed once, and the same bytes go to all who listen."""

from base64 import b64encode
from collections import deque
from collections.abc import Collection

from websockets.frames import Frame, Opcode

from chat.events import encode_event
from chat.events_live import Listening, OffAir
from chat.limits import ChatLimits
from chat.sound import CONCEALED, DISCONTINUOUS, SoundFrame, encode_sound
from hls.live import LIVE_CHANNELS, LIVE_RATE, ChunkCut, LiveRendition, OnAir
from streamer.fanout import write_to_all
from streamer.live.audience import Audience
from streamer.live.delays import typical_ms
from streamer.live.outlet import Deaf
from streamer.websocket import WebSocket, frame_text

_MAX_STREAMS = 1 << 16
_BURST_CHUNKS = 3  # a part: what a newcomer gets at once


def frame_sound(frame: SoundFrame) -> bytes:
    """A binary frame from the server, for every listener."""
    return Frame(Opcode.BINARY, encode_sound(frame)).serialize(mask=False)


class Stream:
    """One rendition of a show that is on, and who hears it.

    Attributes:
        number: in the header of its frames.
        greeting: the `listening` event, framed.
        sockets: all who hear it.
        lagging: those of them who miss sound, because they have not read what they were sent.
    """

    __slots__ = ("_next_ticks", "_recent", "greeting", "lagging", "number", "rendition", "sockets")

    def __init__(self, number: int, rendition: LiveRendition, show: OnAir, names: list[str]) -> None:
        self.number = number
        self.rendition = rendition
        self.sockets: set[WebSocket] = set()
        self.lagging: set[WebSocket] = set()
        self.greeting = frame_text(encode_event(_listening(number, rendition, show, names)))
        self._recent: deque[SoundFrame] = deque(maxlen=_BURST_CHUNKS)
        self._next_ticks: int | None = None  # where the next chunk is, if nothing is lost before it

    def add(self, show: OnAir, chunk: ChunkCut, *, concealed: bool) -> SoundFrame:
        """The frame of a chunk; newcomers will get it too."""
        flags = CONCEALED if concealed else 0
        if chunk.at_ticks != self._next_ticks:
            flags |= DISCONTINUOUS
            self._recent.clear()
        self._next_ticks = chunk.at_ticks + len(chunk.units) * self.rendition.frame_ticks
        frame = SoundFrame(self.number, show.time_us(chunk.at_ticks), chunk.units, flags)
        self._recent.append(frame)
        return frame

    @property
    def burst(self) -> bytes:
        """What a newcomer gets at once, to begin with something in hand: the newest chunks as one frame."""
        if not self._recent:
            return b""
        units = [unit for frame in self._recent for unit in frame.units]
        first, last = self._recent[0], self._recent[-1]
        return frame_sound(
            SoundFrame(self.number, first.at_us, units, DISCONTINUOUS | (last.flags & CONCEALED))
        )


class Room:
    """Who listens in a room, and what is on there.

    Attributes:
        wishes: the rendition that each has asked for, None for the first.
    """

    __slots__ = ("concealed", "show", "streams", "wishes")

    def __init__(self) -> None:
        self.show: OnAir | None = None
        self.streams: dict[str, Stream] = {}
        self.wishes: dict[WebSocket, str | None] = {}
        self.concealed = False

    def stream_for(self, wish: str | None) -> Stream:
        """The one that a listener gets."""
        return self.streams.get(wish or "") or next(iter(self.streams.values()))


class Listeners(Deaf):
    """The outlet of `listen`.

    A listener who has more than `max_sound_bytes` to read gets no more sound until all of it is read, and the
    next frame says then that it does not continue the one before. What is said in rooms reaches it meanwhile,
    as far as `max_outbox_bytes` lets it. Bounds: a room here has a show or a listener, and a listener is one
    of the room's members.

    Attributes:
        audience: counts those who listen.
        missed_total: chunks that did not go to a listener who lagged.
    """

    def __init__(self, limits: ChatLimits, audience: Audience) -> None:
        self._max_sound_bytes = limits.max_sound_bytes
        self.audience = audience
        self.missed_total = 0
        self._rooms: dict[str, Room] = {}
        self._numbers: set[int] = set()
        self._number = 0

    # --- from members

    def listen(self, socket: WebSocket, name: str, wish: str | None) -> None:
        """Let a member hear what is on, now or when it begins. It is answered.

        Args:
            wish: name of a rendition; None, or one that the show does not have, means the first.
        """
        room = self._rooms.setdefault(name, Room())
        if socket in room.wishes:
            self._untune(room, socket)
        else:
            self.audience.came(name, "websocket")
        room.wishes[socket] = wish
        if room.show is None:
            socket.write(frame_text(encode_event(OffAir(name))))
            return
        stream = room.stream_for(wish)
        stream.sockets.add(socket)
        socket.write(stream.greeting + stream.burst)

    def leave(self, socket: WebSocket, name: str) -> None:
        """A member hears no more. Idempotent."""
        room = self._rooms.get(name)
        if room is None or socket not in room.wishes:
            return
        self._untune(room, socket)
        del room.wishes[socket]
        self.audience.left(name, "websocket")
        self._forget_empty(name, room)

    def in_hand_ms(self, room: str) -> int | None:
        """How much sound a listener of a room has not heard yet; None where nobody listens."""
        here = self._rooms.get(room)
        streams = () if here is None or here.show is None else here.streams.values()
        hears = [stream for stream in streams if stream.sockets]
        if here is None or here.show is None or not hears:
            return None
        grid, most = here.show.grid, max(hears, key=lambda stream: len(stream.sockets))
        waiting = (socket.queued_bytes for socket in most.sockets)
        return typical_ms(1000 * grid.part_ticks / grid.timescale, waiting, most.rendition.bitrate)

    # --- from the show

    def started(self, show: OnAir) -> None:
        room = self._rooms.setdefault(show.room, Room())
        self._close_streams(room)
        room.show, room.concealed = show, False
        offered = [rendition for rendition in show.renditions if rendition.init]
        names = [rendition.name for rendition in offered]
        for rendition in offered:
            room.streams[rendition.name] = Stream(self._take_number(), rendition, show, names)
        for socket, wish in room.wishes.items():
            room.stream_for(wish).sockets.add(socket)
        for stream in room.streams.values():
            write_to_all(stream.sockets, stream.greeting)

    def renewed(self, show: OnAir) -> None:
        self.started(show)

    def chunk(self, show: OnAir, chunk: ChunkCut) -> None:
        room = self._rooms.get(show.room)
        stream = room.streams.get(chunk.rendition) if room else None
        if room is None or stream is None:
            return
        frame = stream.add(show, chunk, concealed=room.concealed)
        if stream.sockets:
            self._write(stream, frame)

    def interrupted(self, show: OnAir, *, interrupted: bool) -> None:
        room = self._rooms.get(show.room)
        if room is not None:
            room.concealed = interrupted

    def ended(self, show: OnAir) -> None:
        room = self._rooms.get(show.room)
        if room is None or room.show is None or room.show.show != show.show:
            return
        self._close_streams(room)
        room.show = None
        write_to_all(room.wishes, frame_text(encode_event(OffAir(show.room))))
        self._forget_empty(show.room, room)

    # --- inside

    def _write(self, stream: Stream, frame: SoundFrame) -> None:
        """To everyone, but for those who have too much to read already."""
        data = frame_sound(frame)
        ready: Collection[WebSocket] = stream.sockets
        congested = [socket for socket in stream.sockets if socket.congested]
        if congested or stream.lagging:
            ready = stream.sockets.difference(congested, stream.lagging)
        write_to_all(ready, data)
        for socket in congested:
            if socket in stream.lagging or socket.queued_bytes + len(data) > self._max_sound_bytes:
                stream.lagging.add(socket)
                self.missed_total += 1
            else:
                socket.queue(data)
        again = stream.lagging.difference(congested)
        if again:
            stream.lagging -= again
            again_frame = SoundFrame(frame.stream, frame.at_us, frame.units, frame.flags | DISCONTINUOUS)
            write_to_all(again, frame_sound(again_frame))

    def _untune(self, room: Room, socket: WebSocket) -> None:
        for stream in room.streams.values():
            stream.sockets.discard(socket)
            stream.lagging.discard(socket)

    def _close_streams(self, room: Room) -> None:
        self._numbers.difference_update(stream.number for stream in room.streams.values())
        room.streams = {}

    def _forget_empty(self, name: str, room: Room) -> None:
        if room.show is None and not room.wishes:
            del self._rooms[name]

    def _take_number(self) -> int:
        """One that no stream has; by and by they come round again."""
        self._number = (self._number + 1) % _MAX_STREAMS
        while self._number in self._numbers:
            self._number = (self._number + 1) % _MAX_STREAMS
        self._numbers.add(self._number)
        return self._number


def _listening(number: int, rendition: LiveRendition, show: OnAir, names: list[str]) -> Listening:
    return Listening(
        room=show.room,
        stream=number,
        show=show.show,
        rendition=rendition.name,
        renditions=names,
        codec=rendition.codecs,
        sample_rate=LIVE_RATE,
        channels=LIVE_CHANNELS,
        description=b64encode(rendition.description).decode(),
        frame_ticks=rendition.frame_ticks,
        began_at=show.began_at_us // 1000,
    )
