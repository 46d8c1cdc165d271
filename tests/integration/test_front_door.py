"""The front door on real sockets: media, the way to aiohttp and back, order, and files."""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from streamer.resource import Resource
from streamer.server import DoorLimits
from tests.support.door import PLAYLIST, Shelf, file_resource, front_door, until


async def test_one_connection_serves_media_then_api_then_media_then_upload() -> None:
    async with front_door() as door:
        client = await door.connect()
        for _ in range(2):
            answer = await client.ask("/hls/a.m3u8")
            assert (answer.status, answer.body) == (200, PLAYLIST.body)
            assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
            assert answer.headers["access-control-allow-origin"] == "*"
            assert (await client.ask("/api")).body == b'{"path": "/api"}'
            assert (
                await client.ask("/upload", method="POST", body=b"x" * 100_000)
            ).body == b'{"size": 100000}'
        assert (await client.ask("/hls/none.m3u8")).status == 404
        assert (await client.ask("/hls/a.m3u8")).status == 200
        await client.close()


async def test_a_hot_answer_changes_with_the_resource() -> None:
    async with front_door() as door:
        client = await door.connect()
        for text in (b"one", b"one", b"two, longer", b"two, longer"):
            if door.shelf.resources["/hls/a.m3u8"].body != text:  # type: ignore[union-attr]
                door.shelf.resources["/hls/a.m3u8"] = Resource(
                    "text/plain", text, f'"{len(text)}"', 0, "no-cache"
                )
            answer = await client.ask("/hls/a.m3u8")
            assert (answer.body, answer.headers["content-length"]) == (text, str(len(text)))
        await client.close()


async def test_pipelined_requests_are_answered_in_order_across_both_servers() -> None:
    async with front_door() as door:
        later: asyncio.Future[Resource | None] = asyncio.get_running_loop().create_future()
        door.shelf.resources["/hls/later"] = lambda: later
        client = await door.connect()
        paths = ["/hls/a.m3u8", "/api", "/hls/a.m3u8", "/hls/later", "/api", "/hls/a.m3u8"]
        client.send(b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths))
        bodies = [(await client.receive()).body for _ in range(3)]
        assert bodies == [PLAYLIST.body, b'{"path": "/api"}', PLAYLIST.body]
        later.set_result(Resource("text/plain", b"later", '"l"', 0, "no-cache"))
        bodies = [(await client.receive()).body for _ in range(3)]
        assert bodies == [b"later", b'{"path": "/api"}', PLAYLIST.body]
        await client.close()


async def test_a_lookup_that_finds_nothing_goes_to_aiohttp() -> None:
    async with front_door() as door:

        async def nothing() -> None:
            await asyncio.sleep(0)

        door.shelf.resources["/hls/nothing"] = nothing
        client = await door.connect()
        assert (await client.ask("/hls/nothing")).status == 404
        assert (await client.ask("/hls/a.m3u8")).status == 200
        await client.close()


async def test_a_lookup_that_fails_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    async with front_door() as door:

        async def fail() -> None:
            raise RuntimeError("database gone")

        door.shelf.resources["/hls/fail"] = fail
        client = await door.connect()
        assert (await client.ask("/hls/fail")).status == 500
        assert await client.at_end()
        assert "database gone" in caplog.text
        await client.close()


@pytest.mark.parametrize(
    ("head", "connection", "closes"),
    [
        ("GET /hls/a.m3u8 HTTP/1.0\r\n\r\n", "close", True),
        ("GET /hls/a.m3u8 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive", False),
        ("GET /hls/a.m3u8 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "close", True),
        ("GET /hls/a.m3u8 HTTP/1.1\r\nHost: x\r\nConnection: Foo, CLOSE\r\n\r\n", "close", True),
        ("GET /hls/a.m3u8 HTTP/1.1\r\nHost: x\r\n\r\n", None, False),
    ],
)
async def test_rfc9112_9_3_persistence(head: str, connection: str | None, closes: bool) -> None:
    async with front_door() as door:
        client = await door.connect()
        for _ in range(1 if closes else 2):
            client.send(head.encode())
            answer = await client.receive()
            assert (answer.body, answer.headers.get("connection")) == (PLAYLIST.body, connection)
        if closes:
            assert await client.at_end()
        await client.close()


async def test_a_half_closed_client_gets_its_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(os.urandom(9_000_000))
    async with front_door(Shelf({"/hls/big": file_resource(path)})) as door:
        client = await door.connect()
        client.send(b"GET /hls/big HTTP/1.1\r\nHost: x\r\n\r\n")
        client.writer.write_eof()
        answer = await client.receive()
        assert answer.body == path.read_bytes()
        assert await client.at_end()
        await client.close()


async def test_a_file_comes_whole_and_in_parts_and_by_every_way(tmp_path: Path) -> None:
    path = tmp_path / "file"
    content = os.urandom(3_000_000)
    path.write_bytes(content)
    async with front_door(Shelf({"/hls/file": file_resource(path)})) as door:
        client = await door.connect()
        for _ in range(3):  # opened by a thread, copied from the page cache, sent by the kernel
            assert (await client.ask("/hls/file")).body == content
            answer = await client.ask("/hls/file", "Range: bytes=70000-135535")
            assert (answer.status, answer.body) == (206, content[70_000:135_536])
            assert answer.headers["content-range"] == "bytes 70000-135535/3000000"
            answer = await client.ask("/hls/file", "Range: bytes=0-9, -5")
            assert answer.headers["content-type"].startswith("multipart/byteranges; boundary=")
            assert b"\r\n\r\n" + content[:10] + b"\r\n--" in answer.body
            assert b"\r\n\r\n" + content[-5:] + b"\r\n--" in answer.body
        assert (await client.ask("/hls/file", method="HEAD")).headers["content-length"] == "3000000"
        assert (await client.ask("/hls/file", "Range: bytes=3000000-")).headers[
            "content-range"
        ] == "bytes */3000000"
        assert (await client.ask("/hls/file", 'If-None-Match: "file"')).status == 304
        await client.close()


async def test_media_with_a_body_and_pipelined_behind_aiohttp_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "file"
    content = os.urandom(1_000_000)
    path.write_bytes(content)
    async with front_door(Shelf({"/hls/file": file_resource(path)})) as door:
        client = await door.connect()
        ours = await client.ask("/hls/file", "Range: bytes=5-700004")
        theirs = await client.ask("/hls/file", "Range: bytes=5-700004", body=b"ignored")
        assert theirs.body == ours.body == content[5:700_005]
        del ours.headers["date"], theirs.headers["date"]
        assert {name: theirs.headers.get(name) for name in ours.headers} == ours.headers
        client.send(b"GET /api HTTP/1.1\r\nHost: x\r\n\r\nGET /hls/file HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.receive()).body == b'{"path": "/api"}'
        assert (await client.receive()).body == content
        await client.close()


async def test_a_short_file_is_never_a_short_success(tmp_path: Path) -> None:
    path = tmp_path / "short"
    path.write_bytes(b"x" * 1_000_000)
    async with front_door(Shelf({"/hls/short": file_resource(path, 2_000_000)})) as door:
        for number in (1, 2):
            client = await door.connect()
            client.send(b"GET /hls/short HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await client.receive()
            assert door.door.stats.truncated_total == number
            await client.close()


async def test_a_missing_file_is_a_500(tmp_path: Path) -> None:
    async with front_door(Shelf({"/hls/gone": file_resource(tmp_path / "gone", 10)})) as door:
        client = await door.connect()
        assert (await client.ask("/hls/gone")).status == 500
        assert await client.at_end()
        await client.close()


async def test_a_file_deleted_while_it_is_read_is_read_to_its_end_and_then_let_go(tmp_path: Path) -> None:
    path = tmp_path / "deleted"
    content = os.urandom(20_000_000)
    path.write_bytes(content)
    async with front_door(Shelf({"/hls/deleted": file_resource(path)})) as door:
        client = await door.connect()
        client.send(b"GET /hls/deleted HTTP/1.1\r\nHost: x\r\n\r\n")
        await client.reader.readuntil(b"\r\n\r\n")
        path.unlink()
        door.door.files.sweep()
        assert await client.reader.readexactly(len(content)) == content
        fd = door.door.files.find(path).fd  # type: ignore[union-attr]
        door.door.files.sweep()
        assert door.door.files.find(path) is None
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)
        await client.close()


async def test_few_descriptors_serve_many_files(tmp_path: Path) -> None:
    shelf = Shelf()
    for number in range(12):
        path = tmp_path / str(number)
        path.write_bytes(b"%d" % number * 200_000)
        shelf.resources[f"/hls/{number}"] = file_resource(path)
    async with front_door(shelf, DoorLimits(max_open_files=2)) as door:
        clients = [await door.connect() for _ in range(12)]
        for _ in range(2):
            answers = await asyncio.gather(*(client.ask(f"/hls/{n}") for n, client in enumerate(clients)))
            assert [answer.body for answer in answers] == [b"%d" % number * 200_000 for number in range(12)]
        for client in clients:
            await client.close()


async def test_too_many_connections_are_told_so() -> None:
    async with front_door(limits=DoorLimits(max_connections=2)) as door:
        first, second = await door.connect(), await door.connect()
        assert (await first.ask("/hls/a.m3u8")).status == (await second.ask("/hls/a.m3u8")).status == 200
        third = await door.connect()
        assert (await third.receive()).status == 503
        assert await third.at_end()
        await third.close()
        await second.close()
        await until(lambda: door.door.stats.connections_open == 1)
        fourth = await door.connect()
        assert (await fourth.ask("/hls/a.m3u8")).status == 200
        await fourth.close()
        await first.close()


async def test_stats_count() -> None:
    async with front_door() as door:
        client = await door.connect()
        for _ in range(3):
            await client.ask("/hls/a.m3u8")
        await client.ask("/api")
        client.send(b"nonsense\r\n\r\n")
        await client.receive()
        stats = door.door.stats
        assert (stats.requests_total, stats.refused_total[400], stats.connections_open) == (4, 1, 1)
        assert stats.bytes_sent > 3 * PLAYLIST.size_bytes
        await client.close()


async def test_a_reader_that_falls_behind_the_kernel_gets_every_byte(tmp_path: Path) -> None:
    path = tmp_path / "file"
    content = os.urandom(300_000)
    path.write_bytes(content)
    async with front_door(Shelf({"/hls/file": file_resource(path)})) as door:
        client = await door.connect()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(120):  # 12 MB: more than the sockets hold
            client.send(b"GET /hls/file HTTP/1.1\r\nHost: x\r\nRange: bytes=1000-100999\r\n\r\n")
            await asyncio.sleep(0.001)  # so that each arrives alone, which is what the hot path answers
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        for _ in range(120):
            answer = await client.receive()
            assert (answer.status, answer.body) == (206, content[1000:101_000])
        await client.close()


@pytest.mark.parametrize("error", [BlockingIOError(), OSError(errno.EOPNOTSUPP, "no RWF_NOWAIT here")])
async def test_what_the_page_cache_has_not_got_a_thread_reads(
    error: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def preadv(*_: object) -> int:
        raise error

    path = tmp_path / "cold"
    content = os.urandom(1_000_000)
    path.write_bytes(content)
    async with front_door(Shelf({"/hls/cold": file_resource(path)})) as door:
        monkeypatch.setattr("os.preadv", preadv)
        client = await door.connect()
        for _ in range(2):
            assert (await client.ask("/hls/cold")).body == content
            assert (await client.ask("/hls/cold", "Range: bytes=9-99999")).body == content[9:100_000]
        await client.close()


async def test_a_disk_that_fails_cuts_the_answer_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "broken"
    path.write_bytes(bytes(1_000_000))
    async with front_door(Shelf({"/hls/broken": file_resource(path)})) as door:
        client = await door.connect()
        assert (await client.ask("/hls/broken", "Range: bytes=0-9")).status == 206

        def preadv(*_: object) -> int:
            raise OSError(errno.EIO, "the disk is dying")

        monkeypatch.setattr("os.preadv", preadv)
        client.send(b"GET /hls/broken HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.receive()).status == 500  # nothing was promised yet
        assert await client.at_end()
        assert door.door.stats.truncated_total == 1
        await client.close()


@pytest.mark.parametrize("takes", [0, 1, 50_000])
async def test_what_the_kernel_does_not_take_follows(
    takes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sendfile, calls = os.sendfile, []

    def reluctant(out: int, file: int, offset: int, count: int) -> int:
        calls.append(count)
        if not takes:
            raise BlockingIOError
        return sendfile(out, file, offset, min(count, takes))

    path = tmp_path / "file"
    content = os.urandom(200_000)
    path.write_bytes(content)
    async with front_door(Shelf({"/hls/file": file_resource(path)})) as door:
        monkeypatch.setattr("os.sendfile", reluctant)
        client = await door.connect()
        for _ in range(10):
            assert (await client.ask("/hls/file", "Range: bytes=5-100004")).body == content[5:100_005]
        assert calls
        await client.close()


@pytest.mark.parametrize("error", [0, BrokenPipeError(), OSError(errno.EIO, "the disk is dying")])
async def test_what_the_kernel_can_not_send_is_cut_off(
    error: OSError | int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sendfile(*_: object) -> int:
        if isinstance(error, OSError):
            raise error
        return error

    path = tmp_path / "file"
    path.write_bytes(bytes(100_000))
    async with front_door(Shelf({"/hls/file": file_resource(path)})) as door:
        monkeypatch.setattr("os.sendfile", sendfile)
        client = await door.connect()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            for _ in range(10):
                await client.ask("/hls/file", "Range: bytes=5-100004")
        assert door.door.stats.truncated_total == (not isinstance(error, ConnectionError))
        await client.close()
