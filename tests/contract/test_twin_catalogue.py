"""Tracks that share bytes, in both databases: who is first, who lets go last, whatever happens at once."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.catalogue import Catalogue, Forgotten, Standing
from streamer.track import State, TrackRecord
from streamer.twin import take_over
from streamer.twin_catalogue import TwinCatalogue
from tests.contract.test_database import record, rendition

HASH = "ab" * 32


@pytest.fixture
def catalogue(engine: AsyncEngine) -> Catalogue:
    return Catalogue(engine)


@pytest.fixture
def twins(engine: AsyncEngine, catalogue: Catalogue) -> TwinCatalogue:
    return TwinCatalogue(engine, catalogue)


def twin(number: int, state: State = State.PACKAGING, **known: Any) -> TrackRecord:
    return record(number, state=state, sha256=HASH, renditions={"aac128": rendition()}, **known)


async def ready(catalogue: Catalogue, number: int, *unlike: TrackRecord) -> TrackRecord:
    track = twin(number, State.READY, playable=True, duration_ms=4000, title="T")
    await catalogue.insert(track)
    assert await catalogue.finish(track, {other.id for other in unlike}) is None
    return track


async def test_the_oldest_that_is_ready_is_shared(catalogue: Catalogue, twins: TwinCatalogue) -> None:
    mine = twin(5)
    for track in (mine, twin(1, State.FAILED), twin(2), record(3, state=State.READY)):
        await catalogue.insert(track)
    assert await twins.find(mine, ()) is None
    first = await ready(catalogue, 6)
    second = await ready(catalogue, 7, first)
    found = await twins.find(mine, ())
    assert found is not None and (found.id, found.renditions) == (first.id, first.renditions)
    found = await twins.find(mine, {first.id})
    assert found is not None and found.id == second.id
    assert await twins.find(record(8), ()) is None, "no hash is like no other"


async def test_who_shares_is_ready_in_the_same_moment(catalogue: Catalogue, twins: TwinCatalogue) -> None:
    first, mine = await ready(catalogue, 1), twin(2, ref="mine")
    await catalogue.insert(mine)
    taken = take_over(mine, first, 99)
    assert await twins.share(taken, first.id)
    found = await catalogue.get(mine.id)
    assert found is not None
    found.size_bytes = taken.size_bytes
    found.packaged_ticks = taken.packaged_ticks
    assert found == taken
    assert await catalogue.leftovers() == [mine.id]
    assert (await catalogue.standings())[mine.id] == Standing(State.READY, first.id, ["aac128"])
    assert await catalogue.delete(first.id) == Forgotten(first.id, shared=True)
    assert await catalogue.delete(mine.id) == Forgotten(first.id, shared=False)
    assert sorted(await catalogue.leftovers()) == [first.id, mine.id]
    await catalogue.removed(first.id)
    assert await catalogue.leftovers() == [mine.id]


async def test_what_is_gone_is_not_shared(catalogue: Catalogue, twins: TwinCatalogue) -> None:
    first, mine = await ready(catalogue, 1), twin(2)
    taken = take_over(mine, first, 99)
    assert not await twins.share(taken, first.id), "the track itself was deleted"
    await catalogue.insert(mine)
    first.state = State.FAILED
    await catalogue.update(first)
    assert not await twins.share(taken, first.id)
    await catalogue.delete(first.id)
    assert not await twins.share(taken, first.id)
    assert await catalogue.leftovers() == [first.id]


async def test_of_two_that_finish_at_once_one_is_first(catalogue: Catalogue) -> None:
    tracks = [twin(number) for number in range(6)]
    for track in tracks:
        await catalogue.insert(track)
        track.state = State.READY
    ended = await asyncio.gather(*(catalogue.finish(track) for track in tracks))
    first = [track.id for track, other in zip(tracks, ended, strict=True) if other is None]
    assert len(first) == 1
    assert [other for other in ended if other is not None] == first * 5
    standings = await catalogue.standings()
    assert [track_id for track_id in standings if standings[track_id].state is State.READY] == first
    assert await catalogue.finish(tracks[3], unlike=first) is None, "one that was packaged otherwise"


async def test_deleted_while_it_is_taken_over(catalogue: Catalogue, twins: TwinCatalogue) -> None:
    for round_number in range(10):
        first, mine = await ready(catalogue, 100 + round_number), twin(200 + round_number)
        await catalogue.insert(mine)
        shared, gone = await asyncio.gather(
            twins.share(take_over(mine, first, 99), first.id), catalogue.delete(first.id)
        )
        assert gone == Forgotten(first.id, shared=shared), "whoever came second knows of the other"
        await catalogue.delete(mine.id)


async def test_received_at_once_they_know_of_each_other(catalogue: Catalogue, twins: TwinCatalogue) -> None:
    tracks = [twin(number) for number in range(4)]
    for track in tracks:
        await catalogue.insert(record(int(track.id)))
    await asyncio.gather(*(twins.received(track) for track in tracks))
    known = [track.duplicate_of for track in tracks]
    assert known.count(None) == 1
    stored = [await catalogue.get(track.id) for track in tracks]
    assert [track.duplicate_of for track in stored if track is not None] == known


async def test_work_does_not_bring_a_deleted_original_back(
    catalogue: Catalogue, twins: TwinCatalogue
) -> None:
    first, mine = await ready(catalogue, 1), twin(2)
    await catalogue.insert(mine)
    await twins.received(mine)
    assert mine.duplicate_of == first.id
    await catalogue.delete(first.id)
    await catalogue.update(mine)  # by work that has not heard of it yet
    found = await catalogue.get(mine.id)
    assert found is not None and found.duplicate_of is None
