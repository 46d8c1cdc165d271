"""`veza fsck`: brings the facts together, has them judged, and has what can be mended mended.

With the data folder to itself (the server's lock says so) it looks at everything and may mend. Beside a
running server it only looks, at tracks that nobody works on, and twice: what is found both times was not just
something that the server was about to do.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from hls.model import Rendition
from streamer import fsck_covers, fsck_database, fsck_store, inspection
from streamer.finding import Finding, Kind, Remedy
from streamer.fsck_repair import Repair
from streamer.holdings import Holdings
from streamer.store import Store
from streamer.store_ledger import held_files
from streamer.survey import Facts, Row, judge
from streamer.tables import leftovers, renditions, tracks, uploads
from streamer.track import State

_SECOND_LOOK_S = 1.0
_WORKED_ON = (State.RECEIVING, State.PACKAGING, State.LIVE)


class Looked(msgspec.Struct):
    """How much was looked at."""

    tracks: int = 0
    files: int = 0
    size_bytes: int = 0


class Fsck:
    """One run over a data folder and its database."""

    def __init__(
        self,
        engine: AsyncEngine,
        data: Path,
        *,
        deep: bool,
        running: bool,
        tell: Callable[[str], None],
        store: Store | None = None,
    ) -> None:
        """
        Args:
            running: a server has the folder.
            tell: told what is looked at, now and then.
            store: where finished recordings lie; None for the data folder itself.
        """
        self._store = store
        self._engine = engine
        self._holdings = Holdings(data)
        self._covers = Holdings(data, fsck_covers.COVERS)
        self._deep = deep
        self._running = running
        self._tell = tell
        self._hashes: dict[str, str] = {}
        self.looked = Looked()

    async def look(self) -> list[Finding]:
        """Everything that disk and database disagree on."""
        found = await self._look_once()
        if not self._running or not found:
            return found
        await asyncio.sleep(_SECOND_LOOK_S)
        keys = {finding.key for finding in await self._look_once()}
        return [finding for finding in found if finding.key in keys]

    async def mend(self, found: list[Finding]) -> None:
        """Mend what can be mended, and say so in the findings. Interrupted: run it again."""
        assert not self._running
        repair = Repair(self._engine, self._holdings, self._hashes)
        for finding in found:
            if finding.remedy is not Remedy.NONE:
                self._tell(f"mending {finding.folder or finding.track or finding.kind}")
                if (finding.folder or "").startswith(f"{fsck_covers.COVERS}/"):
                    await fsck_covers.mend(self._engine, self._covers, finding)
                else:
                    await repair.mend(finding)
                finding.mended = True

    async def _look_once(self) -> list[Finding]:
        self._tell("the database")
        async with self._engine.connect() as connection:
            found = await fsck_database.damage(connection, thorough=self._deep and not self._running)
            if found:
                return found
            rows = await _rows(connection)
            held = await held_files(connection)
            noted = frozenset((await connection.execute(sa.select(leftovers.c.media_id))).scalars())
            found = await fsck_database.look(connection, running=self._running)
            found += await fsck_covers.look(connection, self._covers)
        self._tell("the folders")
        files = await asyncio.to_thread(self._holdings.list)
        if self._running:
            busy = {row.media_id for row in rows if row.state in _WORKED_ON}
            rows = [row for row in rows if row.state not in _WORKED_ON]
            # What came since the rows were read, or is about to go, is no disagreement.
            files = {name: named for name, named in files.items() if name not in busy | noted}
        self._count(rows, files)
        self._tell("the store")
        found += await fsck_store.look(self._store, held)
        # What lies there is no business of the folders'. What is still here of it is about to go.
        files = {name: named for name, named in files.items() if name not in held}
        faults = await self._faults(rows, files)
        facts = Facts(rows, files, faults, noted, frozenset(held))
        return found + judge(facts) + self._hashes_unknown(rows)

    def _count(self, rows: list[Row], files: dict[str, dict[str, int]]) -> None:
        sizes = [size for named in files.values() for size in named.values()]
        self.looked = Looked(len(rows), len(sizes), sum(sizes))

    async def _faults(self, rows: list[Row], files: dict[str, dict[str, int]]) -> dict[tuple[str, str], str]:
        """What is wrong inside files, with one of the tracks that share a folder asked for its tables."""
        faults: dict[tuple[str, str], str] = {}
        firsts = {row.media_id: row for row in reversed(rows) if row.renditions}
        for number, (media_id, row) in enumerate(firsts.items()):
            if self._deep or number % 100 == 0:
                self._tell(f"track {number + 1} of {len(firsts)}")
            for file, size in files.get(media_id, {}).items():
                try:
                    fault = await self._fault(row, media_id, file, size)
                except FileNotFoundError:
                    continue  # deleted meanwhile, beside a running server
                except OSError as error:
                    fault = f"it can't be read: {error.strerror or error}"
                if fault is not None:
                    faults[media_id, file] = fault
        return faults

    async def _fault(self, row: Row, media_id: str, file: str, size: int) -> str | None:
        path, name = self._holdings.path(media_id, file), file.removesuffix(".mp4")
        if file == "peaks":
            return inspection.peaks_fault(await asyncio.to_thread(path.read_bytes))
        if name != file and (end := row.renditions.get(name)) is not None and size >= end:
            return await self._rendition_fault(row.id, path, name, size, end)
        if file == "source" and self._deep and size == row.size_bytes:
            self._hashes[media_id], fault = await asyncio.to_thread(inspection.source_fault, path, row.sha256)
            return fault
        return None

    async def _rendition_fault(self, track_id: str, path: Path, name: str, size: int, end: int) -> str | None:
        if not self._deep:
            if size == end:
                return None
            return await asyncio.to_thread(_tail_fault, path, size, end)
        async with self._engine.connect() as connection:
            rendition = await fsck_database.rendition(connection, track_id, name)
        return await asyncio.to_thread(_whole_fault, path, size, rendition) if rendition else None

    def _hashes_unknown(self, rows: list[Row]) -> list[Finding]:
        return [
            Finding(
                kind=Kind.HASH_UNKNOWN,
                remedy=Remedy.FILL_IN,
                track=row.id,
                folder=row.media_id,
                detail=f"the SHA-256 of its source is {self._hashes[row.media_id]}",
            )
            for row in rows
            if row.sha256 is None and row.state is State.READY and row.media_id in self._hashes
        ]


def _tail_fault(path: Path, size: int, end: int) -> str | None:
    with inspection.reading(path) as read:
        return inspection.tail_fault(read, size, end)


def _whole_fault(path: Path, size: int, rendition: Rendition) -> str | None:
    with inspection.reading(path) as read:
        return inspection.rendition_fault(read, size, rendition)


async def _rows(connection: AsyncConnection) -> list[Row]:
    tables: dict[str, dict[str, int | None]] = {}
    columns = [renditions.c[name] for name in ("track_id", "name", "init_size_bytes", "segments")]
    result = await connection.stream(sa.select(*columns))
    async for track_id, name, init_size_bytes, segments in result:
        end = fsck_database.end_of(init_size_bytes, segments)
        tables.setdefault(track_id, {})[name] = end
    resumable = set((await connection.execute(sa.select(uploads.c.track_id))).scalars())
    found = await connection.execute(sa.select(tracks).order_by(tracks.c.id))
    return [
        Row(
            id=row["id"],
            state=State(row["state"]),
            media_id=row["media_id"],
            size_bytes=0 if row["room"] else row["size_bytes"],  # a show never had a source
            has_cover=row["cover_type"] is not None,
            renditions=tables.get(row["id"], {}),
            resumable=row["id"] in resumable,
            duplicate_of=row["duplicate_of"],
            sha256=row["sha256"],
        )
        for row in found.mappings()
    ]
