"""Thousands of chat clients that keep to the rules: they resume, back off, and come back when told to."""

import asyncio
import base64
import os
import random
import struct
import time
from collections import Counter, deque
from typing import cast

import msgspec

from bench.subscribers import HANDSHAKE, masked_text_frame

BACKOFF_S = 1.0
MAX_BACKOFF_S = 30.0
TIMESTAMP = b'"body":"t='

_TEXT, _CLOSE, _PING = 0x81, 0x88, 0x89
_PONG = b"\x8a\x80" + bytes(4)


class Frame(msgspec.Struct, frozen=True):
    """What is read of the frames that are rare."""

    type: str
    token: str = ""
    epoch: str = ""
    seq: int = 0
    nonce: str = ""
    code: str = ""
    recovered: bool = False
    reconnect_ms: int = 0
    messages: list["Frame"] = []


_decode = msgspec.json.Decoder(Frame).decode


class Crowd:
    """What all clients of a process have in common: where they connect to, and what they have seen.

    Attributes:
        joined: clients that are in their room now.
        delays_s: (when, how long after it was sent) of each live message.
        wrong: what must not happen, counted.
    """

    def __init__(self, port: int, clients: int, rooms: int, first: int) -> None:
        """Args: `first` is the number of the first of `clients`, whose numbers choose their rooms."""
        self.port = port
        self.loop = asyncio.get_running_loop()
        self.joined = 0
        self.delays_s: list[tuple[float, float]] = []
        self.answers: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.clients = [Client(self, f"storm-{number % rooms}") for number in range(first, first + clients)]

    def open_over(self, seconds: float) -> None:
        """Connect everyone for the first time."""
        for client in self.clients:
            self.loop.call_later(random.random() * seconds, client.connect)

    def close(self) -> None:
        for client in self.clients:
            client.leave()


class Client:
    """One client: its connection of the moment, and what outlives it."""

    __slots__ = (
        *("_attempts", "_crowd", "_delay_s", "_ended", "_line", "_token"),
        *("_unanswered", "epoch", "joined", "room", "seq"),
    )

    def __init__(self, crowd: Crowd, room: str) -> None:
        self.room = room
        self.epoch, self.seq = "", 0
        self._crowd = crowd
        self._token = ""
        self._attempts = 0
        self._delay_s: float | None = None  # as the server asked
        self._line: Line | None = None
        self.joined = self._ended = False
        self._unanswered: deque[tuple[str, bytes]] = deque()  # nonce and frame

    def connect(self) -> None:
        self._crowd.loop.create_task(self._connect())

    async def _connect(self) -> None:
        try:
            await self._crowd.loop.create_connection(self._made, "127.0.0.1", self._crowd.port)
        except OSError:
            self._crowd.answers["no server"] += 1
            self.lost()

    def _made(self) -> "Line":
        self._line = Line(self, self._crowd.port)
        return self._line

    def say(self, body: bytes) -> None:
        """Send a message, now or when there is a line again."""
        nonce = base64.b16encode(os.urandom(8)).decode()
        send = {"type": "send", "room": self.room, "nonce": nonce, "body": body.decode()}
        frame = masked_text_frame(msgspec.json.encode(send))
        self._unanswered.append((nonce, frame))
        if self.joined and self._line is not None:
            self._line.transport.write(frame)

    def leave(self) -> None:
        self._ended = True
        if self._line is not None:
            self._line.transport.abort()

    # --- from the line

    def answered(self, status: str, retry_s: int) -> None:
        self._crowd.answers[status] += 1
        if status != "101":
            self._delay_s = retry_s + random.random()
            return
        hello = {"type": "hello", "token": self._token} if self._token else {"type": "hello", "name": "x"}
        join: dict[str, object] = {"type": "join", "room": self.room}
        if self.epoch:
            join |= {"epoch": self.epoch, "seq": self.seq}
        assert self._line is not None
        for command in (hello, join):
            self._line.transport.write(masked_text_frame(msgspec.json.encode(command)))

    def receive(self, payload: bytes) -> None:
        if payload.startswith(b'{"type":"message"'):
            self._receive_message(payload)
        elif payload.startswith((b'{"type":"presence"', b'{"type":"members"')):
            pass
        else:
            self._receive_other(_decode(payload))

    def _receive_message(self, payload: bytes) -> None:
        now_s = time.monotonic()
        at = payload.index(b'"seq":') + 6
        self._see(int(payload[at : payload.index(b",", at)]))
        start = payload.find(TIMESTAMP)
        if start >= 0:
            sent_s = int(payload[start + len(TIMESTAMP) :].split(b" ", 1)[0]) / 1e9
            self._crowd.delays_s.append((now_s, now_s - sent_s))

    def _receive_other(self, frame: Frame) -> None:
        if frame.type == "welcome":
            self._token = frame.token
        elif frame.type == "joined":
            self._join(frame)
        elif frame.type == "ack":
            self._unanswered = deque(kept for kept in self._unanswered if kept[0] != frame.nonce)
        elif frame.type == "drain":
            self._delay_s = frame.reconnect_ms / 1000
        else:
            self._crowd.wrong[f"{frame.type} {frame.code}"] += 1

    def _join(self, frame: Frame) -> None:
        if self.epoch and not frame.recovered:
            self._crowd.wrong["not recovered"] += 1
            self.seq = frame.seq
        elif not self.epoch:
            self.seq = frame.seq
        for missed in frame.messages if frame.recovered else ():
            self._see(missed.seq)
        self.epoch = frame.epoch
        self.joined, self._attempts = True, 0
        self._crowd.joined += 1
        assert self._line is not None
        self._line.transport.write(b"".join(frame for _, frame in self._unanswered))

    def _see(self, seq: int) -> None:
        if seq != self.seq + 1:
            self._crowd.wrong["out of order"] += 1
        self.seq = seq

    def lost(self) -> None:
        self._line = None
        self._crowd.joined -= self.joined
        self.joined = False
        if self._ended:
            return
        delay_s, self._delay_s = self._delay_s, None
        if delay_s is None:
            delay_s = random.random() * min(MAX_BACKOFF_S, BACKOFF_S * 2**self._attempts)
            self._attempts += 1
        self._crowd.loop.call_later(delay_s, self.connect)


class Line(asyncio.Protocol):
    """One connection of a client: the handshake and the frames."""

    __slots__ = ("_client", "_opened", "_port", "_received", "transport")

    def __init__(self, client: Client, port: int) -> None:
        self._client = client
        self._port = port
        self._opened = False
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(HANDSHAKE.format(path="/ws", port=self._port, key=key).encode())

    def data_received(self, data: bytes) -> None:
        data = self._received + data
        if not self._opened:
            head, end, rest = data.partition(b"\r\n\r\n")
            if not end:
                self._received = data
                return
            self._opened, data = True, rest
            retry = [line[13:] for line in head.split(b"\r\n") if line.lower().startswith(b"retry-after: ")]
            self._client.answered(head[9:12].decode(), int(retry[0]) if retry else 1)
            if not head.startswith(b"HTTP/1.1 101 "):
                self.transport.abort()
                return
        self._received = data[self._read_frames(data) :]

    def _read_frames(self, data: bytes) -> int:
        """Receives the whole frames in `data`; returns the offset after them."""
        position, end = 0, len(data)
        while end - position >= 2:
            size, start = data[position + 1], position + 2
            if size == 126:
                size, start = struct.unpack_from("!H", data.ljust(start + 2, b"\xff"), start)[0], start + 2
            elif size == 127:
                size, start = struct.unpack_from("!Q", data.ljust(start + 8, b"\xff"), start)[0], start + 8
            if start + size > end:
                break
            opcode, position = data[position], start + size
            if opcode == _TEXT:
                self._client.receive(data[start:position])
            elif opcode == _PING:
                self.transport.write(_PONG)
            elif opcode == _CLOSE:
                self.transport.write(b"\x88\x82" + bytes(4) + data[start : start + 2])
        return position

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.lost()
