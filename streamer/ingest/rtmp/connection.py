"""One RTMP connection: between the transport, the session, and the stage."""

import asyncio
from typing import TYPE_CHECKING, Final, cast

import structlog

from chat.networks import Address
from streamer.ingest.rtmp.amf import AmfValue, text
from streamer.ingest.rtmp.audio import AudioTag
from streamer.ingest.rtmp.events import Closed, Described, Event, Heard, PublishAsked, Unpublished
from streamer.ingest.rtmp.flv import FlvWriter
from streamer.ingest.rtmp.session import ServerSession
from streamer.ingest.rtmp.wire import RtmpError
from streamer.live.line import Admission, Dismissal, Line, Offer, StageFull
from streamer.wheel import Deadline

if TYPE_CHECKING:
    from streamer.ingest.rtmp.server import RtmpWay

ENTROPY_BYTES: Final = 3_072

# What a client is told when the stage lets go of it: level and code.
_FAREWELLS: Final = {
    "taken-over": ("error", "NetStream.Publish.BadName"),
    "revoked": ("error", "NetStream.Publish.Denied"),
    "refused": ("error", "NetStream.Publish.Rejected"),
    "ended": ("status", "NetStream.Unpublish.Success"),
    "stopping": ("status", "NetConnection.Connect.Closed"),
    "stalled": ("error", "NetStream.Publish.Idle"),
}

log = structlog.get_logger()


class RtmpConnection(asyncio.Protocol):
    """What the transport of an RTMP client calls, and the stage.

    It is read only as fast as the stage takes its sound and as it reads what it is told; one read of the
    transport is held beyond that. A line on the stage is there from the first sound on, so that a client
    that has none takes nobody's place.

    Attributes:
        address: of who connects.
        network: its, for the way in to count by; empty where it says little about people.
    """

    def __init__(self, way: "RtmpWay", entropy: bytes) -> None:
        self._way = way
        self._session = ServerSession(entropy)
        self.address: Address | None = None
        self.network = ""
        self._how = "silent"
        self._stranger = True
        self._gone = False
        self._counted_bytes = self._counted_video_bytes = 0
        self._blocked = False  # the client does not read
        self._asking = False
        self._admission: Admission | None = None
        self._client = ""
        self._words: tuple[str, str] = ("", "")
        self._flv = FlvWriter()
        self._line: Line | None = None

    # --- from the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        way = self._way
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclasses of asyncio's
        self._deadline = Deadline(way.wheel, way.introduction_ticks, self._expire)
        self.address = way.address_of(transport)
        crowded = way.enter(self)
        if crowded:
            # Before the handshake nothing can be said.
            log.info("source refused", way="rtmp", network=self.network, why=crowded)
            self._how = "crowded"
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._line is not None:
            self._deadline.tick = self._way.wheel.tick + self._way.idle_ticks
        self._receive(data)

    def pause_writing(self) -> None:
        self._blocked = True
        self._deadline.set(self._way.write_ticks)
        self._pace()

    def resume_writing(self) -> None:
        self._blocked = False
        self._deadline.set(self._way.idle_ticks if self._admission else self._way.introduction_ticks)
        self._pace()

    def eof_received(self) -> bool:
        self._leave(complete=False)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave(complete=False)
        self._gone = True
        self._know()
        self._deadline.cancel()
        self._way.leave(self, self._how)

    # --- from the way in

    def admit(self, admission: Admission) -> None:
        """Its key is good."""
        self._asking = False
        if self._gone:
            return
        self._know()
        self._admission = admission
        self._how = "published"
        self._deadline.set(self._way.sound_ticks)
        self._session.accept()
        self._receive(b"")  # what came meanwhile

    def refuse(self, how: str, code: str, description: str) -> None:
        """It may not publish."""
        self._asking = False
        if not self._gone:
            self._session.refuse(code, description)
            self._part(how)

    def abort(self) -> None:
        self._transport.abort()

    # --- from the stage

    def dismissed(self, dismissal: Dismissal) -> None:
        line, self._line = self._line, None
        if line is not None:
            self._way.stats.publishing -= 1
        if self._gone:
            return
        if dismissal.code == "stopping":
            self._session.request_reconnect(dismissal.reason)
        self._session.close(*_FAREWELLS[dismissal.code], dismissal.reason)
        self._part(dismissal.code.replace("-", "_"))

    def may_write(self) -> None:
        self._deadline.tick = self._way.wheel.tick + self._way.idle_ticks
        self._pace()

    # --- inside

    def _receive(self, data: bytes) -> None:
        for event in self._session.receive_data(data):
            self._carry_out(event)
        self._count()
        self._flush()
        self._pace()

    def _carry_out(self, event: Event) -> None:
        if isinstance(event, Heard):
            self._hear(event.timestamp_ms, event.tag)
        elif isinstance(event, Described):
            self._describe(event.properties)
        elif isinstance(event, PublishAsked):
            self._ask(event)
        elif isinstance(event, Unpublished):
            self._leave(complete=True)
            self._admission = None
            self._flv = FlvWriter()
        else:
            self._break_off(event)

    def _ask(self, asked: PublishAsked) -> None:
        self._client = asked.client
        retry_s = self._way.retry_s(self)
        if retry_s:
            self._session.refuse("Denied", f"too many wrong keys; try again in {retry_s} s")
            self._part("bad_key")
        else:
            self._asking = True
            self._way.judge(self, asked.key)

    def _describe(self, properties: dict[str, AmfValue]) -> None:
        self._client = text(properties.get("encoder")) or self._client
        self._words = text(properties.get("artist"), 300), text(properties.get("title"), 300)
        if self._line is not None:
            self._announce(self._line)

    def _announce(self, line: Line) -> None:
        artist, title = self._words
        if artist or title:
            line.title(artist or None, title or None, None)

    def _hear(self, timestamp_ms: int, tag: AudioTag) -> None:
        if self._admission is None:
            return
        try:
            sound = self._flv.write(timestamp_ms, tag)
        except RtmpError as error:
            self._session.close("error", "NetStream.Publish.Rejected", str(error))
            self._leave(complete=False)
            self._part("bad_rtmp")
            return
        if not sound:
            return
        line = self._line or self._connect(self._admission)
        if line is not None:
            line.write(sound)

    def _connect(self, admission: Admission) -> Line | None:
        """The first sound is there."""
        offer = Offer(way="rtmp", container="flv", client=self._client)
        try:
            line = self._way.stage.connect(admission, offer, self)
        except StageFull as error:
            self._session.close("error", "NetStream.Publish.Denied", str(error))
            self._part("full")
            return None
        if self._session.over:
            return None  # dismissed while it connected
        self._line = line
        self._way.stats.publishing += 1
        self._deadline.tick = self._way.wheel.tick + self._way.idle_ticks
        log.debug("rtmp sounds", room=admission.room, sound=self._flv.codec)
        self._announce(line)
        return line

    def _break_off(self, closed: Closed) -> None:
        log.info("source sent away", way="rtmp", network=self.network, why=closed.reason)
        self._leave(complete=False)
        self._part("bad_rtmp")

    def _expire(self) -> None:
        """The deadline is over: judge whose fault it is."""
        self._deadline.set(self._way.idle_ticks)
        if self._session.over or self._blocked:
            self._transport.abort()
        elif self._line is not None:
            if self._transport.is_reading():
                self._leave(complete=False)
                self._say_late(f"nothing came for {self._way.idle_s:g} s")
        elif self._admission is not None:
            self._say_late(f"no sound came within {self._way.sound_s:g} s; is there an audio track?")
        elif not self._asking:
            self._say_late("no stream key came in time")

    def _say_late(self, reason: str) -> None:
        self._session.close("error", "NetStream.Publish.Idle", reason)
        self._part("late")

    def _leave(self, *, complete: bool) -> None:
        """The stage gets no more of it."""
        line, self._line = self._line, None
        if line is not None:
            self._way.stats.publishing -= 1
            line.close(complete=complete)

    def _part(self, how: str) -> None:
        """Say what there is to be said, and let the client read it: what it still sends is thrown away."""
        self._how = how
        self._flush()
        if self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._deadline.set(self._way.linger_ticks)
        self._pace()

    def _flush(self) -> None:
        out = self._session.data_to_send()
        if out and not self._transport.is_closing():
            self._transport.write(out)

    def _pace(self) -> None:
        """Read, unless somebody has to be waited for."""
        transport, line = self._transport, self._line
        if transport.is_closing():
            return
        waits = self._asking or self._blocked or (line is not None and line.full)
        if waits and not self._session.over:
            if transport.is_reading():
                transport.pause_reading()
        elif not transport.is_reading():
            transport.resume_reading()

    def _know(self) -> None:
        if self._stranger:
            self._stranger = False
            self._way.know(self)

    def _count(self) -> None:
        session, stats = self._session, self._way.stats
        stats.received_bytes += session.received_bytes - self._counted_bytes
        stats.video_bytes += session.video_bytes - self._counted_video_bytes
        self._counted_bytes, self._counted_video_bytes = session.received_bytes, session.video_bytes
