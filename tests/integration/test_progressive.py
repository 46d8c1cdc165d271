"""`/live/ROOM.mp3` and `.aac` at a real front door, from an outlet that is fed by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from hls.adts import encode_adts
from hls.live import OnAir
from streamer.lane import DatabaseFailed
from streamer.live.audience import Audience
from streamer.live.icy import METAINT_BYTES
from streamer.live.outlet import Title
from streamer.live.progressive import Progressive, ProgressiveLimits
from streamer.wheel import TimerWheel
from tests.support.door import Client, Door, front_door, until
from tests.support.live import AAC, MP3, chunk, on_air, unit
from tests.unit.streamer.test_icy import unwoven

PASS = "1795227101.0123456789abcdef0123456789abcdef"


@dataclass
class Doors:
    """Rooms that are open, or not; the others must be learned of first."""

    known: dict[str, bool] = field(default_factory=lambda: {"lobby": True})
    learned: bool | Exception = True

    def is_open(self, room: str) -> bool | None:
        return self.known.get(room)

    async def learn(self, room: str) -> None:
        await asyncio.sleep(0)
        if isinstance(self.learned, Exception):
            raise self.learned
        self.known[room] = self.learned


@dataclass
class Radio:
    door: Door
    progressive: Progressive
    audience: Audience
    doors: Doors
    clients: list[Client] = field(default_factory=list)

    def feed(self, show: OnAir, *numbers: int, size: int = 40) -> None:
        for number in numbers:
            for rendition in show.renditions:
                self.progressive.chunk(show, chunk(number, rendition, size))

    async def tune(
        self, path: str, *fields: str, method: str = "GET", version: str = "1.1"
    ) -> tuple[str, Client]:
        """The head of the answer, and the connection."""
        client = await self.door.connect()
        self.clients.append(client)
        client.send("\r\n".join([f"{method} {path} HTTP/{version}", "Host: h:1", *fields, "", ""]).encode())
        async with asyncio.timeout(10):
            return (await client.reader.readuntil(b"\r\n\r\n")).decode(), client


@asynccontextmanager
async def radio(limits: ProgressiveLimits | None = None) -> AsyncIterator[Radio]:
    audience, doors = Audience(), Doors()
    made: list[Progressive] = []

    async with asyncio.TaskGroup() as tasks:

        def make(wheel: TimerWheel) -> Progressive:
            made.append(
                Progressive(
                    audience=audience,
                    doors=doors,
                    verify=lambda token, room: (token, room) == (PASS, "private"),
                    wheel=wheel,
                    tasks=tasks,
                    limits=limits or ProgressiveLimits(),
                )
            )
            return made[0]

        async with front_door(progressive=lambda wheel: make(wheel).accept) as door:
            here = Radio(door, made[0], audience, doors)
            try:
                yield here
            finally:
                made[0].close()
                for client in here.clients:
                    client.writer.transport.abort()


def blocks_of(rendition: str, *numbers: int) -> bytes:
    which = {"mp3": MP3, "aac128": AAC}[rendition]
    units = [unit(which, number * 5 + index) for number in numbers for index in range(5)]
    return encode_adts(AAC.description, units) if which is AAC else b"".join(units)


async def test_a_listener_gets_the_last_seconds_and_then_what_comes() -> None:
    async with radio(ProgressiveLimits(burst_s=0.6)) as here:
        show = on_air()
        here.progressive.started(show)
        here.feed(show, *range(12))  # four blocks of AAC
        head, client = await here.tune("/live/lobby.aac")
        assert head.startswith("HTTP/1.1 200 OK\r\nContent-Type: audio/aac\r\n")
        assert "icy-metaint:" not in head
        assert here.progressive.in_hand_ms("lobby") == 640
        assert here.progressive.in_hand_ms("elsewhere") is None
        expected = blocks_of("aac128", *range(6, 15))
        here.feed(show, 12, 13, 14)
        assert await client.reader.readexactly(len(expected)) == expected
        assert here.audience.of("lobby").total() == 0  # it may be somebody who only looks
        here.feed(show, *range(15, 21))
        assert here.audience.of("lobby") == {"progressive": 1}
        here.progressive.ended(show)
        assert await client.reader.read() == blocks_of("aac128", *range(15, 21))
        assert here.audience.of("lobby").total() == 0
        assert here.progressive.stats.listeners_open == 0


async def test_mp3_is_passed_on_as_it_is() -> None:
    async with radio() as here:
        show = on_air()
        here.progressive.started(show)
        head, client = await here.tune("/live/lobby.mp3", version="1.0")
        assert head.startswith("HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n")
        here.feed(show, *range(6))
        expected = blocks_of("mp3", *range(6))
        assert await client.reader.readexactly(len(expected)) == expected
        await client.close()


async def test_titles_come_at_the_byte_where_they_are_heard() -> None:
    """Two listeners, one with titles; who has them gets the same sound."""
    async with radio(ProgressiveLimits(burst_s=0)) as here:
        show = on_air()
        here.progressive.started(show)
        head, with_titles = await here.tune("/live/lobby.mp3", "Icy-MetaData: 1")
        assert f"icy-metaint: {METAINT_BYTES}\r\n" in head
        _, without = await here.tune("/live/lobby.mp3")
        # Chunks of 120 ms and 2,000 bytes: a second and more is between two places for titles.
        for number, at_s in ((1, -1), (2, 1), (3, 30)):
            at_us = show.starts_at_us + at_s * 1_000_000
            here.progressive.titled(show, Title(number, at_us, f"title {number}"))
        here.feed(show, *range(36), size=400)
        here.progressive.ended(show)
        sound = await without.reader.read()
        woven, titles = unwoven(await with_titles.reader.read())
        assert woven == sound
        assert len(sound) == 36 * 5 * 400
        assert titles == [(METAINT_BYTES, "title 1"), (2 * METAINT_BYTES, "title 2")] or titles == [
            (METAINT_BYTES, "title 2")
        ]


async def test_a_range_is_answered_with_all_of_it() -> None:
    """iOS asks for two bytes first, and whoever is answered 206 goes on without titles."""
    async with radio() as here:
        show = on_air()
        here.progressive.started(show)
        here.feed(show, 0, 1, 2)
        for asked in ("bytes=0-1", "bytes=0-", "bytes=9-"):
            head, client = await here.tune("/live/lobby.mp3", f"Range: {asked}", "Icy-MetaData: 1")
            assert head.startswith("HTTP/1.1 200 OK\r\n")
            assert "icy-metaint:" in head
            assert len(await client.reader.readexactly(600)) == 600
            client.writer.transport.abort()
        await until(lambda: here.progressive.stats.listeners_open == 0)


async def test_answers_without_sound() -> None:
    async with radio() as here:
        show = on_air()
        here.progressive.started(show)
        asked = {
            ("HEAD", "/live/lobby.mp3"): "HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg",
            ("OPTIONS", "/live/lobby.mp3"): "HTTP/1.1 204 No Content",
            ("GET", "/live/nobody.mp3"): "HTTP/1.1 404 Not Found",
            ("GET", "/live/lobby.m3u"): "HTTP/1.1 200 OK\r\nContent-Type: audio/x-mpegurl",
            ("HEAD", "/live/lobby.pls"): "HTTP/1.1 200 OK\r\nContent-Type: audio/x-scpls",
        }
        for (method, path), expected in asked.items():
            head, client = await here.tune(path, method=method)
            assert head.startswith(expected), (method, path, head)
            body = await client.reader.read()
            assert (b"/live/lobby.mp3\r\n" in body) is path.endswith("m3u")
        assert here.progressive.stats.listeners_open == 0


async def test_a_show_without_mp3_says_what_it_has() -> None:
    async with radio() as here:
        fields = {name: getattr(on_air(), name) for name in OnAir.__struct_fields__}
        show = OnAir(**fields | {"renditions": (AAC,)})
        here.progressive.started(show)
        head, client = await here.tune("/live/lobby.mp3")
        assert head.startswith("HTTP/1.1 404")
        assert b"this show has no mp3; it has aac" in await client.reader.read()


@pytest.mark.parametrize("learned", [True, False])
async def test_rooms_that_are_not_open_want_a_pass(learned: bool) -> None:
    async with radio() as here:
        here.doors.learned = learned
        here.progressive.started(on_air("private"))
        head, _ = await here.tune("/live/private.mp3")
        assert head.startswith("HTTP/1.1 200" if learned else "HTTP/1.1 403")
        head, _ = await here.tune(f"/l/{PASS}/live/private.mp3")
        assert head.startswith("HTTP/1.1 200")
        head, _ = await here.tune(f"/l/{PASS[:-1]}0/live/private.mp3")
        assert head.startswith("HTTP/1.1 200" if learned else "HTTP/1.1 403")


async def test_whether_a_room_is_open_may_not_be_known() -> None:
    async with radio() as here:
        here.doors.learned = DatabaseFailed("no")
        here.progressive.started(on_air("private"))
        head, _ = await here.tune("/live/private.mp3")
        assert head.startswith("HTTP/1.1 503")
        assert "Retry-After: 5" in head


async def test_who_does_not_read_is_cut_off_and_others_hear_on() -> None:
    async with radio(ProgressiveLimits(max_queue_bytes=100_000)) as here:
        show = on_air()
        here.progressive.started(show)
        _, good = await here.tune("/live/lobby.mp3")
        _, slow = await here.tune("/live/lobby.mp3")
        slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
        heard = sent = 0
        while not here.progressive.stats.slow_total:
            here.feed(show, *range(sent, sent + 3), size=8000)
            sent += 3
            heard += len(await good.reader.readexactly(3 * 5 * 8000))
        assert here.progressive.stats.listeners_open == 1
        here.feed(show, *range(sent, sent + 3), size=8000)
        await good.reader.readexactly(3 * 5 * 8000)


async def test_listeners_hear_on_when_the_encoders_are_opened_anew() -> None:
    async with radio() as here:
        show = on_air()
        here.progressive.started(show)
        here.progressive.titled(show, Title(1, 0, "still playing"))
        _, client = await here.tune("/live/lobby.mp3", "Icy-MetaData: 1")
        here.feed(show, 0, 1, 2)
        again = on_air(starts_at_us=show.starts_at_us + 9_000_000)
        here.progressive.renewed(again)
        here.feed(again, *range(30), size=200)
        here.progressive.ended(again)
        sound, titles = unwoven(await client.reader.read())
        assert len(sound) == 600 + 30 * 5 * 200
        assert [text for _, text in titles] == ["still playing"]


async def test_a_form_that_the_next_show_does_not_have_ends() -> None:
    async with radio() as here:
        here.progressive.started(on_air())
        _, client = await here.tune("/live/lobby.mp3")
        fields = {name: getattr(on_air(show="two"), name) for name in OnAir.__struct_fields__}
        here.progressive.started(OnAir(**fields | {"renditions": (AAC,)}))
        assert await client.reader.read() == b""
        assert here.progressive.stats.listeners_open == 0


async def test_no_more_than_so_many() -> None:
    async with radio(ProgressiveLimits(max_listeners=1)) as here:
        here.progressive.started(on_air())
        _, one = await here.tune("/live/lobby.mp3")
        head, _ = await here.tune("/live/lobby.mp3")
        assert head.startswith("HTTP/1.1 503")
        await one.close()
        await until(lambda: here.progressive.stats.listeners_open == 0)
        head, _ = await here.tune("/live/lobby.mp3")
        assert head.startswith("HTTP/1.1 200")
