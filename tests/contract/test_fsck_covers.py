"""`veza fsck` and covers, on SQLite and on PostgreSQL."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from streamer import fsck_covers
from streamer.catalogue import Catalogue
from streamer.cover import SIZES, file_name
from streamer.finding import Finding, Kind, Remedy
from streamer.holdings import Holdings
from streamer.tables import tracks
from streamer.track import TrackRecord

GOOD, LOST, EMPTY, STRANGER = (f"{number:026}" for number in range(1, 5))


async def look(engine: AsyncEngine, holdings: Holdings) -> list[Finding]:
    async with engine.connect() as connection:
        return await fsck_covers.look(connection, holdings)


async def test_covers_that_are_lost_or_nobodys_are_mended(engine: AsyncEngine, tmp_path: Path) -> None:
    holdings, catalogue = Holdings(tmp_path, fsck_covers.COVERS), Catalogue(engine)
    for track_id in (GOOD, LOST, EMPTY):
        record = TrackRecord(id=track_id, filename="a", media_type="audio/flac", created_at=1, updated_at=1)
        await catalogue.insert(record)
    hashes = {GOOD: ("aa", "bb"), LOST: (None, "cc"), EMPTY: ("dd", "")}
    async with engine.begin() as connection:
        for track_id, (own, chosen) in hashes.items():
            values = {"file_cover": own, "user_cover": chosen or None}
            await connection.execute(tracks.update().where(tracks.c.id == track_id).values(values))
    for track_id, hash in ((GOOD, "aa"), (GOOD, "bb"), (GOOD, "old"), (EMPTY, "dd"), (STRANGER, "ee")):
        for size in SIZES:
            path = tmp_path / "covers" / track_id / file_name(hash, size)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"" if (track_id, size) == (EMPTY, 256) else b"jpeg")
    found = await look(engine, holdings)
    assert sorted((one.kind, one.remedy, one.folder or "", one.file or "") for one in found) == [
        (Kind.COVERS_LOST, Remedy.FORGET_COVER, f"covers/{LOST}", "cc-64.jpg"),
        (Kind.COVERS_LOST, Remedy.FORGET_COVER, f"covers/{EMPTY}", "dd-256.jpg"),
        *sorted(
            (Kind.COVERS_UNKNOWN, Remedy.REMOVE, f"covers/{GOOD}", file_name("old", size)) for size in SIZES
        ),
        (Kind.COVERS_UNKNOWN, Remedy.SET_ASIDE, f"covers/{STRANGER}", ""),
    ]
    for finding in found:
        await fsck_covers.mend(engine, holdings, finding)
    # What is left of a cover that is forgotten is the second run's.
    for finding in await look(engine, holdings):
        assert (finding.remedy, finding.folder) == (Remedy.REMOVE, f"covers/{EMPTY}")
        await fsck_covers.mend(engine, holdings, finding)
    assert await look(engine, holdings) == []
    assert len(list((tmp_path / "covers" / GOOD).iterdir())) == 2 * len(SIZES)
    assert len(list((tmp_path / "lost+found" / STRANGER).iterdir())) == len(SIZES)
    record_of_good = await catalogue.get(GOOD)
    assert record_of_good is not None
    assert (record_of_good.file_cover, record_of_good.user_cover) == ("aa", "bb")
