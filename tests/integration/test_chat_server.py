"""The chat of a real server process: through the front door, with its settings, across kills and restarts."""

import asyncio
import signal
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from tests.support.chat import client
from tests.support.server import Server, running_server, start_server


def address(server: Server) -> str:
    return f"ws://127.0.0.1:{server.port}/ws"


async def test_two_browsers_talk_and_one_closes(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        async with client(address(server), "ann") as ann:
            await ann.join("lobby")
            async with client(address(server), "bob") as bob:
                assert (await bob.join("lobby"))["members"] == 2
                await ann.send("lobby", "n", "hello")
                assert (await bob.expect("message"))["body"] == "hello"
                await ann.until("presence", count=2)
            assert [person["name"] for person in (await ann.until("presence", count=1))["left"]] == ["bob"]


async def test_what_was_acknowledged_outlives_kill_9(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    async with client(address(server), "ann") as ann:
        token = ann.seen[0]["token"]
        epoch = (await ann.join("lobby"))["epoch"]
        acks = [await ann.send("lobby", str(number), f"message {number}") for number in range(30)]
        server.stop(signal.SIGKILL)
    server = start_server(tmp_path)
    try:
        async with client(address(server), "ann", token=token) as ann:
            joined = await ann.join("lobby", epoch=epoch, seq=10)
            assert joined["recovered"] is True
            assert [message["seq"] for message in joined["messages"]] == list(range(11, 31))
            assert await ann.send("lobby", "29", "message 29") == acks[29]
            assert (await ann.send("lobby", "30", "message 30"))["seq"] == 31
    finally:
        server.stop()


async def test_the_settings_reach_the_chat(tmp_path: Path) -> None:
    home = "https://radio.example"
    with running_server(tmp_path, messages_per_s=1, messages_burst=2, origins=home) as server:
        async with client(address(server)) as ann:
            await ann.join("lobby")
            for number in range(20):  # a busy machine may take more than a second for three
                await ann.say("send", room="lobby", nonce=str(number), body="x")
            limited = await ann.until("error", code="rate_limited")
            assert int(limited["nonce"]) >= 2
            assert 0 < limited["retry_ms"] <= 1000
        async with connect(address(server), origin=Origin(home)):
            pass
        try:
            await connect(address(server), origin=Origin("https://evil.example"))
        except InvalidStatus as refused:
            assert refused.response.status_code == 403
        else:
            raise AssertionError("a page of another site was let in")


async def test_a_stop_is_said_to_everyone(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    async with client(address(server)) as ann:
        await ann.join("lobby")
        ending = asyncio.ensure_future(asyncio.to_thread(server.stop))
        drain = await ann.until("drain")
        assert 0 <= drain["reconnect_ms"] < 1000, "few come back within a second"
        try:
            while True:
                await ann.hear()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            assert (closed.rcvd.code, closed.rcvd.reason) == (1001, "the server is stopping")
        assert ann.seen[-1] == drain, "nothing follows it"
        assert await ending == 0
