"""Clients that break the rules, on real sockets: smuggling, slow heads, floods, silence, and cut uploads."""

import asyncio
import contextlib
import os
import socket
from pathlib import Path

import pytest

from streamer.server import DoorLimits
from tests.support.door import QUICK, Client, Door, Shelf, file_resource, front_door, until

LENGTH = b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: "
CODING = b"POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
CHUNKED = CODING + b"chunked\r\n\r\n"

# What must be refused, and the status. Each is followed by a second request that must never be seen.
PROBES = {
    "bare LF": (400, b"GET /api HTTP/1.1\nHost: x\n\n"),
    "bare LF in fields": (400, b"GET /api HTTP/1.1\r\nHost: x\nA: b\r\n\r\n"),
    "bare CR": (400, b"GET /api HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n"),
    "obsolete folding": (400, b"GET /api HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"),
    "NUL": (400, b"GET /api HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"),
    "space before the colon": (400, b"GET /api HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nhello"),
    "two lengths": (
        400,
        LENGTH + b"5\r\nContent-Length: 6\r\n\r\nhello",
    ),
    "same length twice": (
        400,
        LENGTH + b"5\r\nContent-Length: 5\r\n\r\nhello",
    ),
    "a list of lengths": (400, LENGTH + b"5, 5\r\n\r\nhello"),
    "a signed length": (400, LENGTH + b"+5\r\n\r\nhello"),
    "a hexadecimal length": (400, LENGTH + b"0x5\r\n\r\nhello"),
    "an empty length": (400, b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\nhello"),
    "an endless length": (
        400,
        LENGTH + b"" + b"9" * 40 + b"\r\n\r\n",
    ),
    "length and coding": (
        400,
        LENGTH + b"5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "coding and length": (
        400,
        CODING + b"chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    ),
    "chunked twice": (400, CHUNKED[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "another coding": (
        400,
        CODING + b"gzip, chunked\r\n\r\n0\r\n\r\n",
    ),
    "a disguised coding": (
        400,
        CODING + b"xchunked\r\n\r\n0\r\n\r\n",
    ),
    "chunked and identity": (
        400,
        CODING + b"chunked, identity\r\n\r\n0\r\n\r\n",
    ),
    "chunked in HTTP/1.0": (400, b"POST /upload HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "no Host": (400, b"GET /api HTTP/1.1\r\n\r\n"),
    "two Hosts": (400, b"GET /api HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"),
    "a Host with a path": (400, b"GET /api HTTP/1.1\r\nHost: x/y\r\n\r\n"),
    "a control in the method": (400, b"GE\x01T /api HTTP/1.1\r\nHost: x\r\n\r\n"),
    "two spaces": (400, b"GET  /api HTTP/1.1\r\nHost: x\r\n\r\n"),
    "a space in the target": (400, b"GET /a pi HTTP/1.1\r\nHost: x\r\n\r\n"),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "HTTP/0.9": (400, b"GET /api\r\n\r\n"),
    "HTTP/2 preface": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "an unknown method": (501, b"BREW /api HTTP/1.1\r\nHost: x\r\n\r\n"),
    "another version": (505, b"GET /api HTTP/2.0\r\nHost: x\r\n\r\n"),
    "a long target": (414, b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
    "a large head": (431, b"GET /api HTTP/1.1\r\nHost: x\r\n" + b"A: " + b"b" * 20_000 + b"\r\n\r\n"),
    "many fields": (431, b"GET /api HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n"),
    "a large body": (413, LENGTH + b"1000001\r\n\r\n"),
    "a chunk too large": (413, CHUNKED + b"F4241\r\n"),
    "chunks too large": (413, CHUNKED + (b"ffff\r\n" + b"x" * 65_535 + b"\r\n") * 16),
    "an absurd chunk": (400, CHUNKED + b"ffffffffffffffffff\r\n"),
    "a negative chunk": (400, CHUNKED + b"-1\r\nx\r\n0\r\n\r\n"),
    "0x": (400, CHUNKED + b"0x1\r\nx\r\n0\r\n\r\n"),
    "a space in a chunk header": (400, CHUNKED + b"1 \r\nx\r\n0\r\n\r\n"),
    "a bare LF in a chunk header": (400, CHUNKED + b"1\nx\r\n0\r\n\r\n"),
    "a bare LF in an extension": (400, CHUNKED + b"1;a\nb\r\nx\r\n0\r\n\r\n"),
    "a bare CR in an extension": (400, CHUNKED + b"1;a\rb\r\nx\r\n0\r\n\r\n"),
    "a long extension": (400, CHUNKED + b"1;" + b"a" * 1_000 + b"\r\nx\r\n0\r\n\r\n"),
    "many extensions": (400, CHUNKED + (b"1;" + b"a" * 200 + b"\r\nx\r\n") * 100),
    "a chunk without its end": (400, CHUNKED + b"1\r\nxy\r\n0\r\n\r\n"),
    "a chunk with half an end": (400, CHUNKED + b"1\r\nx\r0\r\n\r\n"),
    "a framing trailer": (400, CHUNKED + b"0\r\nContent-Length: 5\r\n\r\n"),
    "a folded trailer": (400, CHUNKED + b"0\r\nA: b\r\n c\r\n\r\n"),
}
SECOND = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("before", ["", "/hls/a.m3u8", "/api"])
@pytest.mark.parametrize("probe", PROBES)
async def test_a_probe_is_refused_and_the_connection_closed(probe: str, before: str) -> None:
    status, data = PROBES[probe]
    async with front_door(limits=DoorLimits(max_body_bytes=1_000_000)) as door:
        client = await door.connect()
        if before:
            assert (await client.ask(before)).status == 200
        client.send(data + SECOND)
        answer = await client.receive()
        assert answer.status == status
        assert answer.headers["connection"] == "close"
        assert answer.headers["content-type"] == "application/problem+json"
        assert await client.at_end()
        assert not door.uploads.sizes
        await client.close()


@pytest.mark.parametrize("in_flight", [1, 3])
@pytest.mark.parametrize("probe", ["bare LF", "two lengths", "chunked twice", "a large head"])
async def test_a_violation_behind_requests_in_flight_is_refused_after_their_answers(
    probe: str, in_flight: int
) -> None:
    async with front_door() as door:
        client = await door.connect()
        client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" * in_flight)
        await door.uploads.started.wait()
        client.send(PROBES[probe][1] + SECOND)
        await until(lambda: door.door.stats.refused_total.total() == 1)
        door.uploads.released.set()
        for _ in range(in_flight):
            assert (await client.receive()).body == b"at last"
        answer = await client.receive()
        assert (answer.status, answer.headers["connection"]) == (PROBES[probe][0], "close")
        assert await client.at_end()
        await client.close()


async def test_rfc9112_9_6_nothing_follows_an_answer_that_says_close() -> None:
    async with front_door() as door:
        client = await door.connect()
        client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        await door.uploads.started.wait()
        client.send(PROBES["bare LF"][1])
        await until(lambda: door.door.stats.refused_total.total() == 1)
        door.uploads.released.set()
        answer = await client.receive()
        assert (answer.body, answer.headers["connection"]) == (b"at last", "close")
        assert await client.at_end()
        await client.close()


async def trickle(client: Client, data: bytes, pause_s: float) -> None:
    with contextlib.suppress(ConnectionError):
        for byte in data:
            client.send(bytes([byte]))
            await asyncio.sleep(pause_s)


@pytest.mark.parametrize("before", ["", "/hls/a.m3u8", "/api"])
async def test_rfc9110_15_5_9_a_slow_head_is_timed_out_however_it_trickles(before: str) -> None:
    async with front_door(limits=QUICK) as door:
        client = await door.connect()
        if before:
            await client.ask(before)
        trickling = asyncio.create_task(trickle(client, SECOND[:-4] + b"b" * 999, 0.01))
        answer = await client.receive()
        assert (answer.status, answer.headers["connection"]) == (408, "close")
        trickling.cancel()
        await asyncio.wait([trickling])
        await client.close()


@pytest.mark.parametrize("before", ["", "/hls/a.m3u8", "/api"])
async def test_an_idle_connection_is_closed_without_a_word(before: str) -> None:
    async with front_door(limits=QUICK) as door:
        client = await door.connect()
        if before:
            await client.ask(before)
        assert await client.at_end()
        await client.close()


async def test_an_upload_that_stalls_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    async with front_door(limits=QUICK) as door:
        client = await door.connect()
        client.send(LENGTH + b"100\r\n\r\nhalf")
        assert (await client.receive()).status == 408
        await door.uploads.interrupted.wait()
        assert await client.at_end()
        await client.close()


async def test_an_answer_that_takes_long_is_waited_for() -> None:
    async with front_door(limits=QUICK) as door:
        client = await door.connect()
        client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(1.0)  # several idle timeouts: nothing may happen in them
        door.uploads.released.set()
        assert (await client.receive()).body == b"at last"
        await client.close()


async def test_an_interrupted_upload_is_noticed_at_once() -> None:
    async with front_door() as door:
        client = await door.connect()
        client.send(LENGTH + b"1000000\r\n\r\n" + b"x" * 1000)
        await door.uploads.started.wait()
        await client.close()
        async with asyncio.timeout(2):
            await door.uploads.interrupted.wait()


@pytest.mark.parametrize("path", ["/hls/big", "/upload"])
async def test_a_client_that_reads_nothing_is_cut_off_and_costs_one_chunk(path: str, tmp_path: Path) -> None:
    file = tmp_path / "big"
    with file.open("wb") as out:
        out.truncate(200_000_000)
    async with front_door(Shelf({"/hls/big": file_resource(file)}), QUICK) as door:
        client = await deaf_client(door)
        client.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 500)
        if path == "/hls/big":
            await until(lambda: door.door.stats.bytes_sent > 0)
        await until(lambda: door.door.stats.connections_open == 0)
        client.writer.transport.abort()


async def deaf_client(door: Door) -> Client:
    """A client with the smallest receive buffer, that never reads."""
    plug = socket.socket()
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plug.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plug, ("127.0.0.1", door.port))
    reader, writer = await asyncio.open_connection(sock=plug, limit=1024)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    return Client(reader, writer)


async def test_a_flood_of_pipelined_requests_is_answered_as_it_is_read() -> None:
    async with front_door() as door:
        client = await door.connect()
        client.send(b"GET /hls/a.m3u8 HTTP/1.1\r\nHost: x\r\n\r\n" * 5_000)
        for _ in range(5_000):
            assert (await client.receive()).status == 200
        client.send(b"GET /api HTTP/1.1\r\nHost: x\r\n\r\n" * 500)
        for _ in range(500):
            assert (await client.receive()).body == b'{"path": "/api"}'
        await client.close()


async def test_large_uploads_pass_whole_by_length_and_in_chunks() -> None:
    async with front_door(limits=DoorLimits(max_body_bytes=64 << 20)) as door:
        client = await door.connect()
        block = os.urandom(1 << 20)
        client.send(LENGTH + b"%d\r\n\r\n" % (48 << 20))
        for _ in range(48):
            client.send(block)
            await client.writer.drain()
        assert (await client.receive()).body == b'{"size": %d}' % (48 << 20)
        client.send(CHUNKED)
        for _ in range(48):
            client.send(b"100000;x=y\r\n" + block + b"\r\n")
            await client.writer.drain()
        client.send(b"0\r\nX-Trailer: yes\r\n\r\n")
        assert (await client.receive()).body == b'{"size": %d}' % (48 << 20)
        assert (await client.ask("/hls/a.m3u8")).status == 200
        await client.close()


async def test_rfc9110_10_1_1_expect_is_answered_by_the_application() -> None:
    async with front_door(limits=DoorLimits(max_body_bytes=100)) as door:
        client = await door.connect()
        client.send(LENGTH + b"5\r\nExpect: 100-continue\r\n\r\n")
        assert (await client.receive()).status == 100
        client.send(b"hello")
        assert (await client.receive()).body == b'{"size": 5}'
        client.send(CHUNKED[:-2] + b"Expect: 100-continue\r\n\r\n")
        assert (await client.receive()).status == 100
        client.send(b"65\r\n")
        assert (await client.receive()).status == 413
        await client.close()
