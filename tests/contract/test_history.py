"""How messages stand after what was done to them, on SQLite and PostgreSQL."""

import json

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from chat.broker import Draft
from chat.fields import Author
from streamer.chronicle import Group, make_row, write, write_once
from streamer.history import Found, History
from streamer.lane import Lane
from streamer.tables import messages, pins, reactions

ANN, BOB = Author("1", "ann"), Author("2", "bob")
ROOM = {"name": "lobby", "epoch": "e", "created_at": 1}
LOG = [
    Draft("lobby", "n1", ANN, "one", 1, body="first"),
    Draft("lobby", "n2", BOB, "two", 2, body="second", more={"reply_to": "one"}),
    Draft("lobby", "n3", ANN, "one", 3, "edited", "better"),
    Draft("lobby", "n4", BOB, "one", 4, "reacted", more={"emoji": "+1"}),
    Draft("lobby", "n5", BOB, "one", 5, "pinned"),
    Draft("lobby", "n6", ANN, "three", 6, body="third"),
]


def group(drafts: list[Draft], first_seq: int = 1) -> Group:
    return Group([], [make_row(draft, seq) for seq, draft in enumerate(drafts, first_seq)])


@pytest.fixture
async def history(engine: AsyncEngine):
    lane = Lane(engine, "test")
    await lane.run(write, Group([ROOM], group(LOG).messages))
    history = History(engine)
    yield history
    await history.close()
    await lane.close()


async def apply(engine: AsyncEngine, drafts: list[Draft], first_seq: int) -> int:
    lane = Lane(engine, "test")
    new = await lane.run(write_once, Group([ROOM], group(drafts, first_seq).messages))
    await lane.close()
    return new


async def rows(engine: AsyncEngine, table) -> list:
    async with engine.connect() as connection:
        return list(await connection.execute(select(table)))


async def test_a_message_stands_as_it_was_edited(history: History) -> None:
    assert await history.find("lobby", "one") == Found(1, "one", "1", "better", False)
    page = [json.loads(entry.payload) for entry in await history.page("lobby", limit=10)]
    assert [(event["seq"], event["body"]) for event in page] == [(1, "better"), (2, "second"), (6, "third")]
    assert (page[0]["edited_at"], page[1]["reply_to"]) == (3, "one")


async def test_there_is_no_such_message(history: History) -> None:
    assert await history.find("lobby", "none") is None
    assert await history.find("elsewhere", "one") is None


async def test_pages_go_both_ways(history: History) -> None:
    async def seqs(**where: int) -> list[int]:
        return [entry.seq for entry in await history.page("lobby", **where)]

    assert await seqs(limit=2) == [2, 6]
    assert await seqs(before=6, limit=1) == [2]
    assert await seqs(before=2, limit=5) == [1]
    assert await seqs(after=1, limit=1) == [2]
    assert await seqs(after=6, limit=1) == []


async def test_what_is_deleted_leaves_no_text(history: History, engine: AsyncEngine) -> None:
    assert await apply(engine, [Draft("lobby", "n7", ANN, "one", 7, "deleted")], 7) == 1
    assert await history.find("lobby", "one") == Found(1, "one", "1", "", True)
    for row in await rows(engine, messages):
        assert row.id != "one" or row.body == ""
    assert await rows(engine, reactions) == await rows(engine, pins) == []
    page = [json.loads(entry.payload) for entry in await history.page("lobby", limit=10)]
    assert (page[0]["body"], page[0]["deleted_at"]) == ("", 7)


async def test_an_edit_of_what_was_deleted_changes_nothing(history: History, engine: AsyncEngine) -> None:
    late = Draft("lobby", "n8", ANN, "one", 8, "edited", "back again")
    await apply(engine, [Draft("lobby", "n7", ANN, "one", 7, "deleted"), late], 7)
    assert await history.find("lobby", "one") == Found(1, "one", "1", "", True)


async def test_reactions_and_pins_are_taken_back(history: History, engine: AsyncEngine) -> None:
    assert len(await rows(engine, reactions)) == len(await rows(engine, pins)) == 1
    back = Draft("lobby", "n7", BOB, "one", 7, "unreacted", more={"emoji": "+1"})
    await apply(engine, [back, Draft("lobby", "n8", ANN, "one", 8, "unpinned")], 7)
    assert await rows(engine, reactions) == await rows(engine, pins) == []


async def test_rows_that_are_there_are_written_once(history: History, engine: AsyncEngine) -> None:
    more = Draft("lobby", "n7", BOB, "one", 7, "unpinned")
    assert await apply(engine, [*LOG, more], 1) == 1
    assert await apply(engine, [*LOG, more], 1) == 0
    assert len(await rows(engine, messages)) == 7
    assert len(await rows(engine, reactions)) == 1
