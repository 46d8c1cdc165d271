"""Hostile sources: heads and bodies of no shape, cut and mixed in any way, at a front door with a stage."""

import asyncio
import base64
import contextlib
import random
from typing import Any

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.heads import HeadLimits, HeadReader
from streamer.ingest.http import HttpWay
from streamer.ingest.request import read_request
from streamer.ingest.sound import sound_of
from streamer.ingest.wrong_keys import WrongKeys
from streamer.refusal import Refused
from tests.support.door import QUICK, Door, front_door, until
from tests.support.stage import KEY, FakeLine, FakeStage

BASIC = b"Authorization: Basic " + base64.b64encode(b"source:" + KEY.encode())
LINES = [
    b"%b %b %b" % (method, target, version)
    for method in (b"PUT", b"POST", b"SOURCE")
    for target in (
        b"/live/den",
        b"/live/den.mp3/",
        b"/live/%c3%bc",
        b"http://x/live/den?a=b",
        b"/live/",
        b"/live",
    )
    for version in (b"HTTP/1.1", b"HTTP/1.0", b"ICE/1.0", b"HTTP/2.0")
]
FIELDS = [
    b"Host: x",
    BASIC,
    BASIC + b"\xff",
    b"Authorization: Bearer " + KEY.encode(),
    b"Authorization: Basic " + b"=" * 300,
    b"Expect: 100-continue",
    b"Expect: \xff",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Content-Length: 0",
    b"Content-Length: 10",
    b"Content-Length: 10\r\nContent-Length: 11",
    b"Content-Length: 99999999999999999999",
    b"Connection: keep-alive, upgrade\r\nUpgrade: websocket",
    b"Origin: null",
    b"ice-name: " + b"\xf0\x9f\x8e\xb5\xff" * 50,
    b"ice-audio-info: ;;;=;",
    b"Content-Type: " + b"/" * 1_000,
    b"X: \x0b",
]
BODIES = [
    b"",
    b"OggS" + bytes(200),
    b"5\r\nOggS\x00\r\n0\r\n\r\n",
    b"5\r\nOggS\x00\r\n0\r\n\r\nGET /api HTTP/1.1\r\nHost: x\r\n\r\n",
    b"FFFFFFFFFFFFFFF\r\n",
    b"5;" + b"a" * 500 + b"\r\n",
    b"0\r\nAuthorization: x\r\n\r\n",
    b"\r\n\r\n\r\n",
]
heads = st.builds(
    lambda line, fields: b"\r\n".join([line, *fields, b"", b""]),
    st.sampled_from(LINES),
    st.lists(st.sampled_from(FIELDS), max_size=6),
)


@settings(max_examples=500, deadline=None)
@given(
    heads,
    st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=4)), max_size=3),
    st.sampled_from(BODIES),
)
def test_a_head_and_its_body_are_understood_or_refused(
    head: bytes, mutations: list[tuple[int, bytes]], body: bytes
) -> None:
    for place, patch in mutations:
        head = head[:place] + patch + head[place + len(patch) :]
    reader = HeadReader(HeadLimits(max_body_bytes=1 << 50))
    try:
        if reader.feed(head) is None or b"/live/" not in reader.raw.split(b"\r\n")[0]:
            return
        request = read_request(reader.raw)
        sound = sound_of(request)
        assert sum(map(len, sound.feed(body))) <= len(body)
    except Refused as refused:
        assert 400 <= refused.status <= 505


class Nervous(FakeStage):
    """Lets go of sources whenever it likes, and is full when it likes."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance
        self.room = 1 << 30

    async def admit(self, room: str, key: str) -> Any:
        await asyncio.sleep(self.chance.choice([0, 0, 0.01]))
        return await super().admit(room, key)

    def connect(self, *arguments: Any) -> FakeLine:
        line = Moody(*arguments)
        line.chance = self.chance
        self.lines.append(line)
        if self.chance.random() < 0.05:
            line.dismiss("refused")
        return line


class Moody(FakeLine):
    chance: random.Random
    over = False

    def write(self, data: bytes) -> None:
        assert not self.over
        super().write(data)
        if self.chance.random() < 0.1:
            self.dismiss(self.chance.choice(["taken-over", "refused", "ended"]))
        elif self.chance.random() < 0.2:
            self.full = True
            asyncio.get_running_loop().call_later(0.02, self._relieve)

    def _relieve(self) -> None:
        self.full = False
        if not self.over:
            self.shell.may_write()

    def close(self, *, complete: bool) -> None:
        assert not self.over
        self.over = True
        super().close(complete=complete)

    def dismiss(self, code: Any, reason: str = "for a reason") -> None:
        assert not self.over
        self.over = True
        super().dismiss(code, reason)


@pytest.mark.parametrize("seed", range(6))
def test_no_source_stays_and_none_is_closed_twice(seed: int) -> None:
    uvloop.run(_attack(random.Random(seed)))


async def _attack(chance: random.Random) -> None:
    loop, errors = asyncio.get_running_loop(), list[dict[str, Any]]()
    loop.set_exception_handler(lambda _, context: errors.append(context))
    stage, ways = Nervous(chance), list[HttpWay]()

    async with asyncio.TaskGroup() as tasks:

        def source(wheel: Any) -> Any:
            named: dict[str, Any] = {"wheel": wheel, "wrong": WrongKeys(), "tasks": tasks, "idle_s": 0.3}
            named |= {"origins": frozenset(), "address_of": lambda transport, head: None}
            ways.append(HttpWay(stage, **named))
            return ways[0].accept

        async with front_door(limits=QUICK, source=source) as door:
            for _ in range(6):
                async with asyncio.TaskGroup() as clients:
                    for _ in range(20):
                        clients.create_task(_client(door, chance))
            await until(lambda: not ways[0]._sources and not ways[0].stats.open)
            assert stage.lines
            assert all(line.over for line in stage.lines if isinstance(line, Moody))
            assert ways[0]._waiting == 0
    assert errors == []


async def _client(door: Door, chance: random.Random) -> None:
    client = await door.connect()
    good = chance.random() < 0.6
    line = b"PUT /live/den HTTP/1.1" if good else chance.choice(LINES)
    fields = [b"Host: x", BASIC, *chance.sample(FIELDS[5:10], 1)] if good else chance.sample(FIELDS, 5)
    data = b"\r\n".join([line, *fields, b"", b""]) + chance.choice(BODIES) * chance.choice([1, 1, 50])
    if chance.random() < 0.3:
        place = chance.randrange(len(data))
        data = data[:place] + chance.randbytes(3) + data[place + 3 :]
    with contextlib.suppress(ConnectionError, TimeoutError, RuntimeError):  # the last is uvloop's
        while data:
            piece = chance.randint(1, len(data))
            client.send(data[:piece])
            data = data[piece:]
            await asyncio.sleep(chance.choice([0, 0, 0.005]))
        ending = chance.choice(["abort", "eof", "wait"])
        if ending == "abort":
            client.writer.transport.abort()
        elif ending == "eof":
            client.writer.write_eof()
        await asyncio.wait_for(client.reader.read(), 5)
    await client.close()
