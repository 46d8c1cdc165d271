"""The same bytes to many sockets in one call: everyone gets all of it, or it is known how much."""

import errno
import os
import random
import resource
import socket
from array import array
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from streamer.burst import Burst, open_burst
from tests.support.chat import Client, chat_server
from tests.support.chat import client as connected

PEOPLE = 40  # more than are written to one by one


@pytest.fixture
def burst() -> Iterator[Burst]:
    burst = open_burst()
    if burst is None:
        pytest.skip("there is no io_uring")
    yield burst
    burst.close()


@pytest.fixture
def pairs() -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    pairs = [socket.socketpair() for _ in range(1500)]
    for pair in pairs:
        for end in pair:
            end.setblocking(False)
    yield pairs
    for pair in pairs:
        for end in pair:
            end.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_everyone_gets_all_of_it(burst: Burst, pairs: list[tuple[socket.socket, socket.socket]]) -> None:
    chance = random.Random(1)
    for count in (1, 3, 1000, 1023, 1024, 1025, 1500, 7, 1500, 1500):  # the ring has 1024 places
        data = chance.randbytes(chance.randrange(1, 5000))
        some = pairs[:count]
        assert burst.send(array("i", [here.fileno() for here, _ in some]), data) == {}
        assert all(there.recv(len(data) + 1) == data for _, there in some)


def test_what_was_not_taken_is_known(burst: Burst, pairs: list[tuple[socket.socket, socket.socket]]) -> None:
    (full, reader), (gone, other), (fine, _), *_ = pairs
    other.close()
    data = os.urandom(250_000)
    taken = 0
    while (result := burst.send(array("i", [full.fileno()]), data).get(0, len(data))) > 0:
        taken += result
    assert result == -errno.EAGAIN
    short = burst.send(array("i", [full.fileno(), gone.fileno(), -1, fine.fileno()]), b"x")
    assert short == {0: -errno.EAGAIN, 1: -errno.EPIPE, 2: -errno.EBADF}
    read = 0
    while read < taken:
        read += len(reader.recv(1 << 20))


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_room_hears_the_same_with_it_and_without(tmp_path: Path, at_once: bool) -> None:
    async with chat_server(tmp_path) as server, AsyncExitStack() as stack:
        if not at_once and server.hub.burst is not None:
            server.hub.burst.close()
            server.hub.burst = None
        people: list[Client] = []
        for number in range(PEOPLE):
            person = await stack.enter_async_context(connected(server.url, f"p{number}"))
            await person.join("lobby")
            people.append(person)
        for number in range(3):
            await people[number].send("lobby", f"n{number}", f"message {number}")
        for person in people:
            for number in range(3):
                if not any(frame.get("body") == f"message {number}" for frame in person.seen):
                    await person.until("message", body=f"message {number}")


async def test_a_ring_that_fails_cuts_them_off_and_does_not_guess(tmp_path: Path) -> None:
    class Broken(Burst):
        def __init__(self) -> None:
            pass

        def send(self, descriptors: object, data: bytes) -> dict[int, int]:
            raise OSError(errno.EIO, "no")

        def close(self) -> None:
            pass

    async with chat_server(tmp_path) as server, AsyncExitStack() as stack:
        for number in range(PEOPLE):
            person = await stack.enter_async_context(connected(server.url, f"p{number}"))
            await person.join("lobby")
        if server.hub.burst is not None:
            server.hub.burst.close()
        server.hub.burst = Broken()
        await person.say("send", room="lobby", nonce="n", body="anybody?")
        await person.socket.wait_closed()
