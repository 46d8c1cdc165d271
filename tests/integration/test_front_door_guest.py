"""aiohttp behind the front door: who speaks when, upgrades, hand-over, and how it all ends."""

import asyncio
import os
import time
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.http_parser import HttpRequestParser
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.framing import ChunkedBody
from streamer.refusal import Refused
from streamer.resource import Resource
from tests.support.door import PLAYLIST, Client, Door, Shelf, file_resource, front_door, until

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Echo(asyncio.Protocol):
    """Stands for a WebSocket: says what it was handed over, then echoes."""

    def __init__(self, transport: asyncio.Transport, received: bytes) -> None:
        self.transport = transport
        transport.write(b"<" + received + b">")

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


def guests(door: Door) -> list[web.RequestHandler]:  # type: ignore[type-arg]
    assert door.runner.server is not None
    return door.runner.server.connections


async def test_aiohttp_is_idle_exactly_between_its_answers() -> None:
    """`Guest.idle` reads two private names of aiohttp 3.14: this fails when they mean something else."""
    async with front_door() as door:
        client = await door.connect()
        await client.ask("/api")
        (handler,) = guests(door)
        await until(lambda: handler._waiter is not None and not handler._waiter.done())
        assert not handler._messages and not handler._request_in_progress
        client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
        await door.uploads.started.wait()
        assert handler._waiter is None or handler._waiter.done()
        assert len(handler._messages) == 1 and handler._request_in_progress
        door.uploads.released.set()
        await client.receive()
        await client.receive()
        await until(lambda: handler._waiter is not None and not handler._waiter.done())
        await client.close()


async def test_aiohttp_leaves_when_media_is_asked_and_takes_its_task_along() -> None:
    async with front_door() as door:
        client = await door.connect()
        await client.ask("/api")
        assert len(guests(door)) == 1
        await client.ask("/hls/a.m3u8")
        assert guests(door) == []
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await client.close()


@pytest.mark.parametrize("before", [[], ["/hls/a.m3u8"], ["/api"], ["/api", "/hls/a.m3u8", "/api"]])
async def test_an_upgrade_is_handed_over_with_what_came_along(before: list[str]) -> None:
    async with front_door(websocket=Echo) as door:
        client = await door.connect()
        for path in before:
            await client.ask(path)
        client.send(b"\r\n" + UPGRADE + b"first frame")
        expected = b"<" + UPGRADE + b"first frame>"
        assert await client.reader.readexactly(len(expected)) == expected
        client.send(b"GET not HTTP any more\n")
        assert await client.reader.readexactly(22) == b"GET not HTTP any more\n"
        assert door.door.stats.connections_open == 0 and guests(door) == []
        await client.close()


async def test_an_upgrade_behind_a_request_in_flight_waits_for_nothing_and_harms_nothing() -> None:
    async with front_door(websocket=Echo) as door:
        client = await door.connect()
        client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" + UPGRADE)
        await door.uploads.started.wait()
        door.uploads.released.set()
        assert (await client.receive()).body == b"at last"
        assert (await client.receive()).status == 404  # aiohttp has no /ws
        assert (await client.ask("/hls/a.m3u8")).status == 200
        await client.close()


async def test_an_upgrade_elsewhere_is_an_ordinary_request() -> None:
    async with front_door(websocket=Echo) as door:
        client = await door.connect()
        client.send(UPGRADE.replace(b"/ws", b"/api"))
        assert (await client.receive()).body == b'{"path": "/api"}'
        assert (await client.ask("/hls/a.m3u8")).status == 200
        await client.close()


@pytest.mark.parametrize("in_flight", [1, 3])
async def test_a_client_that_has_said_all_hears_all(in_flight: int) -> None:
    async with front_door() as door:
        client = await door.connect()
        client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" * in_flight)
        client.writer.write_eof()
        await door.uploads.started.wait()
        await asyncio.sleep(0.05)  # the end of the stream has been seen, if not by now then later
        door.uploads.released.set()
        for _ in range(in_flight):
            assert (await client.receive()).body == b"at last"
        assert await client.at_end()
        upload = await door.connect()
        upload.send(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
        upload.writer.write_eof()
        assert (await upload.receive()).body == b'{"size": 5}'
        assert await upload.at_end()
        await until(lambda: door.door.stats.connections_open == 0)
        await client.close()
        await upload.close()


async def test_drain_finishes_what_is_in_flight_and_closes_the_rest_at_once() -> None:
    later: asyncio.Future[Resource | None] = asyncio.get_running_loop().create_future()
    async with front_door(Shelf({"/hls/a.m3u8": PLAYLIST, "/hls/later": lambda: later})) as door:
        idle, partial, api, looking, upload = [await door.connect() for _ in range(5)]
        await idle.ask("/hls/a.m3u8")
        await partial.ask("/api")
        partial.send(b"GET /api HT")
        api.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        await door.uploads.started.wait()
        looking.send(b"GET /hls/later HTTP/1.1\r\nHost: x\r\n\r\n")
        upload.send(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello")
        await until(lambda: door.door.stats.requests_total == 4 and later.get_loop() is not None)
        draining = asyncio.create_task(door.door.drain(10))
        assert await idle.at_end()
        assert await partial.at_end()
        with pytest.raises(ConnectionRefusedError):
            await door.connect()
        upload.send(b"world")
        later.set_result(PLAYLIST)
        door.uploads.released.set()
        for client, body in ((api, b"at last"), (upload, b'{"size": 10}'), (looking, PLAYLIST.body)):
            answer = await client.receive()
            assert (answer.body, answer.headers.get("connection")) == (body, "close")
            assert await client.at_end()
        started = time.monotonic()
        await draining
        assert time.monotonic() - started < 5
        assert door.door.stats.connections_open == 0
        for client in (idle, partial, api, looking, upload):
            await client.close()


async def test_drain_cuts_off_what_outlasts_the_grace() -> None:
    async with front_door() as door:
        client = await door.connect()
        client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        await door.uploads.started.wait()
        await door.door.drain(0.05)
        assert await client.at_end()
        await client.close()


async def test_drain_sends_a_long_file_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(os.urandom(20_000_000))
    async with front_door(Shelf({"/hls/long": file_resource(path)})) as door:
        client = await door.connect()
        client.send(b"GET /hls/long HTTP/1.1\r\nHost: x\r\n\r\n")
        await client.reader.readuntil(b"\r\n\r\n")
        draining = asyncio.create_task(door.door.drain(10))
        assert await client.reader.readexactly(20_000_000) == path.read_bytes()
        assert await client.at_end()
        await draining
        await client.close()


async def test_a_refused_upload_ends_the_handler_at_once() -> None:
    async with front_door() as door:
        client = await door.connect()
        client.send(b"POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await door.uploads.started.wait()
        client.send(b"nonsense\r\n")
        assert (await client.receive()).status == 400
        await door.uploads.interrupted.wait()
        assert not door.uploads.sizes
        await client.close()


async def test_an_upload_that_nobody_reads_is_not_taken_in() -> None:
    async with front_door() as door:
        client = await door.connect()
        client.writer.transport.set_write_buffer_limits(0)
        size = 64 << 20  # far more than the sockets hold
        client.send(b"POST /lazy HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
        sending = asyncio.create_task(send_all(client, size))
        await door.uploads.started.wait()
        (handler,) = guests(door)
        await until(lambda: handler._reading_paused)
        assert not sending.done()
        door.uploads.released.set()
        await sending
        assert (await client.receive()).body == b'{"size": %d}' % size
        await client.close()


async def send_all(client: Client, size: int) -> None:
    for _ in range(size >> 20):
        client.send(bytes(1 << 20))
        await client.writer.drain()


async def test_aiohttp_waits_for_a_reader_that_falls_behind(tmp_path: Path) -> None:
    path = tmp_path / "file"
    content = os.urandom(30_000_000)
    path.write_bytes(content)
    async with front_door(Shelf({"/hls/file": file_resource(path)})) as door:
        client = await door.connect()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        client.send(b"GET /api HTTP/1.1\r\nHost: x\r\n\r\nGET /hls/file HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: bool(guests(door)) and guests(door)[0]._paused)
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert (await client.receive()).body == b'{"path": "/api"}'
        assert (await client.receive()).body == content
        assert (await client.ask("/hls/file", "Range: bytes=0-9")).body == content[:10]
        await client.close()


CHUNKS = st.lists(
    st.sampled_from(
        [b"1\r\nx\r\n", b"5;a=b\r\nhello\r\n", b"0A\r\n0123456789\r\n", b"0\r\n", b"\r\n", b"T: x\r\n",
         b"1 \r\nx\r\n", b"1\nx\n", b"g\r\n", b"1\r\nxx\r\n", b"\r", b"\n", b";"]
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=60)
@given(parts=CHUNKS)
def test_a_chunked_body_that_we_take_ends_where_aiohttp_ends_it(parts: list[bytes]) -> None:
    """Two readers that disagree about the end of a body are how requests are smuggled."""
    data = b"".join(parts)
    body = ChunkedBody(1_000)
    try:
        end = body.take(data, 0)
    except Refused:
        return
    if body.done:
        assert paths_that_aiohttp_finds(data[:end]) == ["/", "/rest"]


def paths_that_aiohttp_finds(body: bytes) -> list[str]:
    """What aiohttp's parser makes of a chunked POST and a request right behind it."""

    class Protocol:
        _reading_paused = False

        def pause_reading(self) -> None: ...

        def resume_reading(self, resume_parser: bool = True) -> None: ...

    loop = asyncio.new_event_loop()
    try:
        parser = HttpRequestParser(Protocol(), loop, 1 << 16, max_msg_queue_size=10)  # type: ignore[arg-type]
        head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        messages, _, _ = parser.feed_data(head + body + b"GET /rest HTTP/1.1\r\nHost: x\r\n\r\n")
        return [message.path for message, _ in messages]
    finally:
        loop.close()
