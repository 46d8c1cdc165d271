"""Sources over HTTP at the front door, with a stage that remembers: what is let in, answered, and cut off."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from ipaddress import ip_address

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from streamer import middleware
from streamer.ingest.http import HttpWay
from streamer.ingest.wrong_keys import WrongKeys
from streamer.server import Acceptor
from streamer.wheel import TimerWheel
from tests.support.door import Client, Door, front_door, until
from tests.support.stage import KEY, FakeLine, FakeStage

SOUND = b"OggS" + bytes(range(256)) * 40
BASIC = f"Authorization: Basic {base64.b64encode(f'source:{KEY}'.encode()).decode()}"
ADDRESS = ip_address("8.8.8.8")


@dataclass
class Ingest:
    door: Door
    stage: FakeStage
    way: HttpWay
    clients: list[Client] = field(default_factory=list)

    async def connect(self, line: str, *fields: str, data: bytes = b"") -> Client:
        client = await self.door.connect()
        self.clients.append(client)
        client.send("\r\n".join([line, *fields, "", ""]).encode("latin-1") + data)
        return client

    async def line(self, number: int = 0) -> FakeLine:
        await until(lambda: len(self.stage.lines) > number)
        return self.stage.lines[number]


@contextlib.asynccontextmanager
async def ingest(idle_s: float = 60, origins: frozenset[str] = frozenset()) -> AsyncIterator[Ingest]:
    stage, ways = FakeStage(), list[HttpWay]()
    async with asyncio.TaskGroup() as tasks:

        def source(wheel: TimerWheel) -> Acceptor:
            ways.append(
                HttpWay(
                    stage,
                    origins=origins,
                    address_of=lambda transport, head: ADDRESS,
                    wheel=wheel,
                    idle_s=idle_s,
                    wrong=WrongKeys(),
                    tasks=tasks,
                )
            )
            return ways[0].accept

        async with front_door(source=source) as door:
            made = Ingest(door, stage, ways[0])
            try:
                yield made
            finally:
                ways[0].close()
                stage.open.set()
                for client in made.clients:
                    await client.close()


async def test_a_put_of_known_length_is_thanked_at_its_end() -> None:
    async with ingest() as at:
        fields = ["Host: x", BASIC, f"Content-Length: {len(SOUND)}"]
        client = await at.connect("PUT /live/den HTTP/1.1", *fields, data=SOUND[:100])
        line = await at.line()
        await until(lambda: line.data == SOUND[:100])
        client.send(SOUND[100:])
        answer = await client.receive()
        assert (answer.status, bytes(line.data), line.complete) == (200, SOUND, True)
        assert (line.admission.room, line.offer.way) == ("den", "http")
        assert await client.at_end()


async def test_chunks_of_a_bearer_of_the_key() -> None:
    async with ingest() as at:
        fields = ["Host: x", f"Authorization: Bearer {KEY}", "Transfer-Encoding: chunked"]
        client = await at.connect("POST /live/den.ogg HTTP/1.1", *fields)
        line = await at.line()
        for place in range(0, len(SOUND), 1_000):
            piece = SOUND[place : place + 1_000]
            client.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        await until(lambda: line.data == SOUND)
        assert line.complete is None
        client.send(b"0\r\n\r\n")
        assert (await client.receive()).status == 200
        assert line.complete is True


async def test_who_expects_it_gets_a_hundred_before_the_sound() -> None:
    async with ingest() as at:
        fields = ["Host: x", BASIC, "Expect: 100-continue", "Content-Type: audio/ogg"]
        client = await at.connect("PUT /live/den HTTP/1.1", *fields)
        assert (await client.receive()).status == 100
        line = await at.line()
        client.send(SOUND)
        await until(lambda: line.data == SOUND)
        client.writer.write_eof()
        assert (await client.receive()).status == 200
        assert line.complete is False, "no frame said that it is all"


@pytest.mark.parametrize("version", ["ICE/1.0", "HTTP/1.0"])
async def test_a_source_gets_its_200_and_sends_until_it_closes(version: str) -> None:
    async with ingest() as at:
        client = await at.connect(f"SOURCE /live/den {version}", BASIC, "ice-name: The den", data=SOUND)
        assert await client.reader.readline() == b"HTTP/1.0 200 OK\r\n"
        line = await at.line()
        await until(lambda: line.data == SOUND)
        assert (line.offer.way, line.offer.name) == ("icecast", "The den")
        client.writer.transport.abort()
        await until(lambda: line.complete is False)


async def test_darkice_ends_its_lines_with_a_bare_lf() -> None:
    async with ingest() as at:
        head = f"SOURCE /live/den HTTP/1.0\nContent-type: audio/mpeg\n{BASIC}\nice-name: The den"
        client = await at.connect(head, data=SOUND)
        assert await client.reader.readline() == b"HTTP/1.0 200 OK\r\n"
        line = await at.line()
        await until(lambda: line.data == SOUND)
        assert (line.offer.way, line.offer.name) == ("icecast", "The den")


async def test_a_look_before_the_source_comes_connects_nothing() -> None:
    async with ingest() as at:
        client = await at.connect("SOURCE /live/den HTTP/1.0", "Content-Length: 0", "Connection: Keep-Alive")
        answer = await client.receive()
        assert (answer.status, answer.headers["www-authenticate"]) == (
            401,
            'Basic realm="veza", charset="UTF-8"',
        )
        client = await at.connect("SOURCE /live/den HTTP/1.0", "Content-Length: 0", BASIC)
        answer = await client.receive()
        assert (answer.status, answer.headers["allow"]) == (200, "GET, PUT, POST, SOURCE")
        assert at.stage.lines == []


async def test_rfc9110_9_3_7_options_of_the_whole_server() -> None:
    """libshout asks so whether it may upgrade to TLS, and goes away at a 404."""
    app = web.Application()
    middleware.install(app, frozenset())
    async with TestClient(TestServer(app)) as client:
        head = "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n\r\n"
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(head.encode())
        assert (await reader.readuntil(b"\r\n")).split()[1] == b"204"
        writer.close()


@pytest.mark.parametrize(
    ("line", "fields", "status", "words"),
    [
        ("PUT /live/den HTTP/1.1", [], 401, "needs the room's key"),
        ("PUT /live/den HTTP/1.1", ["Authorization: Bearer wrong"], 401, "not a key of this room"),
        ("SOURCE /live/den ICE/1.0", ["Authorization: Bearer wrong"], 401, "not a key of this room"),
        ("PUT /live/a/b HTTP/1.1", [BASIC], 404, "no room's name"),
        ("SOURCE /den ICE/1.0", [BASIC], 404, "/live/ROOM"),
        ("SOURCE /den HTTP/1.0", [BASIC], 404, "/live/ROOM"),
        ("PUT /live/den HTTP/1.1", [BASIC, "Expect: much"], 417, "not 100-continue"),
        ("PUT /live/den HTTP/1.1", [BASIC, "Origin: http://evil"], 403, "may not be sources"),
    ],
)
async def test_who_is_not_let_in_hears_why(line: str, fields: list[str], status: int, words: str) -> None:
    async with ingest() as at:
        client = await at.connect(line, "Host: x", *fields, data=SOUND)
        answer = await client.receive()
        assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
        assert words in answer.body.decode()
        assert await client.at_end()
        assert at.stage.lines == []


@pytest.mark.parametrize("origin", ["http://x", "https://radio.example"])
async def test_pages_of_ours_and_of_listed_sites_may(origin: str) -> None:
    async with ingest(origins=frozenset({"https://radio.example"})) as at:
        await at.connect("PUT /live/den HTTP/1.1", "Host: x", BASIC, f"Origin: {origin}")
        await at.line()


async def test_a_full_stage_and_a_database_that_is_away_are_503() -> None:
    from streamer.lane import DatabaseFailed

    async with ingest() as at:
        at.stage.room = 0
        client = await at.connect("PUT /live/den HTTP/1.1", "Host: x", BASIC)
        answer = await client.receive()
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert b"connected already" in answer.body
        at.stage.failure = DatabaseFailed("it is away")
        client = await at.connect("PUT /live/den HTTP/1.1", "Host: x", BASIC)
        assert (await client.receive()).status == 503
        at.stage.failure = RuntimeError("a mistake")
        client = await at.connect("PUT /live/den HTTP/1.1", "Host: x", BASIC)
        assert (await client.receive()).status == 500


async def test_wrong_keys_are_counted_by_network() -> None:
    async with ingest() as at:
        statuses = []
        for _ in range(23):
            client = await at.connect("SOURCE /live/den ICE/1.0", "Authorization: Bearer wrong")
            statuses.append((await client.receive()).status)
        assert statuses == [401] * 21 + [429] * 2
        client = await at.connect("PUT /live/den HTTP/1.1", "Host: x", BASIC)
        answer = await client.receive()
        assert (answer.status, answer.headers["retry-after"]) == (429, "5")
        assert len(at.stage.judged) == 21


@pytest.mark.parametrize(
    ("code", "status"),
    [("taken-over", 409), ("revoked", 403), ("refused", 415), ("ended", 410), ("stopping", 503)],
)
async def test_who_is_dismissed_hears_why(code: str, status: int) -> None:
    async with ingest() as at:
        client = await at.connect("PUT /live/den HTTP/1.1", "Host: x", BASIC, "Transfer-Encoding: chunked")
        line = await at.line()
        line.dismiss(code, "for this reason")
        answer = await client.receive()
        assert (answer.status, b"for this reason" in answer.body) == (status, True)
        assert await client.at_end()
        assert line.complete is None, "after it was dismissed the stage hears no more of it"


async def test_a_source_that_is_dismissed_finds_its_line_closed() -> None:
    async with ingest() as at:
        client = await at.connect("SOURCE /live/den ICE/1.0", BASIC)
        line = await at.line()
        line.dismiss("taken-over")
        assert (await client.reader.read()).endswith(b"\r\n\r\n"), "no second answer"


async def test_a_full_line_stops_reading_and_loses_nothing() -> None:
    async with ingest(idle_s=0.2) as at:
        at.stage.full = True
        client = await at.connect("PUT /live/den HTTP/1.1", "Host: x", BASIC, data=b"a")
        line = await at.line()
        sent = 0

        async def push() -> None:
            nonlocal sent
            while sent < 64 << 20:
                client.send(bytes(1 << 16))
                sent += 1 << 16
                await client.writer.drain()

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(push(), 1)
        assert len(line.data) == 1, "and it isn't idle while it may not send"
        line.full = False
        line.shell.may_write()
        await until(lambda: len(line.data) > 1 << 20)
        assert line.largest_bytes <= 1 << 20


async def test_who_falls_silent_is_gone() -> None:
    async with ingest(idle_s=0.1) as at:
        client = await at.connect("PUT /live/den HTTP/1.1", "Host: x", BASIC, "Transfer-Encoding: chunked")
        assert (await client.receive()).status == 408
        assert (await at.line()).complete is False


async def test_broken_framing_ends_it() -> None:
    async with ingest() as at:
        fields = ["Host: x", BASIC, "Transfer-Encoding: chunked"]
        client = await at.connect("PUT /live/den HTTP/1.1", *fields, data=b"4\r\nOggS..")
        assert (await client.receive()).status == 400
        assert (await at.line()).complete is False


async def test_a_client_that_leaves_while_its_key_is_judged() -> None:
    async with ingest() as at:
        at.stage.open.clear()
        client = await at.connect("PUT /live/den HTTP/1.1", "Host: x", BASIC)
        await until(lambda: bool(at.stage.judged))
        client.writer.transport.abort()
        at.stage.open.set()
        line = await at.line()  # its line is read again only then
        await until(lambda: line.complete is False)


async def test_after_another_request_on_the_same_connection() -> None:
    async with ingest() as at:
        client = await at.door.connect()
        at.clients.append(client)
        assert (await client.ask("/api")).status == 200
        assert (await client.ask("/hls/a.m3u8")).status == 200
        client.send(f"PUT /live/den HTTP/1.1\r\nHost: x\r\n{BASIC}\r\nContent-Length: 4\r\n\r\nOggS".encode())
        assert (await client.receive()).status == 200
        assert (await at.line()).data == b"OggS"


async def test_what_follows_the_sound_is_no_request() -> None:
    async with ingest() as at:
        smuggled = b"GET /api HTTP/1.1\r\nHost: x\r\n\r\n"
        fields = ["Host: x", BASIC, "Content-Length: 4"]
        client = await at.connect("PUT /live/den HTTP/1.1", *fields, data=b"OggS" + smuggled)
        answer = await client.receive()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert await client.at_end()


async def test_no_one_is_let_in_when_the_server_stops() -> None:
    async with ingest() as at:
        first = await at.connect("PUT /live/den HTTP/1.1", "Host: x", BASIC, "Transfer-Encoding: chunked")
        await at.line()
        at.way.close()
        answer = await first.receive()
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        second = await at.connect("PUT /live/den HTTP/1.1", "Host: x", BASIC)
        assert (await second.receive()).status == 503


async def test_no_more_wait_than_may() -> None:
    async with ingest() as at:
        at.stage.open.clear()
        clients = [await at.connect("SOURCE /live/den ICE/1.0", BASIC) for _ in range(257)]
        assert (await clients[-1].receive()).status == 503
        for client in clients:
            await client.close()
