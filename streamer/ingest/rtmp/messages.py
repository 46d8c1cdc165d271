"""Messages with a meaning: commands and metadata, and those that control the connection."""

import struct
from typing import Final

import msgspec

from streamer.ingest.rtmp import chunks
from streamer.ingest.rtmp.amf import AmfValue, decode, encode
from streamer.ingest.rtmp.chunks import Message
from streamer.ingest.rtmp.wire import RtmpError

CONTROL_CHANNEL: Final = 2
COMMAND_CHANNEL: Final = 3
STREAM_CHANNEL: Final = 5

_STREAM_BEGIN: Final = 0
_PING: Final = 6
_PONG: Final = 7
_DYNAMIC_LIMIT: Final = 2
_WINDOW_BYTES: Final = 2_500_000
_CHUNK_BYTES: Final = 4_096


class Command(msgspec.Struct, frozen=True):
    """A remote call.

    Attributes:
        transaction: by which its answer is known; 0 for none.
        properties: its command object; empty if there is none.
        arguments: what comes behind.
    """

    name: str
    transaction: float
    properties: dict[str, AmfValue]
    arguments: list[AmfValue]
    stream: int


def read_command(message: Message) -> Command:
    """A message of type 20 or 17.

    Raises:
        RtmpError: not a command.
    """
    values = _values(message)
    name = values[0] if values else None
    if not isinstance(name, str):
        raise RtmpError("a command begins with its name")
    number = values[1] if len(values) > 1 else 0.0
    transaction = float(number) if isinstance(number, int | float) else 0.0
    properties = values[2] if len(values) > 2 else None
    found = properties if isinstance(properties, dict) else {}
    return Command(name, transaction, found, values[3:], message.stream)


def read_data(message: Message) -> tuple[str, list[AmfValue]]:
    """A message of type 18 or 15: the name of its handler, and what it says.

    Raises:
        RtmpError: not data.
    """
    values = _values(message)
    if values and values[0] == "@setDataFrame":
        del values[0]
    name = values[0] if values else ""
    return (name if isinstance(name, str) else ""), values[1:]


def _values(message: Message) -> list[AmfValue]:
    payload = message.payload
    if message.type in (chunks.COMMAND_AMF3, chunks.DATA_AMF3) and payload[:1] == b"\0":
        payload = payload[1:]  # it is AMF0 all the same, until a value changes over
    return decode(payload)


def read_ping(message: Message) -> int | None:
    """The time in a ping, to be sent back; None for any other user control message."""
    if len(message.payload) < 6 or int.from_bytes(message.payload[:2], "big") != _PING:
        return None
    return int.from_bytes(message.payload[2:6], "big")


def command(name: str, transaction: float, *values: AmfValue, stream: int = 0) -> Message:
    """A call, or the answer to one (`_result`, `_error`), or `onStatus`."""
    return _message(chunks.COMMAND_AMF0, stream, encode(name, transaction, *values))


def status(stream: int, level: str, code: str, description: str, **more: AmfValue) -> Message:
    """`onStatus`. `level` is status, warning or error; `description` is for people."""
    info: dict[str, AmfValue] = {"level": level, "code": code, "description": description, **more}
    return command("onStatus", 0.0, None, info, stream=stream)


def stream_begins(stream: int) -> Message:
    return _message(chunks.USER_CONTROL, 0, struct.pack(">HI", _STREAM_BEGIN, stream))


def pong(time_ms: int) -> Message:
    return _message(chunks.USER_CONTROL, 0, struct.pack(">HI", _PONG, time_ms))


def ping(time_ms: int) -> Message:
    return _message(chunks.USER_CONTROL, 0, struct.pack(">HI", _PING, time_ms))


def acknowledgement(received_bytes: int) -> Message:
    """How much has arrived, handshake included, modulo 2**32."""
    return _message(chunks.ACKNOWLEDGEMENT, 0, struct.pack(">I", received_bytes % (1 << 32)))


def terms() -> list[Message]:
    """What a server says first: how much may be on its way, and how large its chunks are."""
    return [
        _message(chunks.WINDOW_ACK_SIZE, 0, struct.pack(">I", _WINDOW_BYTES)),
        _message(chunks.SET_PEER_BANDWIDTH, 0, struct.pack(">IB", _WINDOW_BYTES, _DYNAMIC_LIMIT)),
        set_chunk_size(_CHUNK_BYTES),
    ]


def set_chunk_size(size: int) -> Message:
    return _message(chunks.SET_CHUNK_SIZE, 0, struct.pack(">I", size))


def unpack_aggregate(message: Message) -> list[Message]:
    """The messages inside one of type 22, their times counted on from its own.

    Raises:
        RtmpError: they don't fill it as they say.

    Source: RTMP 1.0, 7.1.6.
    """
    payload, at, found, first_ms = message.payload, 0, [], None
    while at < len(payload):
        head = payload[at : at + 11]
        if len(head) < 11:
            raise RtmpError(f"an aggregate message ends inside a header, {len(head)} bytes of 11")
        size = int.from_bytes(head[1:4], "big")
        time_ms = int.from_bytes(head[7:8] + head[4:7], "big")
        first_ms = time_ms if first_ms is None else first_ms
        body = payload[at + 11 : at + 11 + size]
        if len(body) < size:
            raise RtmpError(f"an aggregate message holds {size} bytes of which {len(body)} are there")
        at_ms = (message.timestamp_ms + time_ms - first_ms) % (1 << 32)
        found.append(Message(head[0], message.stream, at_ms, body, size))
        at += 11 + size + 4  # its length is repeated behind it
    return found


def _message(kind: int, stream: int, payload: bytes) -> Message:
    return Message(kind, stream, 0, payload, len(payload))
