"""`listen`: a show's sound over a real WebSocket, from an outlet that is fed by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chat.limits import ChatLimits
from chat.sound import CONCEALED, DISCONTINUOUS, SoundFrame, decode_sound
from hls.live import OnAir
from streamer.live.audience import Audience
from streamer.live.listeners import Listeners
from tests.support.chat import ChatServer, Client, chat_server, client, eventually
from tests.support.frames import BINARY, TEXT, say, wire
from tests.support.live import AAC, LOW, on_air, unit
from tests.support.live import chunk as made


class Ear(Client):
    """A client that hears."""

    async def sound(self) -> SoundFrame:
        async with asyncio.timeout(20):
            data = await self.socket.recv()
        assert isinstance(data, bytes), data
        return decode_sound(data)


@asynccontextmanager
async def ear(server: ChatServer, room: str | None = "lobby", name: str = "ann") -> AsyncIterator[Ear]:
    async with client(server.url, name) as someone:
        heard = Ear(someone.socket)
        if room is not None:
            await heard.join(room)
        yield heard


def at(show: OnAir, number: int) -> int:
    return show.time_us(number * 5 * 1024 - 1024)


async def test_a_show_is_heard_from_the_newest_part_on(tmp_path: Path) -> None:
    async with chat_server(tmp_path) as server, ear(server) as ann:
        listeners, show = server.hub.desk.listeners, on_air()
        listeners.started(show)
        for number in range(10):
            listeners.chunk(show, made(number))
            listeners.chunk(show, made(number, LOW))
        await ann.say("listen", room="lobby")
        told = await ann.expect(
            "listening", room="lobby", show="show1", rendition="aac128", renditions=["aac128", "aac64"]
        )
        assert (told["codec"], told["sample_rate"], told["channels"]) == ("mp4a.40.2", 48_000, 2)
        assert (told["description"], told["frame_ticks"]) == ("EZA=", 1024)
        burst = tuple(unit(AAC, number) for number in range(35, 50))
        assert await ann.sound() == SoundFrame(told["stream"], at(show, 7), burst, DISCONTINUOUS)
        assert listeners.in_hand_ms("lobby") == 320
        assert listeners.in_hand_ms("elsewhere") is None
        listeners.chunk(show, made(10))
        assert await ann.sound() == SoundFrame(told["stream"], at(show, 10), made(10).units)


async def test_who_waits_hears_a_show_begin_end_and_begin_again(tmp_path: Path) -> None:
    async with chat_server(tmp_path) as server, ear(server) as ann:
        listeners = server.hub.desk.listeners
        await ann.say("listen", room="lobby", rendition="aac64")
        await ann.expect("offair", room="lobby")
        streams = set()
        for name in ("one", "two"):
            show = on_air(show=name)
            listeners.started(show)
            listeners.chunk(show, made(0, LOW))
            told = await ann.expect("listening", show=name, rendition="aac64")
            streams.add(told["stream"])
            assert await ann.sound() == SoundFrame(
                told["stream"], at(show, 0), made(0, LOW).units, DISCONTINUOUS
            )
            listeners.ended(show)
            await ann.expect("offair", room="lobby")
        assert len(streams) == 2
        listeners.ended(on_air(show="two"))  # again, which tells nobody anything
        await ann.say("unlisten", room="lobby")
        await ann.expect("unlistened", room="lobby")
        assert not listeners._rooms


async def test_a_rendition_that_is_not_there_is_the_first_and_another_can_be_asked_for(
    tmp_path: Path,
) -> None:
    async with chat_server(tmp_path) as server, ear(server) as ann:
        listeners, show = server.hub.desk.listeners, on_air()
        listeners.started(show)
        for rendition in ("flac", "mp3", "aac128"):
            await ann.say("listen", room="lobby", rendition=rendition)
            first = await ann.expect("listening", rendition="aac128")
        await ann.say("listen", room="lobby", rendition="aac64")
        second = await ann.expect("listening", rendition="aac64")
        assert first["stream"] != second["stream"]
        listeners.chunk(show, made(0))
        listeners.chunk(show, made(0, LOW))
        assert (await ann.sound()).stream == second["stream"]
        assert listeners.audience.of("lobby") == {"websocket": 1}


async def test_what_is_lost_concealed_or_renewed_is_flagged(tmp_path: Path) -> None:
    async with chat_server(tmp_path) as server, ear(server) as ann:
        listeners, show = server.hub.desk.listeners, on_air()
        listeners.started(show)
        await ann.say("listen", room="lobby")
        before = await ann.expect("listening")
        listeners.chunk(show, made(0))
        listeners.interrupted(show, interrupted=True)
        listeners.chunk(show, made(1))
        listeners.interrupted(show, interrupted=False)
        listeners.chunk(show, made(2))
        listeners.chunk(show, made(4))
        flags = [(await ann.sound()).flags for _ in range(4)]
        assert flags == [DISCONTINUOUS, CONCEALED, 0, DISCONTINUOUS]
        again = on_air(starts_at_us=show.starts_at_us + 7_000_000)
        listeners.renewed(again)
        listeners.chunk(again, made(0))
        after = await ann.expect("listening", show="show1")
        assert after["stream"] != before["stream"]
        frame = await ann.sound()
        assert (frame.stream, frame.at_us, frame.flags) == (after["stream"], at(again, 0), DISCONTINUOUS)


async def test_only_members_hear(tmp_path: Path) -> None:
    async with chat_server(tmp_path) as server, ear(server, None) as ann:
        listeners, show = server.hub.desk.listeners, on_air()
        listeners.started(show)
        await ann.say("listen", room="lobby")
        await ann.expect("error", code="not_joined", room="lobby")
        await ann.join("lobby")
        await ann.say("listen", room="lobby")
        await ann.expect("listening")
        await ann.say("leave", room="lobby")
        await ann.expect("left")
        listeners.chunk(show, made(0))
        await ann.join("lobby")  # and no sound before it: coming back is not listening
        assert listeners.audience.of("lobby").total() == 0


async def test_who_is_gone_is_forgotten(tmp_path: Path) -> None:
    async with chat_server(tmp_path) as server:
        listeners, show = server.hub.desk.listeners, on_air()
        listeners.started(show)
        async with ear(server) as ann:
            await ann.say("listen", room="lobby")
            await ann.expect("listening")
            assert listeners.audience.of("lobby") == {"websocket": 1}
        await eventually(lambda: not listeners.audience.of("lobby").total())
        listeners.ended(show)
        assert not listeners._rooms
        assert listeners.audience.sessions_total == {"websocket": 1}


async def test_who_does_not_read_misses_sound_and_no_message(tmp_path: Path) -> None:
    """The kernel's buffers are full, then `max_sound_bytes`; then only messages come, then sound again."""
    limits = ChatLimits(max_sound_bytes=60_000)
    async with chat_server(tmp_path, limits=limits) as server, client(server.url, "bob") as bob:
        await bob.join("lobby")
        listeners, show = server.hub.desk.listeners, on_air()
        listeners.started(show)
        async with wire(server.port, limit=1 << 14) as slow:
            slow.write(say("join", room="lobby") + say("listen", room="lobby"))
            await slow.expect("joined")
            await slow.expect("listening")
            number = 0
            while not listeners.missed_total:
                listeners.chunk(show, made(number, size=8000))
                number += 1
                await asyncio.sleep(0)
            missed = number - 1
            await bob.send("lobby", "n1", "still there?")
            heard: list[SoundFrame] = []
            while True:
                opcode, payload = await slow.read_frame()
                if opcode == BINARY:
                    heard.append(decode_sound(payload))
                elif opcode == TEXT and b"still there?" in payload:
                    break
            assert [frame.at_us for frame in heard] == [at(show, index) for index in range(missed)]
            (socket_,) = next(iter(listeners._rooms["lobby"].streams.values())).sockets
            await eventually(lambda: not socket_.congested)
            listeners.chunk(show, made(number))
            listeners.chunk(show, made(number + 1))
            frames: list[SoundFrame] = []
            while len(frames) < 2:
                opcode, payload = await slow.read_frame()
                if opcode == BINARY:  # who is present may be told in between
                    frames.append(decode_sound(payload))
            assert [(frame.at_us, frame.flags) for frame in frames] == [
                (at(show, number), DISCONTINUOUS),
                (at(show, number + 1), 0),
            ]
            assert server.hub.stats.closes_total[4000] == 0


async def test_all_get_the_same_bytes(tmp_path: Path) -> None:
    async with (
        chat_server(tmp_path) as server,
        ear(server, name="ann") as ann,
        ear(server, name="bob") as bob,
    ):
        listeners, show = server.hub.desk.listeners, on_air()
        listeners.started(show)
        for each in (ann, bob):
            await each.say("listen", room="lobby")
            await each.until("listening")
        listeners.chunk(show, made(0))
        assert await ann.sound() == await bob.sound()


def test_numbers_of_streams_come_round() -> None:
    listeners = Listeners(ChatLimits(), Audience())
    listeners._number = (1 << 16) - 2
    show = on_air()
    listeners.started(show)
    assert sorted(stream.number for stream in listeners._rooms["lobby"].streams.values()) == [0, 65_535]


# --- what is said belongs to a moment of the show


async def test_what_is_said_tells_what_its_author_hears(tmp_path: Path) -> None:
    async with chat_server(tmp_path) as server, client(server.url) as ann:
        await ann.join("lobby")
        media = server.hub.now_ms() - 15_000
        await ann.say("send", room="lobby", nonce="n", body="this!", media=media)
        id = (await ann.expect("ack"))["id"]
        await ann.expect("message", media=media)
        await ann.say("react", room="lobby", nonce="r", id=id, emoji="heart", media=media + 5)
        await ann.expect("ack")
        await ann.expect("reacted", media=media + 5)
        for done, change in (("edited", {"type": "edit", "body": "that!"}), ("deleted", {"type": "delete"})):
            await ann.say(**change, room="lobby", nonce=done, id=id)
            await ann.until(done)
            await ann.say("history", room="lobby")
            assert [each["media"] for each in (await ann.expect("history"))["messages"]] == [media]


async def test_nobody_hears_what_is_hours_away(tmp_path: Path) -> None:
    limits = ChatLimits(media_within_s=60)
    async with chat_server(tmp_path, limits=limits) as server, client(server.url) as ann:
        await ann.join("lobby")
        for off_ms, kept in ((-50_000, True), (-70_000, False), (70_000, False)):
            media = server.hub.now_ms() + off_ms
            await ann.say("send", room="lobby", nonce=f"n{off_ms}", body="hi", media=media)
            assert ((await ann.until("message")).get("media") == media) is kept
        await ann.say("send", room="lobby", nonce="x", body="hi", media=-1)
        await ann.until("error", code="invalid_field", nonce="x")
