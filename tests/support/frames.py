"""A WebSocket client made of bytes, for frames that no library would send."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 1.3
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def head(port: int, path: str = "/ws", **fields: str) -> bytes:
    """An opening handshake; a field of None is left out, `Sec_WebSocket_Key` is Sec-WebSocket-Key."""
    lines = {
        "Host": f"127.0.0.1:{port}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
    } | {name.replace("_", "-"): value for name, value in fields.items()}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"GET {path} HTTP/1.1\r\n{text}\r\n".encode()


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    """A client's frame. The mask is zero, so the payload stays readable."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    mask = 0x80 if masked else 0
    length = len(payload)
    if length < 126:
        start = bytes((first, mask | length))
    elif length < 65536:
        start = bytes((first, mask | 126)) + struct.pack("!H", length)
    else:
        start = bytes((first, mask | 127)) + struct.pack("!Q", length)
    return start + (bytes(4) if masked else b"") + payload


def say(type: str, **fields: Any) -> bytes:
    return frame(TEXT, json.dumps({"type": type, **fields}).encode())


@dataclass
class Wire:
    """One connection, byte by byte."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    async def read_frame(self) -> tuple[int, bytes]:
        """The opcode and payload of the next frame, which must be whole and unmasked."""
        async with asyncio.timeout(10):
            first, second = await self.reader.readexactly(2)
            assert first & 0x80, "the server does not fragment"
            assert not first & 0x70, "no extension was agreed"
            assert not second & 0x80, "RFC 6455 5.1: a server must not mask"
            length = second
            if second == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif second == 127:
                (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first & 0x0F, await self.reader.readexactly(length)

    async def expect(self, type: str) -> dict[str, Any]:
        """The next text frame but presence."""
        while True:
            opcode, payload = await self.read_frame()
            if opcode == PING:
                continue
            assert opcode == TEXT, (opcode, payload)
            event: dict[str, Any] = json.loads(payload)
            if event["type"] != "presence":
                assert event["type"] == type, event
                return event

    async def expect_close(self) -> tuple[int | None, str]:
        """Code and reason of the close frame, whatever comes before it; and after it the end."""
        while True:
            opcode, payload = await self.read_frame()
            if opcode == CLOSE:
                break
        self.write(frame(CLOSE, payload))
        async with asyncio.timeout(10):
            assert await self.reader.read() == b"", "RFC 6455 5.5.1: nothing after a close frame"
        return (struct.unpack("!H", payload[:2])[0] if payload else None), payload[2:].decode()


@asynccontextmanager
async def wire(port: int, *, hello: str | None = "ann", limit: int = 1 << 24) -> AsyncIterator[Wire]:
    """An open WebSocket; greeted unless `hello` is None. It reads ahead up to twice `limit` bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=limit)
    connection = Wire(reader, writer)
    writer.write(head(port))
    async with asyncio.timeout(10):
        answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 101 "), answer
    if hello is not None:
        writer.write(say("hello", name=hello))
        await connection.expect("welcome")
    try:
        yield connection
    finally:
        writer.transport.abort()
