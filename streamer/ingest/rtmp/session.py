"""One RTMP connection, as a server sees it: bytes in, events and bytes out. No socket, no clock.

A connection publishes one stream, or is told why it may not.
"""

from collections.abc import Iterator
from enum import Enum
from itertools import chain
from typing import Final

from streamer.ingest.rtmp import chunks, messages
from streamer.ingest.rtmp.amf import AmfValue, text
from streamer.ingest.rtmp.audio import read_tag
from streamer.ingest.rtmp.chunks import ChunkReader, ChunkWriter, Message
from streamer.ingest.rtmp.events import Closed, Described, Event, Heard, PublishAsked, Unpublished
from streamer.ingest.rtmp.handshake import ServerHandshake
from streamer.ingest.rtmp.messages import Command, command, status
from streamer.ingest.rtmp.negotiation import can_reconnect, connected, read_key, refuse_app
from streamer.ingest.rtmp.wire import RtmpError

STREAM: Final = 1
"""The only one that a connection has."""

_ACK_EVERY_BYTES: Final = 1_000_000
_MIN_WINDOW_BYTES: Final = 4_096
_MAX_CALLS: Final = 200
_MAX_HELD_BYTES: Final = 1 << 20
_MESSAGE_BYTES: Final = 200  # what a message takes besides its payload


class State(Enum):
    SHAKING = "shaking hands"
    CONNECTING = "no connect yet"
    CONNECTED = "no publish yet"
    ASKING = "its key is being judged"
    PUBLISHING = "publishing"
    CLOSED = "closed"


class ServerSession:
    """The server's side of a connection.

    `receive_data` what comes and carry out its events; send what `data_to_send` returns whenever something
    was called. Bounds: those of the chunk reader, 1 MiB that came while a key was judged, and 200 commands
    before there is a stream.

    Args:
        entropy: 3,072 random bytes.
    """

    def __init__(self, entropy: bytes) -> None:
        self.state = State.SHAKING
        #: Bytes that came, and those of video among them.
        self.received_bytes = 0
        self.video_bytes = 0
        self._handshake = ServerHandshake(entropy)
        self._reader = ChunkReader()
        self._writer = ChunkWriter()
        self._out = bytearray()
        self._acked_bytes = 0
        self._ack_every_bytes = _ACK_EVERY_BYTES
        self._held: list[Message] = []
        self._held_bytes = 0
        self._calls = 0
        self._client = ""
        self._reconnects = False

    @property
    def kept_bytes(self) -> int:
        """What it holds of the client's."""
        return self._reader.kept_bytes + self._held_bytes

    def data_to_send(self) -> bytes:
        """What is to be sent now; it is forgotten here."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def receive_data(self, data: bytes) -> Iterator[Event]:
        """Events, in order. To be read to the end. After `Closed` nothing comes, whatever is received.

        What comes behind `PublishAsked` is held until it is answered; call this with nothing to have it then.
        A client that breaks a rule is told which, as far as it can be told anything, and closed.
        """
        if self._closed():
            return
        self.received_bytes += len(data)
        try:
            if self.state is State.SHAKING:
                data = self._shake(data)
            self._acknowledge()
            for message in chain(self._release(), self._reader.feed(data)):
                if self.state is State.ASKING:
                    self._hold(message)
                    continue
                yield from self._receive(message)
                if self._closed():
                    return
        except RtmpError as error:
            yield self._break_off(str(error))

    def accept(self) -> None:
        """It may publish."""
        if self.state is State.ASKING:
            self.state = State.PUBLISHING
            self._reader.admitted = True
            self._send(messages.stream_begins(STREAM))
            self._status(
                "status", "NetStream.Publish.Start", "publishing; sound is welcome, video is ignored"
            )

    def refuse(self, code: str, description: str) -> None:
        """It may not publish, and is to be closed. `code` is `BadName`, `Denied` or the like."""
        if self.state is State.ASKING:
            self.close("error", f"NetStream.Publish.{code}", description)

    def request_reconnect(self, description: str) -> None:
        """Ask a client that understands it to come again (Enhanced RTMP v2, "Reconnect Request")."""
        if self._reconnects and not self._closed():
            self._send(messages.status(0, "status", "NetConnection.Connect.ReconnectRequest", description))

    def close(self, level: str, code: str, description: str) -> None:
        """Say why nothing more is wanted; the connection is to be closed behind it."""
        if self.state in (State.CLOSED, State.SHAKING):
            self.state = State.CLOSED
            return
        if code.startswith("NetStream."):
            self._status(level, code, description)
        else:
            self._send(messages.status(0, level, code, description))
        self.state = State.CLOSED

    def ping(self, time_ms: int) -> None:
        """Ask for a sign of life."""
        if self.state not in (State.SHAKING, State.CLOSED):
            self._send(messages.ping(time_ms))

    @property
    def over(self) -> bool:
        """It is closed: what comes is thrown away."""
        return self._closed()

    def _closed(self) -> bool:
        return self.state is State.CLOSED

    def _break_off(self, reason: str) -> Closed:
        publishing = self.state in (State.PUBLISHING, State.ASKING)
        code = "NetStream.Publish.Failed" if publishing else "NetConnection.Connect.Failed"
        self.close("error", code, reason)
        return Closed(reason)

    def _shake(self, data: bytes) -> bytes:
        """Returns what comes behind the handshake."""
        handshake = self._handshake
        self._out += handshake.feed(data)
        if handshake.done:
            self.state = State.CONNECTING
        return handshake.rest

    def _hold(self, message: Message) -> None:
        self._held.append(message)
        self._held_bytes += len(message.payload) + _MESSAGE_BYTES
        if self._held_bytes > _MAX_HELD_BYTES:
            raise RtmpError(f"more than {_MAX_HELD_BYTES} bytes came before its key was judged")

    def _release(self) -> list[Message]:
        if self.state is State.ASKING:
            return []
        held, self._held, self._held_bytes = self._held, [], 0
        return held

    def _acknowledge(self) -> None:
        if self.received_bytes - self._acked_bytes >= self._ack_every_bytes:
            self._acked_bytes = self.received_bytes
            self._send(messages.acknowledgement(self.received_bytes))

    def _send(self, message: Message) -> None:
        channel = messages.COMMAND_CHANNEL if message.stream == 0 else messages.STREAM_CHANNEL
        if message.type < chunks.AUDIO:
            channel = messages.CONTROL_CHANNEL
        self._out += self._writer.write(channel, message)
        if message.type == chunks.SET_CHUNK_SIZE:
            self._writer.chunk_bytes = int.from_bytes(message.payload, "big")

    def _status(self, level: str, code: str, description: str) -> None:
        self._send(status(STREAM, level, code, description))

    def _receive(self, message: Message) -> Iterator[Event]:
        kind = message.type
        if kind == chunks.AUDIO:
            if self.state is State.PUBLISHING:
                yield Heard(message.timestamp_ms, read_tag(message.payload))
        elif kind == chunks.VIDEO:
            self.video_bytes += message.size
        elif kind in (chunks.COMMAND_AMF0, chunks.COMMAND_AMF3):
            yield from self._call(messages.read_command(message))
        elif kind in (chunks.DATA_AMF0, chunks.DATA_AMF3):
            yield from self._describe(message)
        elif kind == chunks.AGGREGATE:
            for part in messages.unpack_aggregate(message):
                if part.type in (chunks.AUDIO, chunks.VIDEO, chunks.DATA_AMF0) and not self._closed():
                    yield from self._receive(part)
        elif kind == chunks.WINDOW_ACK_SIZE:
            # RTMP 1.0, 5.4.4: the client waits when so much is on its way and nobody said that it came.
            window = int.from_bytes(message.payload[:4], "big")
            self._ack_every_bytes = min(_ACK_EVERY_BYTES, max(_MIN_WINDOW_BYTES, window // 2))
        elif kind == chunks.USER_CONTROL:
            asked_ms = messages.read_ping(message)
            if asked_ms is not None:
                self._send(messages.pong(asked_ms))

    def _describe(self, message: Message) -> Iterator[Event]:
        if self.state is not State.PUBLISHING:
            return
        name, values = messages.read_data(message)
        if name == "onMetaData" and values and isinstance(values[0], dict):
            yield Described(values[0])

    def _call(self, call: Command) -> Iterator[Event]:
        self._calls += 1
        if self._calls > _MAX_CALLS and self.state is not State.PUBLISHING:
            raise RtmpError(f"more than {_MAX_CALLS} commands, and none of them publishes")
        if self.state is State.CONNECTING:
            yield from self._connect(call)
        elif call.name == "publish":
            yield from self._publish(call)
        elif call.name in ("FCUnpublish", "deleteStream", "closeStream"):
            yield from self._unpublish(call)
        elif call.name in ("play", "play2"):
            where = "listen to /hls/live/ROOM/index.m3u8 on the server's web address"
            text_ = f"nothing is played over RTMP; {where}"
            self._status("error", "NetStream.Play.StreamNotFound", text_)
        elif call.transaction:
            self._answer(call)

    def _answer(self, call: Command) -> None:
        if call.name == "createStream":
            values: tuple[AmfValue, ...] = (None, float(STREAM))
        elif call.name in ("releaseStream", "FCPublish", "_checkbw", "getStreamLength"):
            values = (None, None)
        else:
            info: dict[str, AmfValue] = {
                "level": "error",
                "code": "NetConnection.Call.Failed",
                "description": f"{text(call.name, 40)} is no command of this server",
            }
            self._send(command("_error", call.transaction, None, info))
            return
        self._send(command("_result", call.transaction, *values))
        if call.name == "FCPublish":
            # Flash Media Live Encoder, and hardware that took after it, waits for this.
            info = {"level": "status", "code": "NetStream.Publish.Start", "description": "go on"}
            self._send(command("onFCPublish", 0.0, None, info))

    def _connect(self, call: Command) -> Iterator[Event]:
        if call.name != "connect":
            raise RtmpError(f"the first command is connect, not {text(call.name, 40)!r}")
        refused = refuse_app(call.properties.get("app"))
        for message in messages.terms():
            self._send(message)
        if refused:
            info: dict[str, AmfValue] = {
                "level": "error",
                "code": "NetConnection.Connect.Rejected",
                "description": refused,
            }
            self._send(command("_error", call.transaction, None, info))
            self.close("error", "NetConnection.Connect.Closed", refused)
            yield Closed(refused)
            return
        self.state = State.CONNECTED
        self._client = text(call.properties.get("flashVer"))
        self._reconnects = can_reconnect(call.properties)
        self._send(command("_result", call.transaction, *connected(call.properties)))

    def _publish(self, call: Command) -> Iterator[Event]:
        if self.state is not State.CONNECTED:
            raise RtmpError("a connection publishes one stream")
        self.state = State.ASKING
        yield PublishAsked(read_key(call.arguments), self._client)

    def _unpublish(self, call: Command) -> Iterator[Event]:
        if self.state is not State.PUBLISHING:
            return
        self._status("status", "NetStream.Unpublish.Success", "the stream is over")
        self.state = State.CONNECTED
        self._reader.admitted = False
        yield Unpublished()
