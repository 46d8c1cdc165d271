"""Timed comments, on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from itertools import count
from typing import Any, cast

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from chat.acts import Measure
from chat.limits import ChatLimits
from chat.order import EVERYWHERE, Sanction
from chat.roles import Role
from streamer import order_rows
from streamer.auth import Identity
from streamer.catalogue import Catalogue
from streamer.comment import Comment, Commenter, NewComment
from streamer.comments import Comments, Speaker
from streamer.lane import Lane
from streamer.library import Library
from streamer.margin import Margin
from streamer.order_rows import Deed
from streamer.orders import Orders
from streamer.problems import CommentRefused
from streamer.track import TrackRecord

TRACK, OTHER = f"{1:026}", f"{2:026}"
MANY = 100


def comment(number: int, at_ms: int = 0, *, track: str = TRACK, author: str | None = "u1") -> Comment:
    return Comment(
        f"{number:026}", track, at_ms, "ünï 🎵\n\ttab", Commenter(author, "ann"), 1_795_227_189_778
    )


async def margin_of(engine: AsyncEngine) -> Margin:
    for track in (TRACK, OTHER):
        record = TrackRecord(id=track, filename="a", media_type="audio/flac", created_at=1, updated_at=1)
        await Catalogue(engine).insert(record)
    return Margin(engine)


async def test_a_comment_goes_in_and_comes_out(engine: AsyncEngine) -> None:
    margin = await margin_of(engine)
    ann, nobody = comment(1, (1 << 53) - 1), comment(2, author=None)
    for one in (ann, nobody):
        assert await margin.insert(one, MANY)
        assert await margin.get(TRACK, one.id) == one
    assert await margin.get(OTHER, ann.id) is None
    assert await margin.delete(ann.id)
    assert not await margin.delete(ann.id)
    assert await margin.page(TRACK, limit=MANY, after=None) == [nobody]


async def test_pages_go_along_the_track(engine: AsyncEngine) -> None:
    margin = await margin_of(engine)
    ordered = [comment(5, 10), comment(1, 20), comment(2, 20), comment(3, 20), comment(4, 1 << 40)]
    for one in ordered[::-1]:
        await margin.insert(one, MANY)
    await margin.insert(comment(9, 15, track=OTHER), MANY)
    assert await margin.page(TRACK, limit=MANY, after=None) == ordered
    assert await margin.page(TRACK, limit=2, after=None) == ordered[:2]
    for place, one in enumerate(ordered):
        after = (one.at_ms, one.id)
        assert await margin.page(TRACK, limit=MANY, after=after) == ordered[place + 1 :]


async def test_a_track_takes_its_comments_along(engine: AsyncEngine) -> None:
    margin = await margin_of(engine)
    await margin.insert(comment(1), MANY)
    await margin.insert(comment(2, track=OTHER), MANY)
    assert await Catalogue(engine).delete(TRACK)
    assert await margin.get(TRACK, comment(1).id) is None
    assert await margin.get(OTHER, comment(2).id) is not None
    assert not await margin.insert(comment(3), MANY), "nothing to comment on any more"


async def test_no_more_fit_than_may_also_at_once(engine: AsyncEngine) -> None:
    margin = await margin_of(engine)
    took = await asyncio.gather(*(margin.insert(comment(number), 5) for number in range(20)))
    assert sorted(took) == [False] * 15 + [True] * 5
    assert len(await margin.page(TRACK, limit=MANY, after=None)) == 5
    assert await margin.insert(comment(30, track=OTHER), 5)


ADDRESS = ip_address("8.8.8.8")
GUS = Speaker(Identity("guest-1", "gus", guest=True), ADDRESS)
NAMELESS = Speaker(None, ADDRESS)
ANN = Speaker(Identity("user-ann", "ann"), ADDRESS)
OPS = Speaker(Identity("user-ops", "ops", operator=True), ADDRESS)
ids = count(1000)


@dataclass
class OneTrack:
    """A library with one track in it."""

    record: TrackRecord

    async def get(self, track_id: str) -> TrackRecord:
        assert track_id == self.record.id
        return self.record


class Lectern:
    """Comments on one track, and what whoever watches it was told."""

    def __init__(self, engine: AsyncEngine, orders: Orders, room: str | None) -> None:
        self.orders = orders
        self.told: list[str] = []
        record = TrackRecord(
            id=TRACK, filename="a", media_type="audio/flac", created_at=1, updated_at=1, room=room
        )
        self.margin = Margin(engine)
        self.comments = Comments(
            cast("Library", OneTrack(record)),
            self.margin,
            orders,
            ChatLimits(comments_burst=100, comments_per_address_burst=100),
            lambda track, frame: self.told.append(track),
            lambda: 1000,
            lambda: 1.0,
            lambda: f"{next(ids):026}",
        )

    async def say(self, speaker: Speaker, body: str = "hi") -> bool:
        """Whether it was kept. Raises CommentRefused."""
        said = await self.comments.add(TRACK, NewComment(0, body), speaker)
        assert said.body == body
        kept = await self.margin.get(TRACK, said.id) == said
        assert len(self.told) == kept, "what is kept is shown"
        self.told.clear()
        return kept

    async def refusal(self, speaker: Speaker, body: str = "hi") -> str:
        with pytest.raises(CommentRefused) as refused:
            await self.say(speaker, body)
        return str(refused.value)

    async def take(
        self,
        measure: Measure,
        where: str,
        author: str | None,
        network: str | None = None,
        until: int = 61_000,
    ) -> None:
        parsed = None if network is None else ip_network(network)
        id = f"{next(ids):026}"
        found = Sanction(id, where, measure, author, "Gus", parsed, until, "spam", "user-1", "moe", 1)
        await self.orders.run(order_rows.take, deed(where), found, 10)
        await self.orders.reload(where)


def deed(room: str, **more: Any) -> Deed:
    return Deed(f"{next(ids):026}", room, "test", "user-1", "moe", 1, **more)


@asynccontextmanager
async def lectern(engine: AsyncEngine, room: str | None = None) -> AsyncIterator[Lectern]:
    orders = Orders(Lane(engine, "veza-order"), 3)
    try:
        yield Lectern(engine, orders, room)
    finally:
        await orders.close()


async def test_who_is_banned_everywhere_comments_nowhere(engine: AsyncEngine) -> None:
    await margin_of(engine)
    async with lectern(engine) as there:
        assert await there.say(GUS) and await there.say(NAMELESS)
        await there.take(Measure.BAN, EVERYWHERE, "guest-1", "8.8.8.8/32")
        assert await there.refusal(GUS) == "you are banned for another 60 s: spam"
        assert await there.refusal(NAMELESS), "nor without the token"
        assert await there.say(ANN), "who has an account is known by it"
        assert await there.say(OPS)
        await there.take(Measure.MUTE, EVERYWHERE, "user-ann")
        assert "muted" in await there.refusal(ANN)
        await there.take(Measure.BAN, EVERYWHERE, "guest-1", "8.8.8.8/32", until=999)
        assert await there.say(GUS), "it is over"


async def test_the_order_of_a_room_holds_for_its_recordings_alone(engine: AsyncEngine) -> None:
    await margin_of(engine)
    async with lectern(engine, "radio") as there, lectern(engine, "garden") as elsewhere:
        await there.take(Measure.BAN, "radio", "guest-1")
        await there.orders.run(order_rows.change_filter, deed("radio"), "heck", True, 10)
        await there.orders.run(order_rows.appoint, deed("radio", subject_id="user-moe"), Role.MODERATOR, 10)
        await there.orders.reload("radio")
        assert "banned in radio" in await there.refusal(GUS)
        assert "heck" in await there.refusal(ANN, "what the heck")
        assert await there.say(ANN)
        assert await there.say(Speaker(Identity("user-moe", "moe"), ADDRESS), "heck is not to be said")
        assert await elsewhere.say(GUS, "what the heck")
    async with lectern(engine, "radio") as later:
        assert "banned" in await later.refusal(GUS), "an order that nobody has read yet"


async def test_a_shadow_comments_to_itself(engine: AsyncEngine) -> None:
    await margin_of(engine)
    async with lectern(engine, "radio") as there:
        await there.take(Measure.SHADOW, "radio", "user-ann")
        assert not await there.say(ANN)
        assert await there.say(GUS)
