"""One source over HTTP, from the end of its head to the end of its connection."""

import asyncio
from typing import TYPE_CHECKING

import structlog

from chat.networks import Address
from streamer.ingest.answer import CONTINUE, GO_ON, PRESENT, THANKS, dismissal, refusal
from streamer.ingest.request import SourceRequest
from streamer.ingest.sound import sound_of
from streamer.live.line import Admission, Dismissal, Line
from streamer.refusal import Refused
from streamer.wheel import Deadline

if TYPE_CHECKING:
    from streamer.ingest.http import HttpWay

log = structlog.get_logger()


class HttpSource(asyncio.Protocol):
    """What the transport of a source calls, and the stage.

    It is read only as fast as the stage takes what it brings; one read of the transport is held beyond that.

    Attributes:
        address: of who sends it; None if that is not known.
    """

    __slots__ = (
        "_deadline",
        "_held",
        "_line",
        "_request",
        "_sound",
        "_told",
        "_transport",
        "_way",
        "address",
    )

    def __init__(self, way: "HttpWay", transport: asyncio.Transport, address: Address | None) -> None:
        self._way = way
        self._transport = transport
        self.address = address
        self._request: SourceRequest | None = None
        self._held = b""
        self._line: Line | None = None
        self._told = False  # the final status is out
        self._deadline = Deadline(way.wheel, way.idle_ticks, self._expire)

    # --- from the way in

    def wait(self, request: SourceRequest, held: bytes) -> None:
        """The key is being judged; what comes is left where it is."""
        self._request, self._held = request, held
        self._sound = sound_of(request)
        self._pause()

    def enter(self, admission: Admission) -> None:
        """The key is good. Raises StageFull."""
        request = self._request
        if request is None:
            return  # it is gone, or was sent away
        if request.empty:
            self._end(PRESENT, 200)
            return
        line = self._line = self._way.stage.connect(admission, request.offer, self)
        if self._request is None:
            self._line = None  # dismissed while it connected
            return
        self._way.stats.open += 1
        if request.expects:
            self._transport.write(CONTINUE)
        elif request.waits:
            self._told = True
            self._transport.write(GO_ON)
        self._deadline.set(self._way.idle_ticks)
        held, self._held = self._held, b""
        if not line.full:
            self._read_on()
        if held:
            self.data_received(held)

    def refuse(self, refused: Refused) -> None:
        """Say why it is not wanted, and close; what it still sends is thrown away."""
        self._end(refusal(refused), refused.status)

    # --- from the stage

    def dismissed(self, dismissal_: Dismissal) -> None:
        request = self._request
        if self._line is not None:
            self._line = None
            self._way.stats.open -= 1
        if request is not None:
            log.info("source dismissed", room=request.room, code=dismissal_.code, reason=dismissal_.reason)
            self.refuse(dismissal(dismissal_))

    def may_write(self) -> None:
        if self._line is not None:
            self._deadline.set(self._way.idle_ticks)
            self._read_on()

    # --- from the transport

    def data_received(self, data: bytes) -> None:
        line = self._line
        if line is None:
            return
        self._deadline.tick = self._way.wheel.tick + self._way.idle_ticks
        try:
            pieces = self._sound.feed(data)
        except Refused as refused:
            self._leave(complete=False)
            self.refuse(refused)
            return
        for piece in pieces:
            self._way.stats.received_bytes += len(piece)
            line.write(piece)
        if self._line is None:
            return  # dismissed for what it sent
        if self._sound.done:
            self._leave(complete=True)
            self._end(THANKS, 200)
        elif line.full:
            self._pause()

    def eof_received(self) -> bool:
        """Without framing this is the end, or the client died: nobody can tell, so it counts as broken."""
        if self._line is not None:
            self._leave(complete=False)
            self._end(THANKS, 200)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave(complete=False)
        self._request, self._held = None, b""
        self._deadline.cancel()
        self._way.forget(self)

    def _leave(self, *, complete: bool) -> None:
        """The stage gets no more of it."""
        line, self._line = self._line, None
        if line is not None:
            assert self._request is not None
            self._way.stats.open -= 1
            log.info("source left", room=self._request.room, complete=complete)
            line.close(complete=complete)

    def _end(self, answer: bytes, status: int) -> None:
        """Say the last word, unless there was one, and let the client read it."""
        self._request, self._held = None, b""
        self._way.forget(self)
        if self._transport.is_closing():
            return
        self._way.stats.answers_total[status] += 1
        if not self._told:
            self._told = True
            self._transport.write(answer)
        self._transport.write_eof()
        self._deadline.set(self._way.linger_ticks)
        self._read_on()

    def _pause(self) -> None:
        if not self._transport.is_closing() and self._transport.is_reading():
            self._transport.pause_reading()

    def _read_on(self) -> None:
        # A transport that has failed is closed before `connection_lost` says so, and uvloop's then raises.
        if not self._transport.is_closing() and not self._transport.is_reading():
            self._transport.resume_reading()

    def _expire(self) -> None:
        if self._line is None:
            if self._request is None:
                self._transport.abort()  # it has had its time to read the answer
        elif self._transport.is_reading():
            self._leave(complete=False)
            self.refuse(Refused(408, "nothing came for too long"))
