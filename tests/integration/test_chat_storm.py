"""Everybody comes back at once: what it costs the log, and that nobody is lost on the way."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from chat import outbox
from chat.broker import Page
from chat.limits import ChatLimits
from streamer.broker_memory import MemoryBroker
from tests.support.chat import Client, chat_server, client


class CountedReads:
    """Counts what reads the log, and how many do so at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rooms: list[str] = []
        self.at_once = self.most_at_once = 0
        read = MemoryBroker.read

        async def counted(broker: MemoryBroker, room: str, after: int | None, limit: int) -> Page:
            self.rooms.append(room)
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
            await asyncio.sleep(0.001)
            try:
                return await read(broker, room, after, limit)
            finally:
                self.at_once -= 1

        monkeypatch.setattr(MemoryBroker, "read", counted)


async def crowd(stack: AsyncExitStack, url: str, size: int) -> list[Client]:
    return [await stack.enter_async_context(client(url, f"client {number}")) for number in range(size)]


async def test_a_restarted_node_reads_a_log_once_for_all_who_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, said, size = CountedReads(monkeypatch), 150, 40
    limits = ChatLimits(messages_burst=said, history_messages=20)
    async with chat_server(tmp_path, limits=limits) as server, client(server.url) as ann:
        epoch = (await ann.join("lobby"))["epoch"]
        for number in range(said):
            await ann.say("send", room="lobby", nonce=str(number), body="x")
        await ann.until("message", seq=said)
    reads.rooms.clear()
    async with chat_server(tmp_path, limits=limits) as server, AsyncExitStack() as stack:
        others = await crowd(stack, server.url, size)

        async def resume(number: int) -> dict[str, Any]:
            return await others[number].join("lobby", epoch=epoch, seq=number * 3)

        for number, joined in enumerate(await asyncio.gather(*map(resume, range(size)))):
            assert joined["recovered"] is True
            assert [message["seq"] for message in joined["messages"]] == list(range(number * 3 + 1, said + 1))
    assert reads.rooms == ["lobby"] * 2, "the page that everybody gets, and all that anybody may be given"


async def test_few_logs_are_read_at_once_however_many_rooms_people_come_back_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, size = CountedReads(monkeypatch), 30
    async with (
        chat_server(tmp_path, limits=ChatLimits(reads_at_once=4)) as server,
        AsyncExitStack() as stack,
    ):
        others = await crowd(stack, server.url, size)
        await asyncio.gather(*(someone.join(f"room-{number}") for number, someone in enumerate(others)))
    assert len(reads.rooms) == size
    assert reads.most_at_once == 4


async def test_who_comes_while_messages_wait_gets_each_of_them_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_REST_PER_MEMBER_S", 1)
    monkeypatch.setattr(outbox, "MAX_REST_S", 0.5)
    size, said = 40, 60
    limits = ChatLimits(messages_burst=said)
    async with chat_server(tmp_path, limits=limits) as server, AsyncExitStack() as stack:
        ann, *others = await crowd(stack, server.url, size)
        await ann.join("lobby")
        for number in range(said):
            await ann.send("lobby", str(number), "x")
        for someone in others:
            await someone.say("join", room="lobby")
        await ann.until("message", seq=said)
        await ann.send("lobby", "last", "x")
        for someone in others:
            joined = await someone.until("joined")
            seqs = [message["seq"] for message in joined["messages"]]
            while seqs[-1] <= said:
                seqs.append((await someone.until("message"))["seq"])
            assert seqs == list(range(1, said + 2))
