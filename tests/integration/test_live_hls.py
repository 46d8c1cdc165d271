"""Live shows over HLS on real sockets: waiting, order, and what HTTP asks of an answer that comes later."""

import asyncio
import contextlib
import gzip
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from streamer.live.shelf import LiveShelf
from streamer.server import DoorLimits
from streamer.wheel import TimerWheel
from tests.support.door import QUICK, Answer, Door, front_door, until
from tests.support.live import AAC, LOW, STARTS_AT_US, live_shelf, on_air, part
from tests.support.live_m3u8 import read_live

FIRST = STARTS_AT_US // 3_840_000
PLAYLIST = "/hls/live/lobby/aac128.m3u8"


@dataclass
class Live:
    """A door, and a show that goes on when it is told to."""

    door: Door
    shelf: LiveShelf
    parts: int = 0

    def go_on(self, parts: int = 1) -> None:
        for _ in range(parts):
            for rendition in (AAC, LOW):
                self.shelf.part(on_air(), part(self.parts, rendition))
            self.parts += 1

    @property
    def next_query(self) -> str:
        """Of the playlist that has the part that comes next."""
        segment, number = divmod(self.parts, 12)
        return f"?_HLS_msn={FIRST + segment}&_HLS_part={number}"

    @property
    def hinted(self) -> str:
        segment, number = divmod(self.parts, 12)
        return f"/hls/live/lobby/aac128/{FIRST + segment}.{number}.m4s"

    @property
    def waiting(self) -> int:
        here = self.shelf._shows["lobby"]
        wanted = [one for feed in here.feeds.values() for one in feed._wanted.values()]
        hinted = [feed.pieces._hinted[1] for feed in here.feeds.values() if feed.pieces._hinted]
        return sum(len(one) for one in [*wanted, *hinted])

    async def until_waiting(self, count: int) -> None:
        await until(lambda: self.waiting == count)


@contextlib.asynccontextmanager
async def live_door(limits: DoorLimits | None = None) -> AsyncIterator[Live]:
    shelves: list[LiveShelf] = []

    def make(wheel: TimerWheel) -> LiveShelf:
        shelves.append(live_shelf(wheel))
        return shelves[0]

    async with front_door(limits=limits, live=make) as door:
        live = Live(door, shelves[0])
        live.shelf.started(on_air())
        live.go_on()
        yield live


def request(target: str, *fields: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/{version}", "Host: x", *fields, "", ""]).encode()


def hint_of(answer: Answer) -> str | None:
    return read_live(answer.body.decode()).hint


async def test_everyone_who_waits_is_told_at_once_in_the_form_they_take() -> None:
    async with live_door() as live:
        live.go_on(100)  # enough to skip some
        clients = [await live.door.connect() for _ in range(6)]
        target = PLAYLIST + live.next_query
        zipped = request(target, "Accept-Encoding: br, gzip")
        forms = [request(target), request(target), zipped, zipped, request(target, method="HEAD")]
        for client, form in zip(clients, [*forms, request(f"{target}&_HLS_skip=YES")], strict=True):
            client.send(form)
        await live.until_waiting(6)
        live.go_on()
        plain, same, small, small_too = [await client.receive() for client in clients[:4]]
        assert plain == same
        assert small == small_too
        assert gzip.decompress(small.body) == plain.body
        assert len(small.body) < len(plain.body) / 4
        assert (small.headers["content-encoding"], small.headers["vary"]) == ("gzip", "Accept-Encoding")
        assert not {"vary", "content-encoding", "set-cookie", "last-modified"} & plain.headers.keys()
        assert plain.headers["access-control-allow-origin"] == "*"
        assert plain.headers["cache-control"] == "public, max-age=86400, immutable"
        head = await clients[4].receive("HEAD")
        assert (head.headers["etag"], head.body) == (plain.headers["etag"], b"")
        full = read_live(plain.body.decode())
        delta = read_live((await clients[5].receive()).body.decode(), full)
        assert delta.skipped
        assert delta.segments == full.segments
        for client in clients:  # and all of them can ask again
            assert (await client.ask(PLAYLIST)).headers["cache-control"] == "public, max-age=0"
            await client.close()


async def test_a_part_that_is_hinted_at_is_given_as_soon_as_it_is_there() -> None:
    async with live_door() as live:
        clients = [await live.door.connect() for _ in range(3)]
        for client in clients:
            client.send(request(live.hinted))
        await live.until_waiting(3)
        live.go_on()
        for client in clients:
            answer = await client.receive()
            assert (answer.status, answer.body) == (200, part(1).data)
            assert answer.headers["cache-control"] == "public, max-age=86400, immutable"
            await client.close()


async def test_pipelined_requests_are_answered_in_order_around_one_that_waits() -> None:
    async with live_door() as live:
        client = await live.door.connect()
        next_one = PLAYLIST + live.next_query
        targets = [PLAYLIST, next_one, live.hinted, "/api", next_one, "/hls/a.m3u8"]
        client.send(b"".join(request(target) for target in targets))
        assert hint_of(await client.receive()) == f"aac128/{FIRST}.1.m4s"
        await live.until_waiting(1)
        live.go_on()
        assert hint_of(await client.receive()) == f"aac128/{FIRST}.2.m4s"
        assert (await client.receive()).body == part(1).data
        assert (await client.receive()).body == b'{"path": "/api"}'
        assert hint_of(await client.receive()) == f"aac128/{FIRST}.2.m4s"
        assert (await client.receive()).body == b"#EXTM3U\n"
        await client.close()


async def test_two_waits_can_be_pipelined() -> None:
    async with live_door() as live:
        client = await live.door.connect()
        first = PLAYLIST + live.next_query
        live.parts += 1
        second = PLAYLIST + live.next_query
        live.parts -= 1
        client.send(request(first) + request(second))
        await live.until_waiting(1)
        live.go_on()
        assert hint_of(await client.receive()) == f"aac128/{FIRST}.2.m4s"
        await live.until_waiting(1)
        live.go_on()
        assert hint_of(await client.receive()) == f"aac128/{FIRST}.3.m4s"
        await client.close()


async def test_who_is_gone_waits_no_more() -> None:
    async with live_door() as live:
        gone, stays = await live.door.connect(), await live.door.connect()
        for client in (gone, stays):
            client.send(request(PLAYLIST + live.next_query))
        await live.until_waiting(2)
        line = gone.writer.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, not an end
        gone.writer.transport.abort()
        await live.until_waiting(1)
        live.go_on()
        assert (await stays.receive()).status == 200
        await stays.close()


async def test_a_half_closed_client_gets_what_it_waits_for() -> None:
    async with live_door() as live:
        client = await live.door.connect()
        client.send(request(PLAYLIST + live.next_query))
        client.writer.write_eof()
        await live.until_waiting(1)
        live.go_on()
        assert (await client.receive()).status == 200
        assert await client.at_end()
        await client.close()


@pytest.mark.parametrize(
    ("fields", "version", "connection", "closes"),
    [
        ((), "1.0", "close", True),
        (("Connection: keep-alive",), "1.0", "keep-alive", False),
        (("Connection: close",), "1.1", "close", True),
    ],
)
async def test_rfc9112_9_3_persistence_after_a_wait(
    fields: tuple[str, ...], version: str, connection: str, closes: bool
) -> None:
    async with live_door() as live:
        client = await live.door.connect()
        client.send(request(PLAYLIST + live.next_query, *fields, version=version))
        await live.until_waiting(1)
        live.go_on()
        answer = await client.receive()
        assert (answer.status, answer.headers["connection"]) == (200, connection)
        if closes:
            assert await client.at_end()
        else:
            assert (await client.ask(PLAYLIST)).status == 200
        await client.close()


async def test_no_idle_timeout_ends_a_wait() -> None:
    async with live_door(QUICK) as live:
        client = await live.door.connect()
        client.send(request(PLAYLIST + live.next_query))
        await live.until_waiting(1)
        passed = asyncio.Event()
        wheel = live.door.door.wheel
        wheel.schedule(4 * QUICK.idle_timeout_s, passed.set)
        await passed.wait()
        assert live.waiting == 1
        live.go_on()
        assert (await client.receive()).status == 200
        await client.close()


async def test_a_door_that_is_drained_answers_who_waits() -> None:
    async with live_door() as live:
        clients = [await live.door.connect() for _ in range(2)]
        clients[0].send(request(PLAYLIST + live.next_query))
        clients[1].send(request(live.hinted))
        await live.until_waiting(2)
        await live.door.door.drain(5)
        playlist, late = [await client.receive() for client in clients]
        assert (playlist.status, playlist.headers["cache-control"]) == (200, "no-store")
        assert (late.status, late.headers["retry-after"]) == (503, "1")
        for client, answer in zip(clients, (playlist, late), strict=True):
            assert answer.headers["connection"] == "close"
            assert await client.at_end()
            await client.close()


async def test_conditions_are_judged_by_what_comes() -> None:
    async with live_door() as live:
        client = await live.door.connect()
        now = await client.ask(PLAYLIST)
        tag = now.headers["etag"]
        assert (await client.ask(PLAYLIST, f"If-None-Match: {tag}")).status == 304
        # A second is too long to tell two playlists apart by their date.
        since = "If-Modified-Since: Fri, 31 Dec 2100 23:59:59 GMT"
        assert (await client.ask(PLAYLIST, since)).status == 200
        client.send(request(PLAYLIST + live.next_query, f"If-None-Match: {tag}"))
        await live.until_waiting(1)
        live.go_on()
        assert (await client.receive()).status == 200
        ranged = await client.ask(f"/hls/live/lobby/aac128/{FIRST}.0.m4s", "Range: bytes=0-5")
        assert (ranged.status, ranged.body) == (206, b"aac128")
        await client.close()


async def test_a_refusal_is_a_problem_and_the_connection_goes_on() -> None:
    async with live_door() as live:
        client = await live.door.connect()
        for target, status in (
            (f"{PLAYLIST}?_HLS_msn={FIRST + 3}", 400),
            (f"{PLAYLIST}?_HLS_part=1", 400),
            ("/hls/live/lobby/aac128/0.0.m4s", 404),
            ("/hls/live/nobody/index.m3u8", 404),
        ):
            answer = await client.ask(target)
            assert answer.status == status
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["access-control-allow-origin"] == "*"
        assert (await client.ask(PLAYLIST)).status == 200
        await client.close()


async def test_who_does_not_read_is_answered_in_order_when_they_do() -> None:
    async with live_door() as live:
        live.go_on(23)
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", live.door.port))
        reader, writer = await asyncio.open_connection(sock=line, limit=1 << 12)
        segment = request(f"/hls/live/lobby/aac128/{FIRST}.m4s")
        writer.write(segment * 100 + request(PLAYLIST + live.next_query) + segment)
        bodies = b"".join(part(number).data for number in range(12))

        async def body() -> bytes:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
            size = next(int(one[16:]) for one in lines if one.startswith("content-length: "))
            return await reader.readexactly(size)

        for _ in range(100):
            assert await body() == bodies
        await live.until_waiting(1)
        live.go_on()
        assert read_live((await body()).decode()).hint == f"aac128/{FIRST + 2}.1.m4s"
        assert await body() == bodies
        writer.close()


async def test_many_who_wait_are_answered_over_some_turns_of_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streamer.waiting._AT_ONCE", 4)
    async with live_door() as live:
        clients = []
        for _ in range(60):
            client = await live.door.connect()
            client.send(request(PLAYLIST + live.next_query, f"X-Number: {len(clients) % 7}"))
            clients.append(client)
        await live.until_waiting(60)
        live.go_on()
        answers = [await client.receive() for client in clients]
        assert len({answer.body for answer in answers}) == 1
        for client in clients:
            await client.close()


async def test_listeners_behind_a_proxy_are_answered_and_told_apart() -> None:
    """No two of them send the same bytes, but each sends the same fields again."""
    async with live_door() as live:
        clients = [await live.door.connect() for _ in range(3)]
        for _ in range(3):
            target = PLAYLIST + live.next_query
            for number, client in enumerate(clients):
                client.send(request(target, f"X-Forwarded-For: 192.0.2.{number}"))
            await live.until_waiting(3)
            live.go_on()
            answers = [await client.receive() for client in clients]
            assert answers[0] == answers[1] == answers[2]
            part_target = f"/hls/live/lobby/aac128/{FIRST}.{live.parts - 1}.m4s"
            for number, client in enumerate(clients):
                got = await client.ask(part_target, f"X-Forwarded-For: 192.0.2.{number}")
                assert got.body == part(live.parts - 1).data
        assert live.shelf._sessions._audience.of("lobby") == {"hls": 3}
        head = await clients[0].ask(part_target, "X-Forwarded-For: 192.0.2.0", method="HEAD")
        assert (head.status, head.body) == (200, b"")
        for client in clients:
            await client.close()
