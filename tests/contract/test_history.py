"""How messages stand after what was done to them, on SQLite and PostgreSQL."""

import json
from typing import Any

import pytest
from alembic import command
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from chat.broker import Draft
from chat.fields import Author
from chat.limits import ChatLimits
from streamer.chronicle import Group, make_row, write, write_once
from streamer.database import open_database
from streamer.history import History
from streamer.history_rows import Found, Standing
from streamer.lane import Lane
from streamer.schema import migration_config
from streamer.tables import messages, pins, reactions, tracks

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
    page = [json.loads(entry.payload) for entry in (await history.page("lobby", limit=10)).entries]
    assert [(event["seq"], event["body"]) for event in page] == [(1, "better"), (2, "second"), (6, "third")]
    assert (page[0]["edited_at"], page[1]["reply_to"]) == (3, "one")


async def test_there_is_no_such_message(history: History) -> None:
    assert await history.find("lobby", "none") is None
    assert await history.find("elsewhere", "one") is None


async def test_pages_go_both_ways(history: History) -> None:
    async def seqs(**where: Any) -> list[int]:
        return [entry.seq for entry in (await history.page("lobby", **where)).entries]

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
    page = [json.loads(entry.payload) for entry in (await history.page("lobby", limit=10)).entries]
    assert (page[0]["body"], page[0]["deleted_at"]) == ("", 7)


async def test_an_edit_of_what_was_deleted_changes_nothing(history: History, engine: AsyncEngine) -> None:
    late = Draft("lobby", "n8", ANN, "one", 8, "edited", "back again")
    await apply(engine, [Draft("lobby", "n7", ANN, "one", 7, "deleted"), late], 7)
    assert await history.find("lobby", "one") == Found(1, "one", "1", "", True)


async def test_what_is_done_to_what_was_deleted_changes_nothing(
    history: History, engine: AsyncEngine
) -> None:
    late = [
        Draft("lobby", "n7", ANN, "one", 7, "deleted", more={"of": 1}),
        Draft("lobby", "n8", BOB, "one", 8, "reacted", more={"emoji": "+1", "of": 1}),
        Draft("lobby", "n9", BOB, "one", 9, "pinned", more={"of": 1}),
    ]
    await apply(engine, late, 7)
    assert await rows(engine, reactions) == await rows(engine, pins) == []


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


async def test_an_edit_keeps_the_place_and_says_anew_what_it_refers_to(
    history: History, engine: AsyncEngine
) -> None:
    said = {"reply_to": "one", "thread": "one", "mentions": ["1"], "track": {"id": "t"}}
    reply = Draft("lobby", "n7", BOB, "four", 7, body="@ann /t/t", more=said)
    edit = Draft("lobby", "n8", BOB, "four", 8, "edited", "@bob", {"of": 7, "mentions": ["2"]})
    await apply(engine, [reply, edit], 7)
    (event,) = [json.loads(entry.payload) for entry in (await history.page("lobby", after=6)).entries]
    assert (event["reply_to"], event["thread"], event["mentions"]) == ("one", "one", ["2"])
    assert "track" not in event and "of" not in event
    await apply(engine, [Draft("lobby", "n9", BOB, "four", 9, "deleted", more={"of": 7})], 9)
    (event,) = [json.loads(entry.payload) for entry in (await history.page("lobby", after=6)).entries]
    assert "mentions" not in event
    assert (event["thread"], event["body"], event["deleted_at"]) == ("one", "", 9)
    assert [row.seq for row in await rows(engine, messages) if row.body == "@bob"] == []


async def test_threads(history: History, engine: AsyncEngine) -> None:
    more = {"reply_to": "one", "thread": "one"}
    replies = [Draft("lobby", f"m{n}", BOB, f"r{n}", 7 + n, body=f"reply {n}", more=more) for n in range(3)]
    await apply(engine, [*replies, Draft("lobby", "d", BOB, "r1", 12, "deleted", more={"of": 8})], 7)
    page = await history.page("lobby", thread="one")
    events = [json.loads(entry.payload) for entry in page.entries]
    assert [event["id"] for event in events] == ["one", "r0", "r1", "r2"]
    assert (events[0]["replies"], page.next) == (2, None)
    page = await history.page("lobby", thread="one", limit=2)
    assert ([entry.seq for entry in page.entries], page.next) == ([8, 9], 8)
    found = await history.find("lobby", "r0")
    assert found is not None and found.thread == "one"


async def test_a_page_says_where_the_next_one_begins(history: History) -> None:
    page = await history.page("lobby", limit=2)
    assert ([entry.seq for entry in page.entries], page.next) == ([2, 6], 2)
    page = await history.page("lobby", limit=2, before=page.next)
    assert ([entry.seq for entry in page.entries], page.next) == ([1], None)
    page = await history.page("lobby", limit=2, after=0)
    assert ([entry.seq for entry in page.entries], page.next) == ([1, 2], 2)
    assert (await history.page("lobby", limit=2, after=2)).next is None


async def test_pages_have_bounds(engine: AsyncEngine, history: History) -> None:
    small = History(engine, ChatLimits(page_messages=2, history_bytes=10))
    assert [entry.seq for entry in (await small.page("lobby", limit=50)).entries] == [6], "one at least"
    await small.close()
    small = History(engine, ChatLimits(page_messages=2))
    assert [entry.seq for entry in (await small.page("lobby", limit=50)).entries] == [2, 6]
    await small.close()


async def test_reactions_are_counted_and_some_people_named(history: History, engine: AsyncEngine) -> None:
    people = [Author(str(number), f"p{number}") for number in range(3, 20)]
    cheers = [
        Draft("lobby", "c", person, "one", 10 + n, "reacted", more={"emoji": "heart", "of": 1})
        for n, person in enumerate(people)
    ]
    await apply(engine, cheers, 7)

    async def shown(viewer: str | None) -> list[tuple[str, int, list[str]]]:
        page = await history.page("lobby", before=2, viewer=viewer)
        event = json.loads(page.entries[0].payload)
        assert event["pinned"] is True
        return [
            (one["emoji"], one["count"], [person["id"] for person in one["people"]])
            for one in event["reactions"]
        ]

    first = [str(number) for number in range(3, 13)]
    assert await shown(None) == [("+1", 1, ["2"]), ("heart", 17, first)]
    assert await shown("19") == [("+1", 1, ["2"]), ("heart", 17, ["19", *first[:-1]])]
    assert await history.standing("lobby", "one", "2") == Standing(
        frozenset({"+1", "heart"}), frozenset({"+1"})
    )


async def test_pins_stand_as_their_messages_do(history: History, engine: AsyncEngine) -> None:
    await apply(engine, [Draft("lobby", "p", BOB, "three", 4, "pinned", more={"of": 6})], 7)
    pins_now = [json.loads(entry.payload) for entry in await history.pins("lobby")]
    assert [(pin["id"], pin["body"]) for pin in pins_now] == [("three", "third"), ("one", "better")]
    assert sorted(await history.pinned_ids("lobby")) == ["one", "three"]
    assert await history.pins("elsewhere") == []


async def test_words_are_those_of_the_message_as_it_stands(history: History, engine: AsyncEngine) -> None:
    async def found(text: str, room: str = "lobby", **more: Any) -> list[int]:
        return [entry.seq for entry in (await history.search(room, text, **more)).entries]

    assert await found("first") == []
    assert await found("BETT") == [1]
    assert await found("better", "elsewhere") == []
    assert await found("") == await found("?") == []
    more = [Draft("lobby", f"m{n}", ANN, f"m{n}", 7 + n, body=f"AC/DC's 日本語 {n}") for n in range(3)]
    await apply(engine, more, 7)
    for text in ("acdc", "dc", "本語", "ac 日本 2"):
        assert (await found(text))[:1] == [9]
    assert await found("acdc") == [9, 8, 7]
    page = await history.search("lobby", "acdc", limit=2)
    assert page.next == 8
    assert await found("acdc", before=8) == [7]
    await apply(engine, [Draft("lobby", "d", ANN, "m1", 12, "deleted", more={"of": 8})], 10)
    assert await found("acdc") == [9, 7]
    late = [
        Draft("lobby", "e", ANN, "m1", 13, "edited", "acdc again", {"of": 8}),
        Draft("lobby", "f", ANN, "m2", 14, "edited", "else", {"of": 9}),
    ]
    await apply(engine, late, 11)
    assert await found("acdc") == [7]
    assert await found("again") == []
    assert await found("else") == [9]


async def test_who_has_spoken_under_a_name(history: History, engine: AsyncEngine) -> None:
    other = Author("9", "Bob")
    await apply(engine, [Draft("lobby", "m", other, "m", 7, body="x")], 7)
    assert await history.spoken("lobby", ["ann", "bob", "zoe"]) == {"ann": "1", "bob": "9"}
    assert await history.spoken("elsewhere", ["ann"]) == {}


async def test_what_was_stored_with_a_nonce(history: History) -> None:
    assert await history.earlier("lobby", "2", "n4", "one") == (4, "one")
    assert await history.earlier("lobby", "2", "n4", "two") is None
    assert await history.earlier("lobby", "2", "n2", None) == (2, "two")
    assert await history.earlier("lobby", "1", "n2", None) is None


async def test_how_long_a_track_is(history: History, engine: AsyncEngine) -> None:
    track = {"state": "ready", "filename": "a", "media_type": "a", "playable": True, "media_id": "t"}
    numbers = {"size_bytes": 1, "created_at": 1, "updated_at": 1}
    async with engine.begin() as connection:
        await connection.execute(insert(tracks).values(id="t", duration_ms=5, **track, **numbers))
        await connection.execute(insert(tracks).values(id="u", duration_ms=None, **track, **numbers))
    assert [await history.track_length_ms(id) for id in ("t", "u", "v")] == [5, 0, None]


async def test_an_old_log_gets_its_words(engine: AsyncEngine, url: str) -> None:
    lane = Lane(engine, "test")
    many = [Draft("lobby", f"n{n}", ANN, f"m{n}", n, body=f"number {n}") for n in range(1, 1203)]
    await lane.run(write, Group([ROOM], group(many).messages))
    await lane.close()
    async with engine.begin() as connection:
        await connection.run_sync(lambda one: command.downgrade(migration_config(one), "0015"))
    again = await open_database(url)
    history = History(again)
    assert [entry.seq for entry in (await history.search("lobby", "number 1202")).entries] == [1202]
    assert len((await history.search("lobby", "number")).entries) == 100
    assert await history.spoken("lobby", ["ann"]) == {"ann": "1"}
    await history.close()
    await again.dispose()
