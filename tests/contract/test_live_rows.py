"""Stream keys, shows and what was said in them, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.catalogue import Catalogue
from streamer.lane import Lane
from streamer.live import key_rows, show_rows
from streamer.live.keys import GUEST_KEY_MS, KeyUnknown, StreamKeys, hash_key, make_key
from streamer.live.line import KeyRefused
from streamer.live.sayings import copy_sayings
from streamer.live.show_rows import ENDED, LIVE, ShowRow
from streamer.order_rows import TooMany
from streamer.tables import comments, messages
from streamer.track import Chapter, State, TrackRecord

NOW = 1_795_000_000_000
numbers = count(1)


class Ear:
    """A broker that only carries what is told."""

    def __init__(self) -> None:
        self.hear: Any = None

    def listen(self, _topic: str, hear: Any) -> None:
        self.hear = hear

    def tell(self, _topic: str, payload: bytes) -> None:
        self.hear(payload)


@pytest.fixture
async def lane(engine: AsyncEngine) -> AsyncIterator[Lane]:
    lane = Lane(engine, "veza-live")
    yield lane
    await lane.close()


def make_keys(lane: Lane) -> StreamKeys:
    broker: Any = Ear()
    return StreamKeys(
        lane, broker, lambda: NOW, lambda: f"{next(numbers):026}", lambda size: bytes([next(numbers)]) * size
    )


async def test_a_key_is_found_by_itself_and_by_nothing_else(lane: Lane) -> None:
    keys = make_keys(lane)
    row, key = await keys.make("radio", "user-1", "ann", label="desk", priority=7)
    assert len(key) == 32 and key not in repr(row) and row.hash == hash_key(key)
    assert await keys.find(key) == row and await keys.of("radio") == [row] and await keys.of("other") == []
    for wrong in ("", key[:-1], key.upper(), "\udcff", row.hash):
        with pytest.raises(KeyRefused):
            await keys.find(wrong)


async def test_a_key_that_is_revoked_or_rotated_is_good_no_more(lane: Lane) -> None:
    keys, told = make_keys(lane), []
    keys.revoked = told.append
    row, key = await keys.make("radio", "user-1", "ann")
    assert await keys.still_good({row.id: row.hash, "other": "x"}) == {row.id}
    again = await keys.rotate("radio", row.id)
    with pytest.raises(KeyRefused):
        await keys.find(key)
    assert (await keys.find(again)).id == row.id and told == [row.id]
    assert await keys.still_good({row.id: row.hash}) == set()
    with pytest.raises(KeyUnknown):
        await keys.revoke("other", row.id)
    await keys.revoke("radio", row.id)
    assert told == [row.id, row.id] and await keys.of("radio") == []
    with pytest.raises(KeyUnknown):
        await keys.rotate("radio", row.id)


async def test_keys_expire_and_are_bounded(lane: Lane) -> None:
    keys = make_keys(lane)
    _, old = await keys.make("radio", "guest-1", "Gus", ttl_ms=-1)
    with pytest.raises(KeyRefused):
        await keys.find(old)
    row, _ = await keys.make("radio", "guest-1", "Gus", ttl_ms=GUEST_KEY_MS)
    assert row.expires_at == NOW + GUEST_KEY_MS
    with pytest.raises(TooMany, match="1 stream keys of one room, and may be 1"):
        await lane.run(key_rows.add_key, msgspec.structs.replace(row, id="x", hash="y"), 1)


def test_keys_are_drawn_from_what_is_given() -> None:
    assert make_key(lambda size: bytes(size)) == "a" * 32


def show(id: str, *, room: str = "radio", node: str = "here", seen_at: int = NOW) -> ShowRow:
    return ShowRow(id, room, LIVE, node, "Late Show", "user-1", "ann", NOW * 1000, seen_at)


async def test_one_node_has_the_show_of_a_room(lane: Lane) -> None:
    assert await lane.run(show_rows.claim, show("s1"), NOW - 10)
    assert await lane.run(show_rows.claim, show("s1"), NOW - 10), "again, after a restart"
    assert not await lane.run(show_rows.claim, show("s2", node="there"), NOW - 10)
    assert await lane.run(show_rows.claim, show("s3", room="other", node="there"), NOW - 10)
    assert await lane.run(show_rows.read_live, "here") == [show("s1")]
    assert await lane.run(show_rows.claim, show("s4"), NOW - 10), "its own former show is over"
    await lane.run(show_rows.see, ["s4"], NOW + 5)
    assert await lane.run(show_rows.read_live, "here") == [show("s4", seen_at=NOW + 5)]
    assert await lane.run(show_rows.claim, show("s5", node="there"), NOW + 6), "nobody has seen it since"
    assert not await lane.run(show_rows.claim, show("s6"), NOW, "s4"), "another one is on"
    assert await lane.run(show_rows.claim, show("s6"), NOW, "s5"), "it goes on with that one"
    assert await lane.run(show_rows.read_live, "there") == [show("s3", room="other", node="there")]
    assert await lane.run(show_rows.read_live, "there") == [show("s3", room="other", node="there")]
    assert ENDED != LIVE


async def test_what_was_said_becomes_comments_once(engine: AsyncEngine, lane: Lane) -> None:
    track = TrackRecord(
        id="t1",
        filename="radio.mp4",
        media_type="audio/mp4",
        created_at=NOW,
        updated_at=NOW,
        state=State.LIVE,
        room="radio",
    )
    track.chapters = [Chapter(0, "one"), Chapter(5000, "two")]
    catalogue = Catalogue(engine)
    await catalogue.insert(track)
    await catalogue.write_recording(track)
    rows = [
        said(1, "before", NOW - 1),
        said(2, "hello", NOW + 1000),
        said(3, "about earlier", NOW + 9000, media=NOW + 2000),
        said(4, "gone", NOW + 3000, deleted_at=NOW),
        said(5, "elsewhere", NOW + 3000, room="other"),
        said(6, "x" * 4000, NOW + 4000),
        said(7, "after", NOW + 10_001),
        said(8, "late, but about it", NOW + 12_000, media=NOW + 9999),
    ]
    async with engine.begin() as connection:
        await connection.execute(sa.insert(messages), rows)
    copied = [
        await lane.run(
            copy_sayings, "radio", "t1", NOW, NOW + 10_000, lambda us: (us - NOW * 1000) // 1000, 100
        )
        for _ in range(2)
    ]
    assert copied == [4, 0]
    async with engine.connect() as connection:
        found = (await connection.execute(sa.select(comments).order_by(comments.c.at_ms))).mappings().all()
    assert [(one["at_ms"], one["body"][:20], one["author_name"]) for one in found] == [
        (1000, "hello", "ann"),
        (2000, "about earlier", "ann"),
        (4000, "x" * 20, "ann"),
        (9999, "late, but about it", "ann"),
    ]
    assert len(found[2]["body"]) == 1000
    assert await lane.run(copy_sayings, "radio", "gone", NOW, NOW + 10_000, int, 100) == 0


def said(seq: int, body: str, at: int, *, media: int | None = None, **changes: Any) -> dict[str, Any]:
    more = None if media is None else msgspec.json.encode({"media": media}).decode()
    row = {
        "room": "radio",
        "seq": seq,
        "id": f"{seq:026}",
        "nonce": str(seq),
        "author_id": "user-1",
        "author_name": "ann",
        "body": body,
        "at": at,
        "kind": "message",
        "more": more,
        "deleted_at": None,
    }
    return row | changes


async def test_a_recording_is_kept_with_its_chapters(engine: AsyncEngine) -> None:
    catalogue = Catalogue(engine)
    track = TrackRecord(
        id="t1",
        filename="radio.mp4",
        media_type="audio/mp4",
        created_at=NOW,
        updated_at=NOW,
        state=State.LIVE,
        room="radio",
    )
    track.received_bytes = 99
    await catalogue.insert(track)
    assert await catalogue.page(limit=10, before=None) == [], "nothing of it plays"
    track.chapters, track.playable = [Chapter(0, "one"), Chapter(5000, "two")], True
    await catalogue.write_recording(track)
    found = await catalogue.get("t1")
    assert found is not None and found.chapters == track.chapters and found.room == "radio"
    assert found.state is State.LIVE and found.received_bytes == 99
    assert [one.chapters for one in await catalogue.page(limit=10, before=None)] == [track.chapters]
    assert [one.id for one in await catalogue.several(["t1"])] == ["t1"]
    assert await catalogue.recordings() == ["t1"] and await catalogue.unfinished() == []
    assert await catalogue.stored_bytes(None, []) == 99
    assert await catalogue.delete("t1") is not None
    assert await catalogue.recordings() == []
