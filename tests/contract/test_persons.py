"""What is known of people, on SQLite and on a real PostgreSQL."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from chat.fields import Author
from streamer.person_rows import DirectRow, Pair
from streamer.persons import Persons
from streamer.tables import messages, rooms


@pytest.fixture
async def persons(engine: AsyncEngine) -> AsyncIterator[Persons]:
    opened = Persons(engine)
    yield opened
    await opened.close()


def known(id: str, *, guest: bool = False, at: int = 5) -> dict[str, Any]:
    return {"id": id, "name": f"{id}'s name", "guest": guest, "seen_at": at}


def marker(person: str, room: str, seq: int, epoch: str = "e", at: int = 5) -> dict[str, Any]:
    return {"person": person, "room": room, "epoch": epoch, "seq": seq, "at": at}


async def markers(persons: Persons, *ids: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await persons.markers(ids)]


async def test_a_marker_moves_back_only_with_the_log(persons: Persons) -> None:
    await persons.note([], [marker("b", "x", 3), marker("a", "x", 1), marker("a", "y", 9, at=9)])
    await persons.note([], [marker("a", "x", 5), marker("b", "x", 2), marker("a", "y", 1, "new", at=10)])
    assert await markers(persons, "a") == [("a", "x", "e", 5), ("a", "y", "new", 1)]
    assert await markers(persons, "b", "c") == [("b", "x", "e", 3)]


async def test_a_name_is_the_last_one(persons: Persons) -> None:
    await persons.note([known("a"), known("b", guest=True)], [])
    await persons.note([known("a") | {"name": "new"}], [])
    assert (await persons.name("a"), await persons.name("b")) == ("new", "b's name")
    assert await persons.name("c") is None


async def test_two_have_one_room_whoever_opens_it(persons: Persons) -> None:
    assert await persons.open_direct("direct:1", "b", "a", 5) == ("direct:1", True)
    assert await persons.open_direct("direct:1", "a", "b", 6) == ("direct:1", False)
    assert await persons.open_direct("direct:2", "a", "b", 6) == ("direct:1", False), "the secret has changed"
    assert await persons.pair("direct:1") == Pair("a", "b", False)
    assert await persons.pair("direct:2") is None


async def test_direct_rooms_come_newest_first(persons: Persons, engine: AsyncEngine) -> None:
    await persons.note([known("b")], [marker("a", "direct:1", 1), marker("b", "direct:1", 2)])
    await persons.open_direct("direct:1", "a", "b", 5)
    await persons.open_direct("direct:2", "c", "a", 7)
    await persons.open_direct("direct:3", "b", "c", 8)
    row: dict[str, Any] = {
        "room": "direct:1",
        "nonce": "n",
        "author_id": "a",
        "author_name": "a",
        "body": "x",
    }
    async with engine.begin() as connection:
        await connection.execute(insert(rooms), {"name": "direct:1", "epoch": "e", "created_at": 5})
        await connection.execute(
            insert(messages),
            [row | {"seq": seq, "id": str(seq), "body": "x", "at": 10 + seq} for seq in (1, 2)],
        )
    first = DirectRow("direct:1", Author("b", "b's name"), 2, 1, 12)
    assert await persons.directs("a", 5) == [first, DirectRow("direct:2", Author("c", ""), 0, 0, 7)]
    assert await persons.directs("a", 1) == [first]
    assert [row.room for row in await persons.directs("b", 5)] == ["direct:1", "direct:3"]
    async with engine.begin() as connection:
        await connection.execute(rooms.update().values(epoch="another"))
    assert (await persons.directs("a", 1))[0].read == 0


async def test_blocks(persons: Persons) -> None:
    await persons.open_direct("direct:1", "a", "b", 5)
    assert await persons.block("b", "a", 5, 2) == (True, "direct:1")
    assert await persons.block("b", "c", 6, 2) == (True, None)
    assert await persons.block("b", "c", 7, 2) == (True, None)
    assert await persons.block("b", "d", 8, 2) == (False, None)
    assert [who.id for who in await persons.blocks("b")] == ["c", "a"]
    assert await persons.pair("direct:1") == Pair("a", "b", True)
    assert await persons.is_blocked("a", "b")
    assert await persons.blockers("a", ["b", "c"]) == {"b"}
    await persons.unblock("b", "a")
    assert not await persons.is_blocked("a", "b")


async def test_guests_who_are_gone_are_forgotten(persons: Persons) -> None:
    await persons.note(
        [
            known("account"),
            known("old", guest=True),
            known("new", guest=True, at=9),
            known("pal", guest=True),
        ],
        [marker(id, "x", 1) for id in ("account", "old", "new", "pal")],
    )
    await persons.block("old", "new", 5, 9)
    await persons.open_direct("direct:1", "account", "pal", 5)
    await persons.forget_guests(9)
    names = {id: await persons.name(id) for id in ("account", "old", "new", "pal")}
    assert {id for id, name in names.items() if name} == {"account", "new", "pal"}, "pal's name is still seen"
    assert sorted(row[0] for row in await markers(persons, *names)) == ["account", "new"]
    assert await persons.blocks("old") == []
