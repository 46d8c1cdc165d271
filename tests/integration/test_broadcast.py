"""`golive`: a recording over real WebSockets that break, to a stage that keeps what comes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from chat.limits import ChatLimits
from chat.uplink import Piece, encode_piece
from streamer.live.line import Offer
from tests.support.chat import ChatServer, Client, chat_server, client, eventually
from tests.support.stage import KEY, FakeStage

Staged = tuple[ChatServer, FakeStage]
SESSION = "8f14e45fceea167a"
LIMITS = ChatLimits(uplink_window_bytes=1000, uplink_ack_s=0.01, uplink_hold_s=30.0)


class Host(Client):
    """A client that broadcasts."""

    stream = -1

    async def live(self, session: str = SESSION, key: str = KEY, **more: Any) -> dict[str, Any]:
        more |= {"room": "lobby", "key": key, "session": session}
        await self.say("golive", media_type="audio/WebM;codecs=opus", **more)
        told = await self.expect("onair", room="lobby", session=session)
        self.stream = told["stream"]
        return told

    async def feed(self, at: int, data: bytes) -> None:
        await self.socket.send(encode_piece(Piece(self.stream, at, data)))


@asynccontextmanager
async def host(server: ChatServer, name: str = "ann") -> AsyncIterator[Host]:
    async with client(server.url, name) as someone:
        made = Host(someone.socket)
        await made.join("lobby")
        yield made


@asynccontextmanager
async def stage_server(folder: Path, limits: ChatLimits = LIMITS, most: int = 10) -> AsyncIterator[Staged]:
    async with chat_server(folder, limits=limits) as server:
        stage = FakeStage()
        stage.room, stage.keys["another"] = most, 0
        server.hub.desk.uplinks.stage = stage
        yield server, stage


async def test_a_recording_comes_in_and_ends(tmp_path: Path) -> None:
    async with stage_server(tmp_path) as (server, stage), host(server) as ann:
        told = await ann.live(client="a page")
        assert (told["upto"], told["window_bytes"], told["hold_ms"]) == (0, 1000, 30_000)
        (line,) = stage.lines
        assert line.offer == Offer("browser", media_type="audio/webm", client="a page")
        await ann.feed(0, b"abc")
        await ann.expect("taken", stream=told["stream"], upto=3)
        await ann.feed(3, b"def")
        await ann.expect("taken", upto=6)
        await ann.say("title", room="lobby", artist="A", title="B")
        await ann.expect("titled", room="lobby")
        assert (line.data, line.titles) == (b"abcdef", [("A", "B", None)])
        await ann.say("gooff", room="lobby")
        await ann.expect("dismissed", session=SESSION, code="over")
        assert line.complete is True
        await ann.feed(6, b"late")  # passed over, and the connection goes on
        await ann.say("title", room="lobby", text="late")
        await ann.expect("error", code="not_live")
        await ann.live("another-recording")
        assert len(server.hub.desk.uplinks) == 1


async def test_a_recording_goes_on_over_another_connection(tmp_path: Path) -> None:
    async with stage_server(tmp_path) as (server, stage):
        uplinks = server.hub.desk.uplinks
        async with host(server) as ann:
            await ann.live()
            await ann.feed(0, b"0123")
            await ann.expect("taken", upto=4)
            await ann.feed(4, b"4567")
            await eventually(lambda: stage.lines[0].data == b"01234567")
        await eventually(lambda: not uplinks._feeding)
        async with host(server) as ann:
            told = await ann.live(kept_from=4)
            assert told["upto"] == 8
            await ann.feed(4, b"456789")
            await eventually(lambda: stage.lines[0].data == b"0123456789")
            async with host(server, "ann again") as again:  # while the server takes the first for alive
                told = await again.live(kept_from=4)
                await ann.until("dismissed", code="taken-over")
                await again.feed(10, b"ab")
                await eventually(lambda: stage.lines[0].data == b"0123456789ab")
        assert len(stage.lines) == 1 and stage.lines[0].complete is None
        stats = uplinks.stats
        assert (stats.received_bytes, stats.resent_bytes, stats.resumed_total) == (12, 4, 2)


async def test_what_is_held_ends_in_the_end(tmp_path: Path) -> None:
    limits = ChatLimits(uplink_hold_s=0.1)
    async with stage_server(tmp_path, limits) as (server, stage):
        async with host(server) as ann:
            await ann.live()
            await ann.feed(0, b"0123")
            await ann.expect("taken", upto=4)
        await eventually(lambda: stage.lines[0].complete is False)
        assert not len(server.hub.desk.uplinks)
        assert server.hub.desk.uplinks.stats.ended_total == {"lost": 1}
        async with host(server) as ann:
            await ann.say("golive", room="lobby", key=KEY, session=SESSION, kept_from=4)
            await ann.expect("error", code="session_unknown", room="lobby")


async def test_why_a_recording_ended_is_told_now_or_later(tmp_path: Path) -> None:
    async with stage_server(tmp_path) as (server, stage):
        async with host(server) as ann:
            await ann.live()
            stage.lines[0].dismiss("revoked", "the stream key was revoked")
            await ann.expect(
                "dismissed", code="revoked", reason="the stream key was revoked", session=SESSION
            )
            await ann.live("the-second-session")
            await ann.feed(0, b"0")
            await ann.expect("taken", upto=1)
        await eventually(lambda: not server.hub.desk.uplinks._feeding)
        stage.lines[1].dismiss("ended")
        async with host(server) as ann:
            await ann.say("golive", room="lobby", key=KEY, session="the-second-session", kept_from=1)
            await ann.expect("dismissed", code="ended", session="the-second-session")
        assert not len(server.hub.desk.uplinks)


async def test_who_breaks_the_rules_is_let_go(tmp_path: Path) -> None:
    async with stage_server(tmp_path) as (server, stage), host(server) as ann:
        await ann.live()
        await ann.feed(5, b"abc")
        told = await ann.expect("dismissed", code="gap")
        assert told["reason"] == "a piece begins with byte 5 of the recording, and 0 have come"
        await ann.live("the-second-session")
        stage.lines[1].full = True  # nothing is acknowledged until there is room
        await ann.feed(0, bytes(1000))
        await ann.feed(1000, b"!")
        await ann.expect("dismissed", code="too-fast")
        assert server.hub.desk.uplinks.stats.ended_total == {"gap": 1, "too-fast": 1}
        assert [line.complete for line in stage.lines] == [False, False]
        await ann.live("the-third-session")
        stage.lines[2].full = True
        await ann.feed(0, bytes(1000))
        await eventually(lambda: len(stage.lines[2].data) == 1000)
        stage.lines[2].full = False
        stage.lines[2].shell.may_write()
        await ann.expect("taken", upto=1000)
        await ann.socket.send(b"\x07 of another kind")
        await ann.expect("error", code="malformed")


async def test_who_may_not_is_told_why(tmp_path: Path) -> None:
    async with stage_server(tmp_path, most=1) as (server, stage), host(server) as ann:
        await ann.say("golive", room="lobby", key="wrong", session=SESSION)
        await ann.expect("error", code="key_refused")
        await ann.live()
        await ann.say("golive", room="lobby", key=KEY, session="the-second-session")
        await ann.expect("error", code="already_live")
        async with host(server, "bob") as bob:
            await bob.say("golive", room="lobby", key="another", session=SESSION)
            await bob.expect("error", code="key_refused", message="the recording was begun with another key")
            await bob.say("golive", room="lobby", key=KEY, session="the-second-session")
            await bob.expect("error", code="stage_full")
            await bob.say("gooff", room="lobby")
            await bob.expect("error", code="not_live")
        server.hub.desk.uplinks.stage = None
        async with host(server, "eve") as eve:
            await eve.say("golive", room="lobby", key=KEY, session=SESSION)
            await eve.expect("error", code="unavailable")
        assert len(stage.lines) == 1
