"""streamer/chat_client.py on real lines: it comes back, loses nothing, doubles nothing, and asks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from chat.client import ClientState
from chat.limits import ChatLimits
from streamer.chat_client import ChatClient, Refused, socket_address
from tests.support.chat import ChatServer, chat_server, client, eventually
from tests.support.severing import Line, severable


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ChatServer]:
    async with chat_server(tmp_path) as running:
        yield running


class Person:
    """A client that writes down what it is told."""

    def __init__(self, url: str, name: str) -> None:
        self.told: list[dict[str, Any]] = []
        self.client = ChatClient(url, self.told.append, name=name)

    def of(self, type: str) -> list[dict[str, Any]]:
        return [event for event in self.told if event["type"] == type]

    def heard(self) -> list[tuple[int, str]]:
        said = []
        for event in self.told:
            if event["type"] == "joined":
                said += [(message["seq"], message["body"]) for message in event["messages"]]
            elif event["type"] == "message":
                said.append((event["seq"], event["body"]))
        return said


@asynccontextmanager
async def person(url: str, name: str, *rooms: str) -> AsyncIterator[Person]:
    someone = Person(url, name)
    for room in rooms:
        someone.client.join(room)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(someone.client.run())
        yield someone
        running.cancel()


def ws(line: Line) -> str:
    return f"{line.url.replace('http', 'ws')}/ws"


async def test_over_a_line_that_breaks_nothing_is_lost_and_nothing_doubled(server: ChatServer) -> None:
    with severable(server.port) as line:
        async with person(ws(line), "ann", "r") as ann, person(server.url, "bob", "r") as bob:
            written = []
            for turn in range(4):
                for index in range(5):
                    for who in (ann, bob):
                        written.append(f"{turn} {index} {who is ann}")
                        who.client.submit("send", "r", body=written[-1])
                line.cut()
                line.mend()
                await eventually(lambda: len(ann.heard()) == len(bob.heard()) == len(written))
            assert ann.heard() == bob.heard()
            assert [seq for seq, _ in ann.heard()] == list(range(1, len(written) + 1))
            assert sorted(body for _, body in ann.heard()) == sorted(written)
            await eventually(lambda: ann.client.pending == bob.client.pending == 0)


async def test_a_message_is_answered_by_its_place(server: ChatServer) -> None:
    async with person(server.url, "ann", "r") as ann:
        ack = await ann.client.say("r", "one")
        assert ack["seq"] == 1
        with pytest.raises(Refused, match="4000") as refused:
            await ann.client.say("r", "x" * 5000)
        assert refused.value.code == "invalid_field"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await ann.client.ask("ping", "nothing that comes")
        with pytest.raises(Refused, match="NO ROOM"):
            await ann.client.ask("leave", "left", room="NO ROOM")
        ann.client.leave("r")
        await eventually(lambda: ann.of("left"))


async def test_a_room_that_is_full_is_told(tmp_path: Path) -> None:
    async with chat_server(tmp_path, limits=ChatLimits(max_members_per_room=1)) as server:
        async with client(server.url, "bob") as bob, person(server.url, "ann", "r", "s") as ann:
            await bob.join("t")
            ann.client.join("t")
            await eventually(lambda: ann.of("error"))
            assert ann.of("error")[0]["code"] == "room_full"
            assert len(ann.of("joined")) == 2


async def test_a_server_that_is_full_is_waited_for(tmp_path: Path) -> None:
    async with chat_server(tmp_path, limits=ChatLimits(max_connections=1)) as server:
        async with client(server.url, "bob"):
            someone = Person(server.url, "ann")
            running = asyncio.create_task(someone.client.run())
            await eventually(lambda: any(event["state"] == "offline" for event in someone.of("status")))
            (offline,) = (event for event in someone.of("status") if event["state"] == "offline")
            assert (offline["code"], offline["reason"]) == (1013, "answered 503")
            someone.client.close()
            await running


async def test_an_address_where_no_veza_is_ends_it(server: ChatServer) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as other:
        someone = Person(f"ws://127.0.0.1:{other.sockets[0].getsockname()[1]}/ws", "ann")
        await someone.client.run()
        assert someone.client.state is ClientState.REFUSED
        assert someone.of("status")[-1]["reason"] == "answered 404"


async def test_closed_it_ends_and_may_begin_again(server: ChatServer) -> None:
    someone = Person(server.url, "ann")
    for _ in range(2):
        running = asyncio.create_task(someone.client.run())
        await eventually(lambda: someone.client.state is ClientState.ONLINE)
        someone.client.close()
        await running
    (first, second) = someone.of("welcome")
    assert first["id"] == second["id"]


@pytest.mark.parametrize(
    ("server", "address"),
    [
        ("127.0.0.1:8080", "ws://127.0.0.1:8080/ws"),
        ("https://veza.example/music/", "wss://veza.example/music/ws"),
        ("http://[::1]:80", "ws://[::1]:80/ws"),
    ],
)
def test_the_socket_is_where_the_server_is(server: str, address: str) -> None:
    assert socket_address(server) == address


@pytest.mark.parametrize("server", ["ftp://x", "http://", ""])
def test_what_is_no_address_is_refused(server: str) -> None:
    with pytest.raises(ValueError, match="not the address"):
        socket_address(server)
