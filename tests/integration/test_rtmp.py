"""RTMP over real sockets: who may publish, who is sent away, who waits, and who is gone."""

import asyncio
from ipaddress import ip_address

import pytest

from streamer.ingest.rtmp import chunks
from streamer.ingest.rtmp.server import RtmpWay
from streamer.ingest.wrong_keys import WrongKeys
from streamer.lane import DatabaseFailed
from streamer.live.line import Offer
from streamer.wheel import TimerWheel
from tests.support.rtmp import AAC_FRAME, AAC_START, Caller, Client, TakingOver, call, rtmp_door, until
from tests.support.stage import KEY


def sound(caller: Caller, seconds: float = 0.1) -> None:
    caller.send(caller.client.audio(0, AAC_START))
    for number in range(max(1, int(seconds * 50))):
        caller.send(caller.client.audio(number * 20, AAC_FRAME))


async def test_what_obs_sends() -> None:
    """The commands of OBS 30 in its order, its metadata with video, and its way to stop."""
    async with rtmp_door() as door:
        caller = await call(door.port, connected=False)
        client = caller.client
        caller.send(
            client.connect(
                type="nonprivate", swfUrl=f"{door.url}", tcUrl=door.url, fourCcList=["av01", "hvc1"]
            )
        )
        await caller.told("NetConnection.Connect.Success")
        await caller.publish()
        encoder = "obs-output module (libobs version 30.0.2)"
        caller.send(
            client.metadata(
                encoder=encoder, width=1920.0, videocodecid=7.0, audiocodecid=10.0, audiosamplerate=48000.0
            )
        )
        for number in range(5):
            caller.send(client.video(number * 33, b"\x17\x01" + bytes(9_000)))
        assert door.stage.lines == []  # no sound yet
        sound(caller)
        line = await door.line()
        assert line.offer == Offer(way="rtmp", container="flv", client=encoder)
        await until(lambda: line.data.count(b"\xaf\x01") == 5)
        assert line.data.startswith(b"FLV\x01\x04")
        assert (door.way.stats.publishing, door.way.stats.video_bytes) == (1, 5 * 9_002)
        caller.send(client.call("FCUnpublish", 6, None, KEY) + client.call("deleteStream", 7, None, 1))
        await caller.told("NetStream.Unpublish.Success")
        assert line.complete is True
        caller.close()
        await until(lambda: door.way.stats.connections_open == 0)
        assert door.way.stats.ended_total == {"published": 1}


async def test_titles_in_metadata_are_announced() -> None:
    async with rtmp_door() as door:
        caller = await call(door.port)
        await caller.publish()
        caller.send(caller.client.metadata(artist="Ann", title="Dawn"))
        sound(caller)
        line = await door.line()
        caller.send(caller.client.metadata(title="Dusk") + caller.client.metadata(width=5.0))
        await until(lambda: len(line.titles) == 2)
        assert line.titles == [("Ann", "Dawn", None), (None, "Dusk", None)]
        caller.close()


async def test_a_wrong_key_is_refused_with_words_and_costs_the_right_to_try_on() -> None:
    async with rtmp_door() as door:
        door.way.address_of = lambda transport: ip_address("93.184.215.14")  # type: ignore[method-assign]
        seen = set()
        for _ in range(22):
            caller = await call(door.port)
            caller.send(caller.client.publish("guess"))
            await caller.at_end()
            seen.add((caller.client.codes[-1], caller.client.words.partition(";")[0]))
            caller.close()
        assert seen == {
            ("NetStream.Publish.BadName", "that is no stream key"),
            ("NetStream.Publish.Denied", "too many wrong keys"),
        }
        assert len(door.stage.judged) < 22
        await until(lambda: door.way.stats.ended_total["bad_key"] == 22)
        assert door.stage.lines == []


async def test_another_application_is_refused() -> None:
    async with rtmp_door() as door:
        caller = await call(door.port, connected=False)
        caller.send(caller.client.connect("vod"))
        await caller.at_end()
        assert "use rtmp://HOST/live" in caller.client.words
        caller.close()


async def test_the_same_key_takes_over() -> None:
    async with rtmp_door() as door:
        first = await call(door.port)
        await first.publish()
        sound(first)
        await door.line()
        second = await call(door.port)
        await second.publish()
        await asyncio.sleep(0)
        assert door.stage.lines[0].complete is None  # it has no sound yet
        sound(second)
        await first.at_end()
        assert first.client.codes[-1] == "NetStream.Publish.BadName"
        assert first.client.words == "another source came with the same key"
        line = await door.line(1)
        sound(second)
        await until(lambda: line.data.count(b"\xaf\x01") == 10)
        first.close()
        await until(lambda: door.way.stats.ended_total == {"taken_over": 1})
        second.close()
        await until(lambda: line.complete is False)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("revoked", "NetStream.Publish.Denied"),
        ("refused", "NetStream.Publish.Rejected"),
        ("ended", "NetStream.Unpublish.Success"),
        ("stalled", "NetStream.Publish.Idle"),
    ],
)
async def test_the_stage_lets_go_of_it(code: str, told: str) -> None:
    async with rtmp_door() as door:
        caller = await call(door.port)
        await caller.publish()
        sound(caller)
        line = await door.line()
        line.dismiss(code, "for a reason")
        await caller.at_end()
        assert (caller.client.codes[-1], caller.client.words) == (told, "for a reason")
        assert line.complete is None  # the stage knows
        caller.close()
        await until(lambda: door.way.stats.connections_open == 0)
        assert door.way.stats.publishing == 0


async def test_a_connection_that_breaks_is_not_complete() -> None:
    async with rtmp_door() as door:
        caller = await call(door.port)
        await caller.publish()
        sound(caller)
        line = await door.line()
        caller.writer.transport.abort()
        await until(lambda: line.complete is False)


async def test_a_full_line_is_not_read_on() -> None:
    async with rtmp_door() as door:
        caller = await call(door.port)
        await caller.publish()
        sound(caller)
        line = await door.line()
        line.full = True
        caller.send(caller.client.writer.write(2, chunk_size()))
        caller.client.writer.chunk_bytes = 60_000
        large = caller.client.audio(1_000, b"\xaf\x01" + bytes(50_000))
        for _ in range(400):
            caller.send(large)
        await until(lambda: len(line.data) > 50_000)
        for _ in range(50):
            await asyncio.sleep(0.002)
        held = len(line.data)
        assert held < 1_000_000
        assert caller.writer.transport.get_write_buffer_size() > 1_000_000
        line.full = False
        line.shell.may_write()
        await until(lambda: len(line.data) > 400 * 50_000)
        caller.close()


def chunk_size() -> chunks.Message:
    return chunks.Message(chunks.SET_CHUNK_SIZE, 0, 0, (60_000).to_bytes(4, "big"), 4)


async def test_a_client_that_does_not_wait_while_its_key_is_judged() -> None:
    async with rtmp_door() as door:
        door.stage.open.clear()
        caller = await call(door.port)
        caller.send(caller.client.publish() + caller.client.metadata(encoder="Hasty 1.0"))
        sound(caller)
        await until(lambda: len(door.stage.judged) == 1)
        door.stage.open.set()
        line = await door.line()
        assert line.offer.client == "Hasty 1.0"
        await until(lambda: line.data.count(b"\xaf\x01") == 5)
        caller.close()


async def test_a_client_whose_line_is_slow() -> None:
    async with rtmp_door() as door:
        caller = await call(door.port)
        client = caller.client
        sent = client.publish() + client.audio(0, AAC_START) + client.audio(0, AAC_FRAME) * 3
        for at in range(0, len(sent), 7):
            caller.send(sent[at : at + 7])
            await asyncio.sleep(0.001)
        line = await door.line()
        await until(lambda: line.data.count(b"\xaf\x01") == 3)
        caller.close()


async def test_a_client_that_leaves_while_its_key_is_judged() -> None:
    async with rtmp_door() as door:
        door.stage.open.clear()
        caller = await call(door.port)
        caller.send(caller.client.publish())
        await until(lambda: len(door.stage.judged) == 1)
        caller.writer.transport.abort()
        door.stage.open.set()
        await until(lambda: door.way.stats.connections_open == 0 or door.stage.lines)
        assert door.stage.lines == []


async def test_a_database_that_does_not_answer() -> None:
    async with rtmp_door() as door:
        door.stage.failure = DatabaseFailed("the disk is full")
        caller = await call(door.port)
        caller.send(caller.client.publish())
        await caller.at_end()
        assert caller.client.words == "the key can't be looked up right now: the disk is full"
        caller.close()


async def test_a_mistake_of_ours_is_not_the_end_of_the_way(caplog: pytest.LogCaptureFixture) -> None:
    async with rtmp_door() as door:
        door.stage.failure = RuntimeError("oops")
        caller = await call(door.port)
        caller.send(caller.client.publish())
        await caller.at_end()
        assert "its log has the details" in caller.client.words
        caller.close()
        door.stage.failure = None
        again = await call(door.port)
        await again.publish()
        again.close()


async def test_no_place_on_the_stage() -> None:
    async with rtmp_door() as door:
        door.stage.room = 0
        caller = await call(door.port)
        await caller.publish()
        sound(caller)
        await caller.at_end()
        assert caller.client.codes[-1] == "NetStream.Publish.Denied"
        assert caller.client.words == "0 sources are connected already"
        caller.close()
        await until(lambda: door.way.stats.ended_total["full"] == 1)


async def test_nothing_comes_for_too_long() -> None:
    async with rtmp_door(idle_s=0.3) as door:
        caller = await call(door.port)
        await caller.publish()
        sound(caller)
        line = await door.line()
        await caller.at_end()
        assert line.complete is False
        assert caller.client.words == "nothing came for 0.3 s"
        caller.close()


async def test_video_without_sound_is_told_so() -> None:
    async with rtmp_door(idle_s=0.3) as door:
        caller = await call(door.port)
        await caller.publish()

        async def film() -> None:
            for number in range(1_000):
                caller.send(caller.client.video(number * 33, b"\x27\x01" + bytes(500)))
                await asyncio.sleep(0.02)

        filming = asyncio.create_task(film())
        await caller.at_end()
        filming.cancel()
        assert caller.client.words == "no sound came within 0.3 s; is there an audio track?"
        assert door.stage.lines == []
        caller.close()


async def test_a_stranger_has_not_for_ever() -> None:
    async with rtmp_door() as door:
        door.way.introduction_ticks = door.way.wheel.ticks(0.2)
        silent = await asyncio.open_connection("127.0.0.1", door.port)
        caller = await call(door.port)
        await caller.at_end()
        assert caller.client.words == "no stream key came in time"
        assert await silent[0].read() == b""
        silent[1].close()
        caller.close()


async def test_so_many_strangers_and_no_more() -> None:
    async with rtmp_door() as door:
        door.way.address_of = lambda transport: ip_address("93.184.215.14")  # type: ignore[method-assign]
        callers = [await call(door.port) for _ in range(16)]
        with pytest.raises((AssertionError, ConnectionError)):
            await call(door.port)
        await callers[0].publish()
        callers.append(await call(door.port))
        for caller in callers:
            caller.close()
        await until(lambda: door.way.stats.connections_open == 0)


async def test_a_client_that_does_not_read_is_not_answered_for_ever() -> None:
    async with rtmp_door() as door:
        door.way.write_ticks = door.way.wheel.ticks(0.3)
        caller = await call(door.port)
        await caller.publish()
        question = caller.client.call("question", 9, None) * 500
        try:
            async with asyncio.timeout(20):
                while door.way.stats.connections_open:
                    caller.send(question)
                    await asyncio.sleep(0.005)
                    if caller.writer.transport.get_write_buffer_size() > 10 << 20:
                        break
                await until(lambda: not door.way.stats.connections_open)
        finally:
            caller.writer.transport.abort()


async def test_a_stop_is_told_to_everybody() -> None:
    async with rtmp_door() as door:
        caller = await call(door.port, connected=False)
        caller.send(caller.client.connect(capsEx=1.0))
        await caller.told("NetConnection.Connect.Success")
        await caller.publish()
        sound(caller)
        await door.line()
        closing = asyncio.create_task(door.way.close())
        await caller.at_end()
        caller.close()
        await closing
        assert caller.client.codes[-2:] == [
            "NetConnection.Connect.ReconnectRequest",
            "NetConnection.Connect.Closed",
        ]
        assert "come back in a moment" in caller.client.words
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", door.port)


async def test_the_audio_changes_on_the_way() -> None:
    async with rtmp_door() as door:
        caller = await call(door.port)
        await caller.publish()
        sound(caller)
        line = await door.line()
        caller.send(caller.client.audio(200, b"\x2f\xff\xfb\x90"))
        await caller.at_end()
        assert "changed from AAC to MP3" in caller.client.words
        assert line.complete is False
        caller.close()


async def test_a_port_that_is_taken_is_said_and_not_fatal() -> None:
    async with rtmp_door() as door:
        way = RtmpWay(
            TakingOver(), wheel=door.way.wheel, idle_s=5, wrong=WrongKeys(), tasks=asyncio.TaskGroup()
        )
        line = await way.listen("127.0.0.1", door.port)
        assert line == (
            f"no RTMP: can't listen on 127.0.0.1:{door.port}: Address already in use; "
            "VEZA_RTMP_PORT names another port"
        )
        assert way.port is None
        await way.close()


async def test_a_port_below_0_is_none() -> None:
    wheel = TimerWheel(asyncio.get_running_loop())
    way = RtmpWay(TakingOver(), wheel=wheel, idle_s=5, wrong=WrongKeys(), tasks=asyncio.TaskGroup())
    assert await way.listen("127.0.0.1", -1) == ""
    assert way.port is None


@pytest.mark.parametrize("scheme", [0, 1])
async def test_a_client_that_insists_on_a_digest(scheme: int) -> None:
    async with rtmp_door() as door:
        caller = await call(door.port, client=Client(scheme))
        await caller.publish()
        sound(caller)
        await door.line()
        caller.close()
