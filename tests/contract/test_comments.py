"""Timed comments, on SQLite and on PostgreSQL."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.catalogue import Catalogue
from streamer.comment import Comment, Commenter
from streamer.margin import Margin
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
