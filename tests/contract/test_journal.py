"""The log on disk, when the disk does not do what it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from chat.broker import Draft, Entry, LogUnavailable, NotStored, Outcome, Stored
from chat.fields import Author
from streamer import chronicle
from streamer.broker_memory import MemoryBroker
from streamer.chronicle import Group
from streamer.database import open_database
from streamer.journal import Journal, JournalClosed
from streamer.lane import DatabaseFailed, Lane
from streamer.tables import messages

ANN = Author("1", "ann")
NOW_MS = 1_800_000_000_000


def ignore(payload: bytes) -> None:
    """Nobody whispers here."""


@asynccontextmanager
async def broker_on(path: Path) -> AsyncIterator[MemoryBroker]:
    engine = await open_database(f"sqlite:///{path}")
    journal = Journal(engine)
    broker = MemoryBroker(journal, clock=lambda: NOW_MS / 1000)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(journal.run())
            yield broker
            await broker.close()
    finally:
        await engine.dispose()


async def append(broker: MemoryBroker, nonce: str) -> Outcome:
    outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    broker.append(Draft("lobby", nonce, ANN, f"id-{nonce}", NOW_MS, body="hi"), outcome.set_result)
    return await outcome


async def test_a_commit_that_fails_is_answered_and_leaves_no_hole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    async with broker_on(tmp_path / "db") as broker:
        broker.subscribe("lobby", lambda _, entries: seen.extend(entry.seq for entry in entries), ignore)
        assert await append(broker, "a") == Stored(1, "id-a")

        def fail(connection: object, group: Group) -> None:
            raise OSError("disk I/O error")

        with monkeypatch.context() as patch:
            patch.setattr(chronicle, "write", fail)
            assert await append(broker, "b") == NotStored("disk I/O error")
            assert await append(broker, "b") == NotStored("disk I/O error")
        assert await append(broker, "b") == Stored(2, "id-b")
        assert seen == [1, 2]


async def test_a_commit_that_is_reported_as_failed_and_was_none_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Entry] = []
    write = Lane.run
    async with broker_on(tmp_path / "db") as broker:
        broker.subscribe("lobby", lambda _, entries: seen.extend(entries), ignore)
        await append(broker, "a")

        async def write_and_fail(lane: Lane, work: object, *args: object) -> object:
            result = await write(lane, work, *args)  # type: ignore[arg-type]
            if work is chronicle.write:
                raise DatabaseFailed("the connection was lost during the commit")
            return result

        with monkeypatch.context() as patch:
            patch.setattr(Lane, "run", write_and_fail)
            assert isinstance(await append(broker, "b"), NotStored)
        assert await append(broker, "c") == Stored(3, "id-c")
        assert await append(broker, "b") == Stored(2, "id-b"), (
            "the same nonce finds the message that was stored"
        )
        assert [entry.seq for entry in seen] == [1, 2, 3], "who listens has missed nothing"


async def test_a_database_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    async with broker_on(tmp_path / "db") as broker:
        engine = await open_database(f"sqlite:///{tmp_path / 'db'}")
        async with engine.begin() as connection:
            await connection.execute(text("DROP TABLE messages"))
        await engine.dispose()
        with pytest.raises(LogUnavailable, match="no such table: messages"):
            await broker.read("lobby", None, 10)
        assert await append(broker, "a") == NotStored("no such table: messages")


async def test_what_gathers_during_a_commit_is_one_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    real = chronicle.write

    def count(connection: object, group: Group) -> None:
        sizes.append(len(group.messages))
        real(connection, group)  # type: ignore[arg-type]

    monkeypatch.setattr(chronicle, "write", count)
    async with broker_on(tmp_path / "db") as broker:
        await asyncio.gather(*(append(broker, str(number)) for number in range(500)))
    assert sum(sizes) == 500
    assert len(sizes) <= 3


async def test_nonces_are_read_back_however_many_there_are(tmp_path: Path) -> None:
    engine = await open_database(f"sqlite:///{tmp_path / 'db'}")
    columns = {"room": "r", "author_id": "1", "author_name": "ann", "body": "x"}
    rows = [
        columns | {"seq": seq, "id": str(seq), "nonce": f"n{seq}", "at": 1000 + seq} for seq in range(1, 2501)
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(messages), rows)
    journal = Journal(engine)
    end = await journal.read_end("r", 1400)
    assert (end.epoch, end.seq) == (None, 2500)
    assert [row.seq for row in end.recent] == list(range(400, 2501))
    await engine.dispose()


async def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    engine = await open_database(f"sqlite:///{tmp_path / 'db'}")
    journal = Journal(engine)
    journal.close()
    await journal.run()
    broker = MemoryBroker(journal)
    assert await append(broker, "a") == NotStored("the journal is closed")
    with pytest.raises(JournalClosed):
        journal.append(None)  # type: ignore[arg-type]
    await engine.dispose()


async def test_a_writer_that_is_stopped_tells_those_who_wait(tmp_path: Path) -> None:
    engine = await open_database(f"sqlite:///{tmp_path / 'db'}")
    journal = Journal(engine)
    broker = MemoryBroker(journal)
    running = asyncio.ensure_future(journal.run())
    waiting = [asyncio.ensure_future(append(broker, str(number))) for number in range(3)]
    await asyncio.sleep(0)
    running.cancel()
    assert all(isinstance(outcome, NotStored) for outcome in await asyncio.gather(*waiting))
    with pytest.raises(asyncio.CancelledError):
        await running
    async with engine.connect() as connection:
        assert (await connection.execute(select(messages.c.seq))).all() == []
    await engine.dispose()
