"""Covers as `veza fsck` goes over them: what rows ask for, and what lies in `covers/`."""

import asyncio

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from streamer import derived
from streamer.cover import SIZES, file_name
from streamer.finding import Finding, Kind, Remedy
from streamer.holdings import Holdings
from streamer.tables import tracks

COVERS = "covers"
_COLUMNS = ("file_cover", "user_cover")


async def look(connection: AsyncConnection, holdings: Holdings) -> list[Finding]:
    """What rows and files disagree on. `holdings`: of `covers/`."""
    query = sa.select(tracks.c.id, *(tracks.c[name] for name in _COLUMNS))
    rows = {row["id"]: dict(row) for row in (await connection.execute(query)).mappings()}
    files = await asyncio.to_thread(holdings.list)
    found = []
    for track_id, row in rows.items():
        found += _lost(track_id, row, files.get(track_id, {}))
        found += _strange(track_id, row, files.get(track_id, {}))
    found += [_unknown(name) for name in sorted(files.keys() - rows.keys())]
    return found


async def mend(engine: AsyncEngine, holdings: Holdings, finding: Finding) -> None:
    """Apply the remedy of a finding of `look`."""
    name = (finding.folder or "").removeprefix(f"{COVERS}/")
    if finding.remedy is Remedy.SET_ASIDE:
        await asyncio.to_thread(holdings.set_aside, name, finding.file)
    elif finding.remedy is Remedy.REMOVE:
        await asyncio.to_thread(holdings.remove, name, finding.file)
    else:
        hash = (finding.file or "").partition("-")[0]
        async with engine.begin() as connection:
            for column in _COLUMNS:
                lost = sa.and_(tracks.c.id == finding.track, tracks.c[column] == hash)
                await connection.execute(sa.update(tracks).where(lost).values({column: None}))
            await derived.follow(connection, finding.track or "")


def _lost(track_id: str, row: dict[str, str | None], files: dict[str, int]) -> list[Finding]:
    found = []
    for hash in sorted({row[column] or "" for column in _COLUMNS} - {""}):
        lost = next((name for size in SIZES if not files.get(name := file_name(hash, size))), None)
        if lost is not None:
            found.append(
                Finding(
                    kind=Kind.COVERS_LOST,
                    remedy=Remedy.FORGET_COVER,
                    track=track_id,
                    folder=f"{COVERS}/{track_id}",
                    file=lost,
                    detail=f"{lost} is {'empty' if lost in files else 'missing'}",
                )
            )
    return found


def _unknown(track_id: str) -> Finding:
    return Finding(
        kind=Kind.COVERS_UNKNOWN,
        remedy=Remedy.SET_ASIDE,
        folder=f"{COVERS}/{track_id}",
        detail="covers of a track that the database does not know",
    )


def _strange(track_id: str, row: dict[str, str | None], files: dict[str, int]) -> list[Finding]:
    """A change of a cover that was interrupted leaves the old ones or the new ones."""
    hashes = {row[column] for column in _COLUMNS}
    return [
        Finding(
            kind=Kind.COVERS_UNKNOWN,
            remedy=Remedy.REMOVE,
            track=track_id,
            folder=f"{COVERS}/{track_id}",
            file=name,
            detail=f"{name} is of a cover that the track does not have",
        )
        for name in sorted(files)
        if name.partition("-")[0] not in hashes
    ]
