"""A WebSocket on a transport: messages, backpressure, close. `websockets` has the rules of RFC 6455."""

import asyncio
import logging
from collections import deque
from typing import Protocol

from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol as WireProtocol
from websockets.protocol import Side, State

from chat.errors import CloseCode
from chat.networks import Address
from chat.outbox import Verdict, judge
from chat.roles import Person
from chat.session import Session
from streamer.burst import Burst
from streamer.fanout import write_to_all

PING_FRAME = Frame(Opcode.PING, b"").serialize(mask=False)

# The library tells of every connection at INFO; ours are counted instead.
quiet_logger = logging.getLogger("streamer.websocket")
quiet_logger.setLevel(logging.WARNING)


def frame_text(payload: bytes) -> bytes:
    """A text frame from the server. It is not masked, so the same bytes do for every client."""
    return Frame(Opcode.TEXT, payload).serialize(mask=False)


class Peer(Protocol):
    """Who listens to a WebSocket.

    Attributes:
        burst: with which many are written to at once; None: one after the other.
    """

    max_outbox_bytes: int
    burst: Burst | None

    def receive_text(self, socket: "WebSocket", text: bytes) -> None:
        """A whole text message, valid UTF-8."""

    def receive_binary(self, socket: "WebSocket", payload: bytes) -> None:
        """A whole binary message."""

    def closing(self, socket: "WebSocket", code: int) -> None:
        """Nothing more is received or sent; the connection is to be aborted if it does not end soon."""

    def lost(self, socket: "WebSocket") -> None:
        """The connection has ended."""


def _descriptor(transport: asyncio.Transport) -> int:
    descriptor: int = transport.get_extra_info("socket").fileno()
    return descriptor


class WebSocket(asyncio.Protocol):
    """One open connection.

    While `wait` is in force, or the peer has not read all it was sent, messages are held and the transport is
    not read: so a client is never ahead of its answers. Bound: one read of the transport.

    As long as nothing waits in the transport, what is sent goes past it, straight to the descriptor, for half
    the cost. That is safe because transports call `connection_lost` before they close it, uvloop's too.

    Attributes:
        fd: the descriptor, or -1 when frames must be given to `queue`.
        address: who is at the other end, behind proxies; None when that is not known.
        person: who it is, once that was found out.
        heard: something arrived since this was last set to False.
        congested: something waits to be read by the peer.
        slot: for whoever keeps many of these.
    """

    __slots__ = (
        "_closing",
        "_held",
        "_message",
        "_peer",
        "_waiting",
        "_wire",
        "address",
        "congested",
        "fd",
        "heard",
        "person",
        "session",
        "slot",
        "transport",
    )

    def __init__(
        self, transport: asyncio.Transport, peer: Peer, session: Session, max_frame_bytes: int
    ) -> None:
        assert transport.get_extra_info("sslcontext") is None, "past it nothing would be encrypted"
        transport.set_write_buffer_limits(0)  # `pause_writing` means: something is left in the buffer
        self.transport = transport
        self.fd = _descriptor(transport)
        self.session = session
        self.address: Address | None = None
        self.person: Person | None = None
        self.heard = True
        self.congested = False
        self.slot = 0
        self._peer = peer
        self._wire = WireProtocol(
            Side.SERVER, state=State.OPEN, max_size=max_frame_bytes, logger=quiet_logger
        )
        self._message: bytearray | None = None  # a fragmented one, so far
        self._held: deque[tuple[bool, bytes]] | None = None  # whole messages; True for binary ones
        self._waiting = False
        self._closing = False

    @property
    def queued_bytes(self) -> int:
        """What the peer has not read, and the kernel not taken."""
        return self.transport.get_write_buffer_size()

    @property
    def burst(self) -> Burst | None:
        return self._peer.burst

    # --- from the hub

    def write(self, frames: bytes) -> None:
        """Write whole frames. A peer that has too much to read already is cut off instead."""
        write_to_all((self,), frames)

    def queue(self, rest: bytes) -> None:
        """Leave to the transport what the descriptor did not take, unless too much waits there already."""
        if self._closing:
            return
        queued_bytes = self.transport.get_write_buffer_size()
        if self.congested and judge(queued_bytes, len(rest), self._peer.max_outbox_bytes) is Verdict.SLOW:
            self.close(CloseCode.SLOW_READER)
        else:
            self.transport.write(rest)

    def wait(self) -> None:
        """Hold messages back until `go_on`."""
        self._waiting = True
        self._read_or_pause()

    def go_on(self) -> None:
        """Deliver what was held, and what comes."""
        self._waiting = False
        self._pump()

    def close(self, code: CloseCode) -> None:
        """Start the closing handshake; what was written before goes first. Idempotent."""
        if not self._closing:
            self._wire.send_close(code, code.reason)
            self._flush()

    def close_later(self, code: CloseCode) -> None:
        """Close when what is being written now is written."""
        asyncio.get_running_loop().call_soon(self.close, code)

    def abort(self) -> None:
        """Drop the connection and what was not sent."""
        self.transport.abort()

    # --- from the transport

    def data_received(self, data: bytes) -> None:
        self.heard = True
        wire = self._wire
        wire.receive_data(data)
        for event in wire.events_received():
            assert isinstance(event, Frame)
            self._receive_frame(event)
        self._flush()

    def pause_writing(self) -> None:
        self.congested = True
        self.fd = -1
        self._read_or_pause()

    def resume_writing(self) -> None:
        self.congested = False
        if not self._closing:
            self.fd = _descriptor(self.transport)
        self.heard = True
        self._pump()

    def eof_received(self) -> None:
        self._wire.receive_eof()
        self._end(1006)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(1006)
        self._peer.lost(self)

    # --- inside

    def _receive_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT or frame.opcode is Opcode.BINARY:
            binary = frame.opcode is Opcode.BINARY
            if frame.fin:
                self._receive_message(binary, bytes(frame.data))
            else:
                # The library remembers what kind of message it is in; so do we, by the first byte.
                self._message = bytearray((binary,)) + frame.data
        elif frame.opcode is Opcode.CONT:
            assert self._message is not None
            self._message += frame.data
            if frame.fin:
                message, self._message = self._message, None
                self._receive_message(bool(message[0]), bytes(message[1:]))

    def _receive_message(self, binary: bool, message: bytes) -> None:
        if self._closing:
            return
        if not binary:
            try:
                message.decode()
            except UnicodeDecodeError:
                # RFC 6455 8.1: "the endpoint MUST _Fail the WebSocket Connection_".
                self._wire.fail(CloseCode.INVALID_TEXT, CloseCode.INVALID_TEXT.reason)
                self._flush()
                return
        if self._held or self._waiting or self.congested:
            self._held = self._held or deque()
            self._held.append((binary, message))
            self._read_or_pause()
        else:
            self._deliver(binary, message)

    def _deliver(self, binary: bool, message: bytes) -> None:
        if binary:
            self._peer.receive_binary(self, message)
        else:
            self._peer.receive_text(self, message)

    def _pump(self) -> None:
        while self._held and not (self._waiting or self.congested or self._closing):
            self._deliver(*self._held.popleft())
        if not self._held:
            self._held = None
        self._read_or_pause()

    def _read_or_pause(self) -> None:
        """Read, unless what is read could not be answered yet."""
        if self.transport.is_closing():
            return
        if (self._held or self._waiting or self.congested) and not self._closing:
            self.transport.pause_reading()
        elif not self.transport.is_reading():
            self.transport.resume_reading()

    def _flush(self) -> None:
        """Send what the protocol has to say: pongs, a close frame, the end."""
        for data in self._wire.data_to_send():
            if self.transport.is_closing():
                break
            if data:
                self.transport.write(data)
            elif self._wire.close_rcvd is not None:
                self.transport.close()  # both have said so: RFC 6455 7.1.1 has the server close first
            else:
                # Half-closed only: with unread bytes from the peer, a close would reset the connection, and
                # the close frame might never be seen.
                self.transport.write_eof()
        if self._wire.close_expected():
            sent = self._wire.close_sent
            self._end(sent.code if sent is not None else 1006)

    def _end(self, code: int) -> None:
        if not self._closing:
            self._closing = True
            self.fd = -1
            self._held = self._message = None
            self._peer.closing(self, code)
            self._read_or_pause()
