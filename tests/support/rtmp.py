"""RTMP as a client speaks it, made of the server's own core, and a stage for it to publish to."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from streamer.ingest.rtmp import chunks, messages
from streamer.ingest.rtmp.amf import AmfValue, decode, encode
from streamer.ingest.rtmp.chunks import ChunkReader, ChunkWriter, Message
from streamer.ingest.rtmp.handshake import ClientHandshake
from streamer.ingest.rtmp.server import RtmpWay
from streamer.ingest.wrong_keys import WrongKeys
from streamer.live.line import Admission, Offer, Shell
from streamer.wheel import TimerWheel
from tests.support.stage import KEY, FakeLine, FakeStage

TICK_S = 0.02
ASC = b"\x11\x90"  # AudioSpecificConfig: LC, 48 kHz, stereo
AAC_START = b"\xaf\x00" + ASC
AAC_FRAME = b"\xaf\x01\x21\x10\x04\x60\x8c\x1c"  # silence


class Client:
    """A client of RTMP without a socket: `begin`, then calls and media; what it is told is in `told`."""

    def __init__(self, scheme: int | None = None) -> None:
        self._handshake = ClientHandshake(os.urandom(1536), scheme)
        self.reader = ChunkReader()
        self.writer = ChunkWriter()
        self.told: list[Message] = []

    def begin(self) -> bytes:
        return self._handshake.begin()

    def feed(self, data: bytes) -> bytes:
        """What the server sent. Returns what to send back."""
        if self.shaken:
            self.told.extend(self.reader.feed(data))
            return b""
        out = self._handshake.feed(data)
        self.told.extend(self.reader.feed(self._handshake.rest))
        return out

    @property
    def shaken(self) -> bool:
        return self._handshake.done

    def call(self, name: str, transaction: float, *values: AmfValue, stream: int = 0) -> bytes:
        return self.writer.write(3, messages.command(name, transaction, *values, stream=stream))

    def connect(self, app: str = "live", **more: AmfValue) -> bytes:
        wish: dict[str, AmfValue] = {"app": app, "flashVer": "FMLE/3.0", "tcUrl": "rtmp://x/live", **more}
        return self.call("connect", 1, wish)

    def publish(self, key: str = KEY) -> bytes:
        """What OBS sends once it is connected."""
        return (
            self.call("releaseStream", 2, None, key)
            + self.call("FCPublish", 3, None, key)
            + self.call("createStream", 4, None)
            + self.call("publish", 5, None, key, "live", stream=1)
        )

    def media(self, kind: int, time_ms: int, payload: bytes) -> bytes:
        return self.writer.write(4, Message(kind, 1, time_ms, payload, len(payload)))

    def audio(self, time_ms: int, payload: bytes) -> bytes:
        return self.media(chunks.AUDIO, time_ms, payload)

    def video(self, time_ms: int, payload: bytes) -> bytes:
        return self.media(chunks.VIDEO, time_ms, payload)

    def metadata(self, **properties: AmfValue) -> bytes:
        return self.media(chunks.DATA_AMF0, 0, encode("@setDataFrame", "onMetaData", dict(properties)))

    @property
    def commands(self) -> list[list[AmfValue]]:
        """What it was told in commands, so far."""
        return [decode(message.payload) for message in self.told if message.type == chunks.COMMAND_AMF0]

    @property
    def codes(self) -> list[str]:
        """The codes of its statuses and results that have one."""
        infos = [values[-1] for values in self.commands]
        return [str(info["code"]) for info in infos if isinstance(info, dict) and "code" in info]

    @property
    def words(self) -> str:
        """What it was told last, for people."""
        infos = [values[-1] for values in self.commands]
        return next(str(info["description"]) for info in reversed(infos) if isinstance(info, dict))


class TakingOver(FakeStage):
    """A stage on which, as on the real one, a source gives way to another with the same key."""

    async def admit_key(self, key: str) -> Admission:
        return await self.admit("den", key)

    def connect(self, admission: Admission, offer: Offer, shell: Shell) -> FakeLine:
        for line in self.lines:
            if line.admission.key_id == admission.key_id and line.complete is None:
                line.complete = False
                line.dismiss("taken-over", "another source came with the same key")
        return super().connect(admission, offer, shell)


@dataclass
class Door:
    """A way in that is listening."""

    way: RtmpWay
    stage: TakingOver
    port: int

    @property
    def url(self) -> str:
        return f"rtmp://127.0.0.1:{self.port}/live"

    async def line(self, number: int = 0) -> FakeLine:
        """The source that came as number so much, once it is there."""
        await until(lambda: len(self.stage.lines) > number)
        return self.stage.lines[number]


@asynccontextmanager
async def rtmp_door(idle_s: float = 10.0) -> AsyncIterator[Door]:
    """A way in on a free port, with a stage of its own."""
    wheel = TimerWheel(asyncio.get_running_loop(), TICK_S)
    wheel.start()
    stage = TakingOver()
    async with asyncio.TaskGroup() as tasks:
        way = RtmpWay(stage, wheel=wheel, idle_s=idle_s, wrong=WrongKeys(), tasks=tasks)
        await way.listen("127.0.0.1", 0)
        assert way.port is not None
        try:
            yield Door(way, stage, way.port)
        finally:
            await way.close()
            wheel.stop()


class Caller:
    """A `Client` on a socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: Client) -> None:
        self._reader = reader
        self.writer = writer
        self.client = client

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def read(self) -> bool:
        """Takes what the server sends next; False at the end."""
        async with asyncio.timeout(10):
            try:
                data = await self._reader.read(65_536)
            except ConnectionError:
                data = b""
        if data:
            self.send(self.client.feed(data))
        return bool(data)

    async def told(self, code: str) -> None:
        """Waits until it is told so."""
        while code not in self.client.codes:
            assert await self.read(), f"the server said only {self.client.commands}"

    async def at_end(self) -> None:
        """Waits until the server has closed."""
        while await self.read():
            pass

    async def publish(self, key: str = KEY) -> None:
        self.send(self.client.publish(key))
        await self.told("NetStream.Publish.Start")

    def close(self) -> None:
        self.writer.close()


async def call(port: int, *, connected: bool = True, client: Client | None = None) -> Caller:
    """Connects, and with `connected` says so in the application `live`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    caller = Caller(reader, writer, client or Client())
    try:
        caller.send(caller.client.begin())
        while not caller.client.shaken:
            assert await caller.read(), "the server closed before it shook hands"
        if connected:
            caller.send(caller.client.connect())
            await caller.told("NetConnection.Connect.Success")
    except BaseException:
        caller.close()
        raise
    return caller


async def until(condition: Callable[[], object], timeout_s: float = 20) -> None:
    """Waits for a condition that nothing announces."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
